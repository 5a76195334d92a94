/**
 * Logarithm, sine and cosine from additions, multiplications and divisions alone. ECMAScript leaves the last bits of Math.log
 * and Math.sin to each engine; IEEE 754 leaves no choice here, so every browser and every server draws the same numbers.
 */

const double = new Float64Array(1)
const halves = new Int32Array(double.buffer) // little-endian, as is every machine that runs JavaScript today

/** 2 artanh(s), which is ln((1 + s) / (1 - s)), for the |s| < 0.172 that √2 leaves over; error below 1e-12. */
function logarithm(s: number): number {
  const z = s * s
  return 2 * s * (1 + z * (1 / 3 + z * (1 / 5 + z * (1 / 7 + z * (1 / 9 + z * (1 / 11 + z * (1 / 13)))))))
}

/** Natural logarithm of a positive, normal number. */
export function ln(x: number): number {
  double[0] = x
  const exponent = (halves[1] as number) >> 20 // x = 2^(exponent − 1023) · m with m in [1, 2)
  halves[1] = ((halves[1] as number) & 0xfffff) | 0x3ff00000
  const m = double[0] as number
  return (exponent - 1022.5) * Math.LN2 + logarithm((m - Math.SQRT2) / (m + Math.SQRT2))
}

const scales = Float64Array.from({ length: 33 }, (_, zeros) => 2 ** (zeros - 31))

/** Natural logarithm of (word + ½) / 2^32: a random number strictly between 0 and 1, kept in registers for speed. */
export function lnOfWord(word: number): number {
  const zeros = Math.clz32(word)
  const m = (word + 0.5) * (scales[zeros] as number) // in [1, 2)
  return -(zeros + 0.5) * Math.LN2 + logarithm((m - Math.SQRT2) / (m + Math.SQRT2))
}

/** Taylor's series on [−π/4, π/4]; error below 1e-11. */
export function sine(x: number): number {
  const z = x * x
  return x * (1 + z * (-1 / 6 + z * (1 / 120 + z * (-1 / 5040 + z * (1 / 362880 - z / 39916800)))))
}

/** Taylor's series on [−π/4, π/4]; error below 1e-12. */
export function cosine(x: number): number {
  const z = x * x
  return 1 + z * (-1 / 2 + z * (1 / 24 + z * (-1 / 720 + z * (1 / 40320 + z * (-1 / 3628800 + z / 479001600)))))
}
