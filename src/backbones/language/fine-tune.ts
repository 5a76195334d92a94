import { z } from 'zod'
import { files } from '#files'
import {
  dialogueText,
  LanguageError,
  type LanguageTraining,
  type PackedRow,
  packRows,
  shuffledRows,
  type TrainingText,
  trainLanguage,
} from '../../generative/language/index.js'
import { key, placeholder } from '../../graph/index.js'
import { DataError, numberedJsonLines, type TableSource } from '../../media/tables.js'
import { type CheckpointOptions, fromCheckpoint, type Parameters, parametersOf, storedName, withAdapter } from '../../nn/index.js'
import { openTextTokenizer, type TextTokenizer } from '../../tokenizers/index.js'
import { adamW, type TrainingEvent } from '../../training/index.js'
import { type Checkpoint, exists, openCheckpoint, writeSafetensors } from '../../weights/index.js'
import { configText } from '../config-text.js'
import { type CausalFamily, causalFamily } from './causal-family.js'
import { type Adapter, mergedMatrices, writeAdapter } from './low-rank.js'
import { spellingOf } from './open-language-model.js'

export interface FineTuning {
  /** A folder in the layout of the transformers library; without weights, if the training is to start from chance. */
  readonly model: string
  /** JSON Lines of `{"text": "…"}` or of `{"messages": [{"role": "user", "content": "…"}, …]}`. */
  readonly data: TableSource
  /** The folder that the new model is written to: weights, configuration and tokenizer, ready to be opened. The run is kept there too. */
  readonly output: string
  /** Trains low-rank matrices of this rank beside the frozen weights (Hu et al. 2021); without it all weights are trained. */
  readonly rank?: number
  /**
   * A folder for the adapter by itself. Not that of the model: the transformers library, which finds an adapter beside merged weights, adds
   * it a second time.
   */
  readonly adapterOutput?: string
  /** Starts from chance instead of the model's weights: pre-training. */
  readonly fresh?: boolean
  readonly steps?: number
  /** Rows of a step. */
  readonly batch?: number
  /** Tokens of a row; at most the model's context. */
  readonly width?: number
  readonly learningRate?: number
  readonly seed?: number
  readonly signal?: AbortSignal
}

export type FineTuningEvent =
  | { readonly kind: 'data'; readonly texts: number; readonly tokens: number; readonly learnt: number; readonly rows: number }
  | Exclude<TrainingEvent, { kind: 'done' }>
  | { readonly kind: 'done'; readonly files: readonly string[] }

/** What stands beside the weights and belongs to the new model as well. */
const companions = [
  ...['config.json', 'generation_config.json', 'tokenizer.json', 'tokenizer_config.json', 'special_tokens_map.json'],
  ...['vocab.json', 'merges.txt', 'chat_template.jinja'],
] as const

const epochs = 3
const runFile = 'run.safetensors'
/** Matrices of words are large and gain little. */
const adapted = (name: string): boolean => !/embed|wte|wpe|lm_head/.test(name)

/**
 * Trains a published decoder on texts or dialogues: every token of a text, the answers of a dialogue. The run goes on where it stopped.
 *
 *     for await (const event of fineTune({ model: 'SmolLM2-135M', data: 'dialogues.jsonl', output: 'mine', rank: 8 })) …
 *
 * @throws DataError for data that are neither, LanguageError for a model that does not fit them
 */
export async function* fineTune(options: FineTuning): AsyncGenerator<FineTuningEvent, void, undefined> {
  const { model, output, adapterOutput, rank, fresh = false, batch = 4, seed = 0, signal } = options
  if (rank !== undefined && fresh)
    throw new LanguageError('InvalidOption', 'Cannot train an adapter from chance: expected weights that it stands beside')
  const config = files.within(model, 'config.json')
  const family = causalFamily(await configText(config), config)
  const tokenizer = await openTextTokenizer(model)
  const width = widthOf(options, family)
  const texts = await textsOf(options.data, tokenizer, family.endTokens)
  const rows = packRows(texts, width)
  const learnt = rows.flat().reduce((sum, part) => sum + learntIn(part), 0)
  yield { kind: 'data', texts: texts.length, tokens: texts.reduce((sum, { tokens }) => sum + tokens.length, 0), learnt, rows: rows.length }

  const shared = {
    rows: shuffledRows(rows, batch, key(seed).child('rows')),
    ...{ width, batch, seed, steps: options.steps ?? Math.max(1, Math.ceil((epochs * rows.length) / batch)) },
    checkpoint: files.within(output, runFile),
    ...(signal && { signal }),
  }
  const plan = fresh ? fromChance(family, options) : await fromWeights(family, options)
  for await (const event of trainLanguage({ ...shared, ...plan.training })) {
    if (event.kind !== 'done') {
      yield event
      continue
    }
    const { weights, adapter } = await plan.result(event.average ?? event.parameters)
    const path = files.within(output, 'model.safetensors')
    await writeSafetensors(path, Object.entries(weights), { dtype: plan.dtype, metadata: { format: 'pt' } })
    const written = [path, ...(await copyCompanions(model, output))]
    if (adapter && adapterOutput !== undefined) written.push(...(await writeAdapter(adapterOutput, adapter)))
    yield { kind: 'done', files: written }
  }
}

/** How a kind of training begins, and what comes of the parameters that it ends with. */
interface Plan {
  readonly training: Pick<LanguageTraining, 'name' | 'network' | 'learningRate' | 'initial' | 'optimiser' | 'average'>
  readonly result: (trained: Parameters) => Promise<{ readonly weights: Parameters; readonly adapter?: Adapter }>
  readonly dtype: 'float16' | 'float32'
}

const fromChance = ({ network }: CausalFamily, { learningRate = 2e-3 }: FineTuning): Plan => ({
  training: { name: 'pre-training', network, learningRate, average: 0.998 },
  result: async (weights) => ({ weights }),
  dtype: 'float16',
})

async function fromWeights(family: CausalFamily, { model, rank, learningRate }: FineTuning): Promise<Plan> {
  const file = await openCheckpoint(model)
  const spelling = spellingOf(family, file)
  const start = await valuesOf(family, file, spelling)
  const dtype = file.names.some((name) => file.info(name).dtype !== 'float32') ? 'float16' : 'float32'
  if (rank === undefined) {
    const optimiser = adamW({ beta2: 0.95, weightDecay: 0.01 })
    const training = { name: 'fine-tuning', network: family.network, initial: start, learningRate: learningRate ?? 2e-5, optimiser }
    return { training, result: async (weights) => ({ weights }), dtype }
  }
  const alpha = 2 * rank
  return {
    training: {
      name: `adapter of rank ${rank}`,
      network: (scope, tokens, given) =>
        family.network(withAdapter(fromCheckpoint(file, spelling), scope, { rank, alpha, targets: adapted }), tokens, given),
      learningRate: learningRate ?? 2e-4,
      optimiser: adamW({ beta2: 0.99, weightDecay: 0 }),
    },
    result: async (matrices) => {
      const adapter: Adapter = { matrices, rank, alpha, base: model, family }
      return { weights: { ...start, ...(await mergedMatrices(adapter, start)) }, adapter }
    },
    dtype,
  }
}

function widthOf({ width }: FineTuning, { size }: CausalFamily): number {
  if (width !== undefined && width > size.context)
    throw new LanguageError('ContextTooLong', `Cannot train on rows of ${width} tokens: the model's context has ${size.context}`)
  return width ?? Math.min(size.context, 512)
}

const learntIn = ({ text, from, length }: PackedRow[number]): number =>
  text.learnt ? text.learnt.slice(from + 1, from + length).filter(Boolean).length : length - 1

const entry = z.union([
  z.object({ text: z.string() }),
  z.object({ messages: z.array(z.looseObject({ role: z.string(), content: z.unknown().optional() })).min(1) }),
])

async function textsOf(source: TableSource, tokenizer: TextTokenizer, ends: readonly number[]): Promise<TrainingText[]> {
  const texts: TrainingText[] = []
  const [end] = ends
  for await (const { line, value } of await numberedJsonLines(source)) {
    const { data, error } = entry.safeParse(value)
    if (error)
      throw new DataError(
        String(source instanceof Blob || source instanceof Uint8Array ? 'the data' : source),
        line,
        'expected {"text": "…"} or {"messages": [{"role": "…", "content": "…"}, …]}',
      )
    if ('messages' in data) texts.push(dialogueText(data.messages, tokenizer))
    else {
      const tokens = tokenizer.encode(data.text)
      texts.push({ tokens: end === undefined || tokens.at(-1) === end ? tokens : [...tokens, end] })
    }
  }
  return texts
}

/** All parameters of the network, in float32. */
async function valuesOf(family: CausalFamily, file: Checkpoint, spelling: CheckpointOptions): Promise<Parameters> {
  const names = parametersOf((scope) => family.network(scope, placeholder([1, 1], 'int32'))).keys()
  const read = async (name: string) => [name, (await file.read(storedName(name, spelling))).cast('float32')] as const
  return Object.fromEntries(await Promise.all([...names].map(read)))
}

async function copyCompanions(from: string, to: string): Promise<string[]> {
  const copied: { location: string; chunks: Uint8Array[] }[] = []
  for (const name of companions) {
    const path = files.within(from, name)
    if (!(await exists(path))) continue
    const file = await files.open(path)
    copied.push({ location: files.within(to, name), chunks: [await file.read(0, file.size)] })
  }
  await files.write(copied)
  return copied.map(({ location }) => location)
}
