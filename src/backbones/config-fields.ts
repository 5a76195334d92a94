import { z } from 'zod'
import type { Activation } from './activation.js'

/*
 * Fields of the configurations of the transformers library. A key that is left out has the library's default; keys that decide nothing here are
 * not looked at. Files may be foreign, so every number has a bound.
 */
export const size = z
  .int()
  .min(1)
  .max(2 ** 24)
export const count = z.int().min(0).max(512)
export const share = z.number().gt(0).lt(1)

const spellings = {
  gelu: 'gelu',
  gelu_new: 'gelu-tanh',
  gelu_pytorch_tanh: 'gelu-tanh',
  gelu_fast: 'gelu-tanh',
  relu: 'relu',
  silu: 'silu',
  swish: 'silu',
} as const satisfies Record<string, Activation>
type Spelling = keyof typeof spellings

export const activation = z.enum(Object.keys(spellings) as [Spelling, ...Spelling[]]).transform((name): Activation => spellings[name])

/** A switch that is built in one position only. */
export const only = <Value extends boolean>(value: Value) => z.literal(value, { error: `only ${value} is built` }).default(value as never)

/** The tokens that end a text: one, several or none. */
export const endTokens = z
  .union([z.int().min(0), z.array(z.int().min(0)).max(64)])
  .nullish()
  .transform((ids) => (ids === null || ids === undefined ? [] : typeof ids === 'number' ? [ids] : ids))
