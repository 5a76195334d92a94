import { openLanguageModel, samplingFor } from '../../../backbones/language/index.js'
import type { Generator, GeneratorEvent } from '../../../contract/index.js'
import { chatWith, generateText, type TextOptions } from '../../../generative/language/index.js'
import type { Runtime } from '../../../graph/index.js'
import type { ChatInput } from './input.js'

type Model = Awaited<ReturnType<typeof openLanguageModel>>

/** Opens a language model, and answers with it. */
export async function answering(location: string, runtime: Runtime): Promise<Generator<ChatInput, string>> {
  const model = await openLanguageModel(location, { runtime })
  async function* generate(
    input: ChatInput,
    { signal, seeds }: Parameters<Generator<ChatInput, string>>[1],
  ): AsyncGenerator<GeneratorEvent<string>> {
    const total = input.maxTokens * seeds.length
    const results = []
    for (const [index, seed] of seeds.entries()) {
      let value = ''
      let [pieces, tokens, ending] = [0, 0, 'end']
      for await (const event of answer(model, input, { seed, signal })) {
        if (event.kind === 'text') {
          value += event.text
          pieces = Math.min(pieces + 1, input.maxTokens - 1)
          yield { kind: 'preview', index, value }
          yield { kind: 'progress', stage: 'answer', done: index * input.maxTokens + pieces, total }
        }
        if (event.kind === 'result') [tokens, ending] = [event.tokens, event.ending]
      }
      yield { kind: 'progress', stage: 'answer', done: (index + 1) * input.maxTokens, total }
      results.push({ value, facts: { tokens, ending } })
    }
    const [first, ...rest] = results
    if (first) yield { kind: 'result', results: [first, ...rest] }
  }
  return Object.assign(generate, { dispose: () => model.dispose() })
}

function answer(
  model: Model,
  { prompt, instructions, template, ...input }: ChatInput,
  { seed, signal }: Pick<TextOptions, 'seed' | 'signal'>,
) {
  const { maxTokens, stop, temperature, topK, topP, minP, repetitionPenalty } = input
  const sampling = samplingFor(model, { temperature, topK, topP, minP, repetitionPenalty })
  const options: TextOptions = { ...sampling, maxTokens, stop, seed, signal }
  // An encoder-decoder answers without being asked in a dialogue.
  const plain = !template || (model.decoder.heard !== undefined && !model.tokenizer.chat)
  if (plain) return generateText(model, [instructions === '' ? prompt : `${instructions}\n${prompt}`], options)
  const told = instructions === '' ? [] : [{ role: 'system', content: instructions }]
  return chatWith(model).stream([...told, { role: 'user', content: prompt }], options)
}
