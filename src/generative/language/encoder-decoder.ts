import {
  array,
  type Concrete,
  compile,
  type KeyValueCache,
  type NDArray,
  type Resident,
  sharedRuntime,
  stateful,
  type Tensor,
} from '../../graph/index.js'
import { type Caches, cacheRows, capacityFor, copyRows, emptyCaches } from './cache-rows.js'
import type { CausalOptions, CausalOutput } from './causal.js'
import { checkRows, type Decoder, type DecoderOptions, type DecoderSize, repeated, withoutRepeats } from './decoder.js'
import { LanguageError } from './language-error.js'
import { type Row, reuseOf } from './reuse.js'

export interface SecondOptions extends CausalOptions {
  /** How many tokens of each source count, int32 [batch]; what stands behind them is padding. */
  readonly sourceCounts?: Tensor | undefined
}

/** A network that reads a source as a whole, and answers token by token. */
export interface EncoderDecoderNetwork {
  /** What the decoder's layers read of sources [batch, tokens], of which so many count: a pair [batch, heads, tokens, width] per layer. */
  read(tokens: Tensor, counts: Tensor): readonly KeyValueCache[]
  answer(tokens: Tensor, source: readonly KeyValueCache[], options: SecondOptions): CausalOutput
}

export interface EncoderDecoderSize extends DecoderSize {
  /** The token between a source and its answer. */
  readonly startToken: number
}

/** A source that has been read. */
interface Known {
  readonly tokens: Row
  /** [1, heads, tokens, width] */
  readonly caches: Caches
}

/**
 * An encoder and a decoder as one `Decoder`, so that sampling, beams and streams serve both: a row is the source, the start token, and what has been
 * answered so far. A source is read once; the decoder's own caches live as those of `causalDecoder` do.
 */
export function encoderDecoder(
  network: EncoderDecoderNetwork,
  { startToken, ...size }: EncoderDecoderSize,
  { runtime, label = 'the decoder' }: DecoderOptions = {},
): Decoder {
  const { vocabulary, context } = size
  const on = { ...(runtime && { runtime }) }
  const reading = compile((tokens: Tensor, counts: Tensor) => network.read(tokens, counts), {
    label: `${label}, its encoder`,
    ...on,
    dynamic: [['batch', 'source'], ['batch']],
  })
  const program = stateful(
    (
      caches: readonly KeyValueCache[],
      source: readonly KeyValueCache[],
      tokens: Tensor,
      { lengths, counts, sourceCounts }: Readonly<Record<'lengths' | 'counts' | 'sourceCounts', Tensor>>,
    ) => {
      const { logits, caches: next } = network.answer(tokens, source, { past: { caches, lengths }, counts, sourceCounts })
      return [next, logits] as const
    },
    emptyCaches(size, 1, capacityFor(1, context)),
    {
      label,
      ...on,
      dynamic: [
        { each: ['batch', null, 'capacity', null] },
        { each: ['batch', null, 'source', null] },
        ['batch', 'tokens'],
        { each: ['batch'] },
      ],
    },
  )
  const arrange = cacheRows(program, size)
  /** What the decoder's own caches hold. */
  let held: readonly Row[] = []
  /** The sources of the last call. */
  let known: ReadonlyMap<string, Known> = new Map()
  /** Which source each row of `placed` is of, and their caches where the runtime keeps them. */
  let order = ''
  let placed: readonly { readonly key: Resident; readonly value: Resident }[] = []
  let queue: Promise<unknown> = Promise.resolve()
  const vector = (values: readonly number[]): NDArray => array(values, { dtype: 'int32' })

  /** Puts rows below one another, padded behind. */
  const padded = (rows: readonly Row[]): NDArray => {
    const width = Math.max(...rows.map((row) => row.length))
    const tokens = new Int32Array(rows.length * width)
    for (const [r, row] of rows.entries()) tokens.set(row, r * width)
    return array(tokens, { dtype: 'int32', shape: [rows.length, width] })
  }

  async function read(sources: ReadonlyMap<string, Row>): Promise<void> {
    const fresh = [...sources].filter(([name]) => !known.has(name))
    const next = new Map([...known].filter(([name]) => sources.has(name)))
    if (fresh.length > 0) {
      const rows = fresh.map(([, row]) => row)
      const caches = (await reading(padded(rows), vector(rows.map((row) => row.length)))) as Caches
      for (const [r, [name, tokens]] of fresh.entries()) {
        const own = emptyCaches(size, 1, tokens.length)
        for (const [layer, { key, value }] of own.entries()) {
          const from = caches[layer] as Caches[number]
          copyRows(from.key, key, [r], [tokens.length])
          copyRows(from.value, value, [r], [tokens.length])
        }
        next.set(name, { tokens, caches: own })
      }
    }
    known = next
  }

  function forget(): void {
    for (const { key, value } of placed) for (const resident of [key, value]) resident.dispose()
    placed = []
    order = ''
  }

  /** Gives every row what the decoder reads of its source. */
  async function place(names: readonly string[]): Promise<void> {
    if (names.join('|') === order) return
    forget()
    const sources = names.map((name) => known.get(name) as Known)
    const whole = emptyCaches(size, names.length, Math.max(...sources.map(({ tokens }) => tokens.length)))
    for (const [layer, { key, value }] of whole.entries())
      for (const [row, { tokens, caches }] of sources.entries()) {
        const from = caches[layer] as Caches[number]
        const to = names.map((_, r) => (r === row ? 0 : -1))
        const counts = names.map(() => tokens.length)
        copyRows(from.key, key, to, counts)
        copyRows(from.value, value, to, counts)
      }
    const engine = await (runtime ?? sharedRuntime())
    placed = await Promise.all(whole.map(async ({ key, value }) => ({ key: await engine.upload(key), value: await engine.upload(value) })))
    order = names.join('|')
  }

  async function decode(rows: readonly Row[], starts: readonly number[], signal: AbortSignal | undefined): Promise<NDArray> {
    signal?.throwIfAborted()
    const names = rows.map((row, r) => row.slice(0, starts[r]).join())
    await read(new Map(rows.map((row, r) => [names[r] as string, row.slice(0, starts[r])])))
    await place(names)
    signal?.throwIfAborted()
    const shared = reuseOf(held, rows)
    const lengths = rows.map((row, r) => row.length - (starts[r] as number))
    let kept = shared.kept.map((count, r) => Math.max(0, count - (starts[r] as number)))
    let sources = shared.sources.map((source, r) => (kept[r] === 0 ? -1 : source))
    // As in `causalDecoder`: several tokens behind filled caches for one row only.
    if (rows.length > 1 && !rows.every((_, r) => (lengths[r] as number) - (kept[r] as number) === 1)) {
      sources = rows.map(() => -1)
      kept = rows.map(() => 0)
    }
    await arrange(sources, kept, Math.max(...lengths))
    held = [] // until the run has ended, nobody knows what the caches hold
    const fresh = rows.map((row, r) => row.slice((starts[r] as number) + (kept[r] as number)))
    const logits = await program.run(placed as unknown as Concrete<readonly KeyValueCache[]>, padded(fresh), {
      lengths: vector(kept),
      counts: vector(fresh.map((row) => row.length)),
      sourceCounts: vector(starts),
    })
    held = rows.map((row) => row.slice())
    return logits
  }

  return {
    vocabulary,
    context,
    next(rows, { signal } = {}) {
      const task = async (): Promise<NDArray> => {
        checkRows(rows, { vocabulary, context })
        const { unique, place: where } = withoutRepeats(rows)
        const starts = unique.map((row, r) => startOf(row, startToken, r))
        const logits = await decode(unique, starts, signal)
        return unique.length === rows.length ? logits : repeated(logits, where)
      }
      const turn = queue.then(task, task)
      queue = turn.catch(() => undefined)
      return turn
    },
    heard: (row) => Math.max(0, row.indexOf(startToken)),
    async dispose() {
      await queue
      forget()
      await reading.dispose()
      await program.dispose()
    },
  }
}

/** Where a row's answer begins. */
function startOf(row: Row, startToken: number, index: number): number {
  const at = row.indexOf(startToken)
  if (at > 0) return at
  throw new LanguageError(
    'InvalidTokens',
    `Cannot answer row ${index}: expected a source, the token ${startToken} and an answer, found ${at === 0 ? 'no source' : `no token ${startToken}`}`,
    `Put ${startToken} behind the source, which must not hold it itself`,
  )
}
