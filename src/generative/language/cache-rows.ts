import { type Concrete, type KeyValueCache, type NDArray, zeros } from '../../graph/index.js'

/** A pair per layer, [batch, heads, capacity, width]. */
export type Caches = { readonly key: NDArray; readonly value: NDArray }[]

/** What all caches of a decoder have in common. */
export interface CacheKind {
  readonly layers: number
  readonly keyValueHeads: number
  readonly headWidth: number
  readonly context: number
}

/** A program whose state are caches. */
interface CacheHolder {
  read(): Promise<Concrete<readonly KeyValueCache[]>>
  write(caches: Concrete<readonly KeyValueCache[]>): Promise<void>
}

export const emptyCaches = ({ layers, keyValueHeads, headWidth }: Omit<CacheKind, 'context'>, batch: number, capacity: number): Caches =>
  Array.from({ length: layers }, () => {
    const shape = [batch, keyValueHeads, capacity, headWidth]
    return { key: zeros(shape), value: zeros(shape) }
  })

/**
 * Keeps a program's caches in step with the rows that are asked for: gives each new row the caches of the row `sources[row]` that it goes on from
 * (−1 for none), of which it keeps so many tokens, and all of them room for `longest`.
 */
export function cacheRows(
  program: CacheHolder,
  kind: CacheKind,
): (sources: readonly number[], kept: readonly number[], longest: number) => Promise<void> {
  const { context } = kind
  let [batch, capacity] = [1, capacityFor(1, context)]
  return async (sources, kept, longest) => {
    const inPlace = sources.length === batch && sources.every((source, row) => source === row || kept[row] === 0)
    const nothing = kept.every((count) => count === 0)
    const fits = longest <= capacity && !(nothing && capacityFor(longest, context) < capacity / 2)
    if (inPlace && fits) return
    const wanted = longest <= capacity && !nothing ? capacity : capacityFor(longest, context)
    const next = emptyCaches(kind, sources.length, wanted)
    if (!nothing) {
      const before = await program.read()
      for (const [layer, { key, value }] of next.entries()) {
        const from = before[layer] as Caches[number]
        copyRows(from.key, key, sources, kept)
        copyRows(from.value, value, sources, kept)
      }
    }
    await program.write(next)
    ;[batch, capacity] = [sources.length, wanted]
  }
}

/** Room for a text: multiples of 256 tokens that grow by a quarter, and never more than the context. */
export function capacityFor(tokens: number, context: number): number {
  let capacity = 256
  while (capacity < tokens) capacity = Math.ceil((capacity * 1.25) / 256) * 256
  return Math.min(capacity, context)
}

/** Copies the filled part of rows of a cache [batch, heads, capacity, width] into another of other batch and capacity. */
export function copyRows(from: NDArray, to: NDArray, sources: readonly number[], kept: readonly number[]): void {
  const [, heads, oldCapacity, width] = from.shape as [number, number, number, number]
  const capacity = to.shape[2] as number
  const [source, target] = [from.data as Float32Array, to.data as Float32Array]
  for (const [row, origin] of sources.entries())
    for (let head = 0; origin >= 0 && head < heads; head++) {
      const start = (origin * heads + head) * oldCapacity * width
      target.set(source.subarray(start, start + (kept[row] as number) * width), (row * heads + head) * capacity * width)
    }
}
