import type { z } from 'zod'
import { InputError } from './errors.js'

/**
 * One seed for each result: those given, or counted up from the one given, or drawn. A system without a field `seed` draws nothing,
 * so its one result has seed 0.
 *
 * @throws InputError if `count` and the number of seeds differ
 */
export function seedsOf(system: string, schema: z.ZodObject, input: unknown): readonly [number, ...number[]] {
  const { seed, count } = input as { readonly seed?: number | readonly number[]; readonly count?: number }
  if (!('seed' in schema.shape)) return [0]
  if (typeof seed === 'object') {
    if (count !== undefined && count !== seed.length)
      throw new InputError(system, [
        { field: 'count', expected: `${seed.length}, as many as there are seeds`, found: `${count}`, hint: 'Leave one of the two out' },
      ])
    return seed as [number, ...number[]]
  }
  const first = seed ?? drawn()
  return Array.from({ length: count ?? 1 }, (_, i) => (first + i) % Number.MAX_SAFE_INTEGER) as [number, ...number[]]
}

/** From 0 to 2^32 − 1: short enough to be typed again. */
const drawn = (): number => (crypto.getRandomValues(new Uint32Array(1)) as Uint32Array)[0] as number
