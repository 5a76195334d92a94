/**
 * torch's Box-Muller transform of 16 numbers at a time, bit for bit as its x86 builds compute it in AVX2 registers: the
 * single-precision polynomials of Moshier's Cephes library, with products and sums fused by the compiler.
 *
 * A fused multiply-add rounds once. Here the product is exact in float64, and the sum is rounded to float64 and then to float32:
 * checked against C's fmaf for all 2^24 inputs that `logarithm` and `angle` can meet, the second rounding never changes a bit.
 */
const f = Math.fround
const fma = (a: number, b: number, c: number): number => f(a * b + c)

const [P0, P1, P2, P3, P4, P5, P6, P7, P8] = [
  7.0376836292e-2, -1.151461031e-1, 1.167699874e-1, -1.2420140846e-1, 1.4249322787e-1, -1.6668057665e-1, 2.0000714765e-1, -2.4999993993e-1,
  3.3333331174e-1,
].map(f) as [number, number, number, number, number, number, number, number, number]
const [LN2_LOW, LN2_HIGH, SQRT_HALF] = [f(-2.1219444e-4), f(0.693359375), f(Math.SQRT1_2)]

const [TAU, FOUR_OVER_PI] = [f(2 * Math.PI), f(4 / Math.PI)]
// −π/4 in three parts, so that octants are subtracted without losing the low bits.
const [QUARTER_0, QUARTER_1, QUARTER_2] = [f(-0.78515625), f(-2.4187564849853516e-4), f(-3.774894977445941e-8)]
const [C0, C1, C2] = [f(2.443315711809948e-5), f(-1.388731625493765e-3), f(4.166664568298827e-2)]
const [S0, S1, S2] = [f(-1.9515295891e-4), f(8.3321608736e-3), f(-1.6666654611e-1)]

/** The logarithm of u, a multiple of 2^-24 in (0, 1]. */
export function logarithm(u: number): number {
  const bits = u * 2 ** 24
  const zeros = Math.clz32(bits)
  const half = ((bits << zeros) >>> 0) * 2 ** -32 // u = half · 2^(8 − zeros), in [½, 1)
  const small = half < SQRT_HALF
  const exponent = small ? 7 - zeros : 8 - zeros
  const m = small ? f(f(half - 1) + half) : f(half - 1)
  const z = f(m * m)
  let y = fma(fma(fma(fma(P0, m, P1), m, P2), m, P3), m, P4)
  y = fma(fma(fma(fma(y, m, P5), m, P6), m, P7), m, P8)
  y = fma(-z, 0.5, fma(f(y * m), z, f(exponent * LN2_LOW)))
  return fma(exponent, LN2_HIGH, f(m + y))
}

const direction = new Float32Array(2)

/** Cosine and sine of u turns, for u a multiple of 2^-24 in [0, 1); every call answers in the same array. */
export function angle(u: number): Float32Array {
  let t = f(TAU * u)
  const octant = (Math.trunc(f(t * FOUR_OVER_PI)) + 1) & ~1
  t = fma(octant, QUARTER_2, fma(octant, QUARTER_1, fma(octant, QUARTER_0, t)))
  const z = f(t * t)
  const c = f(fma(f(fma(fma(C0, z, C1), z, C2) * z), z, -f(z / 2)) + 1)
  const s = fma(f(fma(fma(S0, z, S1), z, S2) * z), t, t)
  const swapped = (octant & 2) !== 0
  direction[0] = ((octant - 2) & 4 ? 1 : -1) * (swapped ? s : c)
  direction[1] = (octant & 4 ? -1 : 1) * (swapped ? c : s)
  return direction
}

/** Turns 16 uniform numbers into 16 normal ones in place; numbers j and j + 8 are the radius and the angle of a pair. */
export function normalBlock(data: Float32Array, start: number): void {
  for (let i = start; i < start + 8; i++) {
    const radius = f(Math.sqrt(f(-2 * logarithm(1 - (data[i] as number)))))
    const unit = angle(data[i + 8] as number)
    data[i] = radius * (unit[0] as number)
    data[i + 8] = radius * (unit[1] as number)
  }
}
