import { type OpenedLanguageModel, openLanguageModel } from '../../../backbones/language/index.js'
import { surpriseMeter } from '../../../backbones/language/surprise.js'
import type { EvaluationContext, EvaluatorEvent, Figure } from '../../../contract/index.js'
import { type DocumentKind, documentShares, textWorld, type WorldDocument } from '../../../diorama/language/text-world.js'
import { completeText } from '../../../generative/language/index.js'
import { documentText } from './base.js'

/** Documents of each split that are foreseen, and questions of each kind that are answered, where nobody asks for fewer. */
const counts = { documents: 600, answers: 200 } as const
/** Not that of the training. */
const seed = 4_000_001
const splits = ['train', 'held-out'] as const

/**
 * What a decoder knows of the text world, on documents that no training has seen: how well it foresees them, those of taught combinations
 * and words (`seen`) and those that training never shows (`heldOut`), and how often its likeliest answer is the right one.
 */
export async function* evaluateLanguage({
  checkpoint,
  runtime,
  signal,
  limit = Number.POSITIVE_INFINITY,
}: Pick<EvaluationContext<unknown, unknown>, 'checkpoint' | 'runtime' | 'signal' | 'limit'>): AsyncGenerator<EvaluatorEvent, void> {
  const figures: Figure[] = []
  const kinds = Object.keys(documentShares) as DocumentKind[]
  const perSplit = 1 + kinds.length
  let done = 0
  const progress = (stage: string, total: number): EvaluatorEvent => ({ kind: 'progress', stage, done: ++done, total })
  const documents = new Map(splits.map((split) => [split, documentsOf(split, Math.min(counts.documents, limit))] as const))
  {
    await using meter = await surpriseMeter(checkpoint.location, { runtime, signal })
    for (const [split, all] of documents) {
      const name = split === 'train' ? 'seen' : 'heldOut'
      const { perToken, bitsPerByte } = await meter.of(all.map(documentText))
      figures.push({ name: `${name}.perplexity`, value: Math.exp(perToken), better: 'lower' })
      figures.push({ name: `${name}.bitsPerByte`, value: bitsPerByte, better: 'lower' })
      yield progress('texts', splits.length * perSplit)
      for (const kind of kinds) {
        const own = all.filter((document) => document.kind === kind)
        if (own.length > 0) {
          const { bitsPerByte } = await meter.of(own.map(documentText))
          figures.push({ name: `${name}.bitsPerByte: ${kind}`, value: bitsPerByte, better: 'lower' })
        }
        yield progress('texts', splits.length * perSplit)
      }
    }
  }
  const model = await openLanguageModel(checkpoint.location, { runtime })
  try {
    done = 0
    const asked = [...documents].flatMap(([split, all]) =>
      questionsIn(all, Math.min(counts.answers, limit)).map((each) => ({ split, ...each })),
    )
    const right = new Map<string, boolean[]>()
    for (const { split, kind, prompt, answer } of asked) {
      const name = `${split === 'train' ? 'seen' : 'heldOut'}.right: ${kind}`
      right.set(name, [...(right.get(name) ?? []), await answers(model, prompt, answer, signal)])
      yield progress('answers', asked.length)
    }
    for (const [name, each] of right) figures.push({ name, value: each.filter(Boolean).length / each.length })
  } finally {
    await model.dispose()
  }
  yield { kind: 'report', figures }
}

const documentsOf = (split: (typeof splits)[number], count: number): WorldDocument[] => {
  const world = textWorld({ seed, split })
  return Array.from({ length: count }, (_, i) => world(i))
}

interface Asked {
  readonly kind: DocumentKind
  /** The document up to the answer. */
  readonly prompt: string
  readonly answer: string
}

/** The last answer of each document that has one, `most` of each kind. */
function questionsIn(documents: readonly WorldDocument[], most: number): Asked[] {
  const before: Partial<Record<DocumentKind, RegExp>> = {
    questions: /\nAnswer: (.*)$/,
    dialogue: /\nAssistant: (.*)$/,
    requests: /\nAssistant: (\d+|const .*)$/, // of stories there are many right ones
    sums: /(?: = |\? )(\S+)$/,
    code: / \/\/ (\S+)$/,
  }
  const left = new Map<DocumentKind, number>()
  return documents.flatMap((document) => {
    const { kind, text } = document
    const answer = before[kind]?.exec(text)?.[1]
    const taken = left.get(kind) ?? 0
    if (answer === undefined || taken >= most) return []
    left.set(kind, taken + 1)
    // The space before the answer belongs to its first token.
    return [{ kind, prompt: documentText({ kind, text: text.slice(0, text.length - answer.length - 1) }), answer }]
  })
}

async function answers(model: OpenedLanguageModel, prompt: string, answer: string, signal: AbortSignal): Promise<boolean> {
  const text = await completeText(model, prompt, { temperature: 0, maxTokens: 32, stop: '\n', truncate: 'start', signal })
  return text.trim() === answer
}
