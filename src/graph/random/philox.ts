/**
 * Philox4x32-10, a random number generator without state: a keyed bijection turns a 128-bit counter into four random words,
 * so any element of any stream can be computed on its own. Salmon, Moraes, Dror and Shaw, "Parallel random numbers: as easy
 * as 1, 2, 3" (SC 2011), section 3.3. torch's and TensorFlow's GPU noise comes from the same generator.
 */

// The paper's multipliers and Weyl steps (the golden ratio and √3 − 1).
const M0 = 0xd2511f53
const M1 = 0xcd9e8d57
const WEYL_0 = 0x9e3779b9
const WEYL_1 = 0xbb67ae85

/** The upper half of the 64-bit product of `word` and a constant, given as two 16-bit halves. Math.imul has the lower half. */
function upper(word: number, high: number, low: number): number {
  const middle = Math.imul(word >>> 16, low) + (Math.imul(word & 0xffff, low) >>> 16)
  return Math.imul(word >>> 16, high) + (middle >>> 16) + ((Math.imul(word & 0xffff, high) + (middle & 0xffff)) >>> 16)
}

/**
 * Fills the first `count` words of `out`, four for each of the counters (x, y, z, w), (x + 1, y, z, w), … under the key
 * (low, high). The words of key and counter may be signed or unsigned; x wraps at 2^32.
 */
export function philox(out: Uint32Array, count: number, low: number, high: number, x: number, y: number, z: number, w: number): void {
  for (let i = 0; i < count; i += 4, x++) {
    let c0 = x | 0
    let c1 = y | 0
    let c2 = z | 0
    let c3 = w | 0
    let k0 = low | 0
    let k1 = high | 0
    for (let round = 0; round < 10; round++) {
      const a = upper(c0, M0 >>> 16, M0 & 0xffff) ^ c3 ^ k1
      const b = upper(c2, M1 >>> 16, M1 & 0xffff) ^ c1 ^ k0
      c3 = Math.imul(c0, M0)
      c1 = Math.imul(c2, M1)
      c0 = b
      c2 = a
      k0 = (k0 + WEYL_0) | 0
      k1 = (k1 + WEYL_1) | 0
    }
    out[i] = c0
    out[i + 1] = c1
    out[i + 2] = c2
    out[i + 3] = c3
  }
}
