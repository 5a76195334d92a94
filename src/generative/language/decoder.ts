import { array, type KeyValueCache, type NDArray, type Runtime, stateful, type Tensor, zeros } from '../../graph/index.js'
import { cacheRows, capacityFor, emptyCaches } from './cache-rows.js'
import type { CausalNetwork } from './causal.js'
import { LanguageError } from './language-error.js'
import { type Row, reuseOf } from './reuse.js'

/** What generation asks of a model: given texts as tokens, what may come next. */
export interface Decoder {
  /** How many tokens there are. */
  readonly vocabulary: number
  /** The most tokens of a text. */
  readonly context: number
  /**
   * Unnormalised log-probabilities of the token after each row: float32 [rows, vocabulary]. Rows need not be equally long. What rows share
   * with those of the last call is not computed again; calls take turns.
   *
   * @throws LanguageError for a row without tokens, with an unknown one, or longer than the context
   */
  next(rows: readonly Row[], options?: { readonly signal?: AbortSignal | undefined }): Promise<NDArray>
  /** How many of a row's first tokens are what it answers to and no text of its own, which penalties do not look at; none if left out. */
  heard?(row: Row): number
  dispose(): Promise<void>
}

/** What a decoder's caches are made of. */
export interface DecoderSize {
  readonly vocabulary: number
  readonly context: number
  readonly layers: number
  /** Heads of keys and values. */
  readonly keyValueHeads: number
  readonly headWidth: number
}

export interface DecoderOptions {
  /** Where to run; the process-wide runtime when left out. */
  readonly runtime?: Runtime | Promise<Runtime>
  /** Said in errors. */
  readonly label?: string
  /**
   * A long text is read in pieces of this many tokens, so that it can be abandoned between them, and so that their activations stay near the
   * processor. Default 256: measured on two cores with 4-bit weights, 512 tokens take 7 % longer in one piece.
   */
  readonly piece?: number
}

/**
 * A decoder with key/value caches. One program serves prompts and single tokens, any batch and any capacity. The
 * caches stay with the runtime and are written in place; they grow by a quarter when they are full, because attention's time
 * goes by their capacity.
 */
export function causalDecoder(
  network: CausalNetwork,
  { vocabulary, context, layers, keyValueHeads, headWidth }: DecoderSize,
  { runtime, label = 'the decoder', piece = 256 }: DecoderOptions = {},
): Decoder {
  /** What the caches hold: the tokens that went through the network, row by row. */
  let held: readonly Row[] = []
  let queue: Promise<unknown> = Promise.resolve()

  const kind = { layers, keyValueHeads, headWidth, context }
  const program = stateful(
    (caches: readonly KeyValueCache[], tokens: Tensor, lengths: Tensor, counts: Tensor) => {
      const { logits, caches: next } = network(tokens, { past: { caches, lengths }, counts })
      return [next, logits] as const
    },
    emptyCaches(kind, 1, capacityFor(1, context)),
    {
      label,
      ...(runtime && { runtime }),
      dynamic: [{ each: ['batch', null, 'capacity', null] }, ['batch', 'tokens'], ['batch'], ['batch']],
    },
  )
  const arrange = cacheRows(program, kind)

  /** Puts tokens behind what the caches hold; rows that are shorter than the longest are padded behind. */
  async function feed(rows: readonly Row[], from: readonly number[], to: readonly number[]): Promise<NDArray> {
    const counts = rows.map((_, r) => (to[r] as number) - (from[r] as number))
    const width = Math.max(...counts)
    const tokens = new Int32Array(rows.length * width)
    for (const [r, row] of rows.entries()) tokens.set(row.slice(from[r], to[r]), r * width)
    const vector = (values: readonly number[]) => array(values, { dtype: 'int32' })
    return program.run(array(tokens, { dtype: 'int32', shape: [rows.length, width] }), vector(from), vector(counts))
  }

  async function decode(rows: readonly Row[], signal: AbortSignal | undefined): Promise<NDArray> {
    signal?.throwIfAborted()
    let { sources, kept } = reuseOf(held, rows)
    const [first] = rows as [Row]
    const lengths = rows.map((row) => row.length)
    // The kernel takes several tokens behind filled caches for one row only; rows of a batch that are not all one token ahead start anew.
    if (rows.length > 1 && !rows.every((row, r) => row.length - (kept[r] as number) === 1)) {
      sources = rows.map(() => -1)
      kept = rows.map(() => 0)
    }
    await arrange(sources, kept, Math.max(...lengths))
    held = [] // until the run has ended, nobody knows what the caches hold
    let from = kept
    if (rows.length === 1)
      while (first.length - (from[0] as number) > piece) {
        const to = [(from[0] as number) + piece]
        await feed(rows, from, to)
        from = to
        held = [first.slice(0, to[0])]
        signal?.throwIfAborted()
      }
    const logits = await feed(rows, from, lengths)
    held = rows.map((row) => row.slice())
    return logits
  }

  return {
    vocabulary,
    context,
    next(rows, { signal } = {}) {
      const task = async (): Promise<NDArray> => {
        checkRows(rows, { vocabulary, context })
        const { unique, place } = withoutRepeats(rows)
        const logits = await decode(unique, signal)
        return unique.length === rows.length ? logits : repeated(logits, place)
      }
      const turn = queue.then(task, task)
      queue = turn.catch(() => undefined)
      return turn
    },
    dispose: () => program.dispose(),
  }
}

export function checkRows(rows: readonly Row[], { vocabulary, context }: Pick<DecoderSize, 'vocabulary' | 'context'>): void {
  if (rows.length === 0) throw new LanguageError('InvalidTokens', 'Cannot continue texts: expected at least one row of tokens, found none')
  for (const [r, row] of rows.entries()) {
    if (row.length === 0)
      throw new LanguageError(
        'InvalidTokens',
        `Cannot continue row ${r}: expected at least one token, found none`,
        'Begin a text with the token that the model begins texts with',
      )
    if (row.length > context)
      throw new LanguageError(
        'ContextTooLong',
        `Cannot continue row ${r}: it has ${row.length} tokens, the model reads ${context} at most`,
        "Shorten it, or choose what to cut: { truncate: 'start' } or { truncate: 'end' }",
      )
    const wrong = row.find((token) => !(Number.isInteger(token) && token >= 0 && token < vocabulary))
    if (wrong !== undefined)
      throw new LanguageError('InvalidTokens', `Cannot continue row ${r}: expected tokens from 0 to ${vocabulary - 1}, found ${wrong}`)
  }
}

/** Equal rows once, and where each row went: several samples of one prompt begin as one row. */
export function withoutRepeats(rows: readonly Row[]): { readonly unique: readonly Row[]; readonly place: readonly number[] } {
  if (rows.length === 1) return { unique: rows, place: [0] }
  const known = new Map<string, number>()
  const unique: Row[] = []
  const place = rows.map((row) => {
    const name = row.join()
    const at = known.get(name) ?? unique.push(row) - 1
    known.set(name, at)
    return at
  })
  return { unique, place }
}

export function repeated(logits: NDArray, place: readonly number[]): NDArray {
  const width = logits.shape[1] as number
  const out = zeros([place.length, width])
  const data = logits.data as Float32Array
  for (const [row, from] of place.entries()) out.data.set(data.subarray(from * width, (from + 1) * width), row * width)
  return out
}
