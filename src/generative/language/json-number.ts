import type { NumberRange } from './json-schema.js'

/** Doubles tell apart about so many digits; without an end, a model may write them for ever. */
const mostDigits = 16

/** Whether a text is a number of the range, or, if it is not finished, may become one. Numbers have no exponents. */
export function numberState(text: string, whole: boolean, range: NumberRange): { readonly open: boolean; readonly complete: boolean } {
  const parts = /^(-?)(0|[1-9]\d*)?(\.\d*)?$/.exec(text)
  if (!parts) return { open: false, complete: false }
  const [, sign, digits = '', fraction] = parts
  if ((fraction !== undefined && (whole || digits === '')) || digits.length > mostDigits || (fraction?.length ?? 0) > mostDigits + 1)
    return { open: false, complete: false }
  const mirrored = sign === '-' ? mirror(range) : range
  const size = Number(digits + (fraction ?? ''))
  return {
    open: sizes(digits, fraction).some(([from, to]) => meets(from, to, whole, mirrored)),
    complete: digits !== '' && fraction !== '.' && within(size, mirrored),
  }
}

/** What sizes begin with these digits: each from a number, which is one of them, up to another, which is not. */
function sizes(digits: string, fraction: string | undefined): readonly (readonly [from: number, to: number])[] {
  if (digits === '') return [[0, Number.POSITIVE_INFINITY]]
  const size = Number(digits + (fraction ?? ''))
  if (fraction !== undefined) return [[size, size + 10 ** (1 - fraction.length)]]
  const more = size === 0 ? 0 : mostDigits - digits.length
  return Array.from({ length: more + 1 }, (_, i) => [size * 10 ** i, (size + 1) * 10 ** i])
}

const within = (value: number, { least, most, aboveLeast, belowMost }: NumberRange): boolean =>
  (aboveLeast ? value > least : value >= least) && (belowMost ? value < most : value <= most)

function meets(from: number, to: number, whole: boolean, range: NumberRange): boolean {
  if (within(from, range)) return true
  if (range.least < from) return false // then `from` is already above the range
  const first = whole ? (range.aboveLeast ? Math.floor(range.least) + 1 : Math.ceil(range.least)) : range.least
  if (whole) return first < to && within(first, range)
  return first < to && (within(first, range) || first < range.most)
}

const mirror = ({ least, most, aboveLeast, belowMost }: NumberRange): NumberRange => ({
  least: -most,
  most: -least,
  aboveLeast: belowMost,
  belowMost: aboveLeast,
})
