import { files } from '#files'
import { nextTokenLoss, type PackedBatch, packedBatch, packRows } from '../../generative/language/index.js'
import { compile, type Runtime, type Tensor } from '../../graph/index.js'
import { fromCheckpoint } from '../../nn/index.js'
import { openTextTokenizer } from '../../tokenizers/index.js'
import { openCheckpoint } from '../../weights/index.js'
import { configText } from '../config-text.js'
import { causalFamily } from './causal-family.js'
import { holdsGguf, spellingOf } from './open-language-model.js'
import { openGgufNetwork } from './packed-decoder.js'

export interface Surprise {
  /** Nats per token after the first of its text. Its exponential is the perplexity. */
  readonly perToken: number
  /** Bits per byte of UTF-8, which models with other tokenizers can be compared by. */
  readonly bitsPerByte: number
  readonly tokens: number
}

export interface SurpriseOptions {
  readonly runtime?: Runtime
  readonly signal?: AbortSignal
}

export interface SurpriseMeter extends AsyncDisposable {
  /** How surprised the model is by texts and by their ends. */
  of(texts: readonly string[]): Promise<Surprise>
}

/** Rows of a run, and the most tokens of a row. */
const [rowsPerRun, widest] = [8, 512]

/** Measures how well a decoder foresees texts: one in the layout of the transformers library, or of a GGUF file. */
export async function surpriseMeter(model: string | URL, { runtime, signal }: SurpriseOptions = {}): Promise<SurpriseMeter> {
  const { family, tokenizer, scope } = await ((await holdsGguf(model)) ? openGgufNetwork(model) : openNetwork(model))
  const loss = compile((batch: PackedBatch<Tensor>) => nextTokenLoss(scope, batch, family.network), { ...(runtime && { runtime }) })
  const width = Math.min(family.size.context, widest)
  const [end] = family.endTokens
  return {
    async of(texts) {
      const rows = packRows(
        texts.map((text) => {
          const tokens = tokenizer.encode(text)
          return { tokens: end === undefined ? tokens : [...tokens, end] }
        }),
        width,
      )
      let [nats, tokens] = [0, 0]
      for (let first = 0; first < rows.length; first += rowsPerRun) {
        signal?.throwIfAborted()
        const part = rows.slice(first, first + rowsPerRun)
        const batch = packedBatch([...part, ...Array.from({ length: rowsPerRun - part.length }, () => [])], width)
        const own = part.flat().reduce((sum, { length }) => sum + length - 1, 0)
        nats += (await loss(batch)).item() * own
        tokens += own
      }
      const bytes = texts.reduce((sum, text) => sum + new TextEncoder().encode(text).length, 0)
      return { perToken: nats / tokens, bitsPerByte: nats / Math.LN2 / bytes, tokens }
    },
    [Symbol.asyncDispose]: () => loss.dispose(),
  }
}

async function openNetwork(folder: string | URL) {
  const location = files.within(folder, 'config.json')
  const family = causalFamily(await configText(location), location)
  const [tokenizer, file] = await Promise.all([openTextTokenizer(folder), openCheckpoint(folder)])
  return { family, tokenizer, scope: fromCheckpoint(file, spellingOf(family, file)) }
}
