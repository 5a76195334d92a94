import type { Material, SceneObject, Shape } from '../scene.js'

/** One way in which a body rings. */
export interface Mode {
  /** In Hz. */
  readonly frequency: number
  /** Seconds until it has faded by 60 dB. */
  readonly decay: number
  readonly gain: number
}

/**
 * Frequencies of a body's modes as multiples of its lowest one. The ring's follow n(n²-1)/√(n²+1) and the bar's its four
 * classic roots (Rayleigh, The Theory of Sound); the others are rounded from solids of that kind.
 */
const ratios: Record<Shape, readonly number[]> = {
  sphere: [1, 1.5, 1.97, 2.35, 2.93, 3.52, 4.2],
  cube: [1, 1.27, 1.62, 2.08, 2.71, 3.3, 4.13],
  cylinder: [1, 1.41, 2.756, 3.9, 5.404, 7.1, 8.933],
  cone: [1, 1.83, 2.44, 3.37, 4.62, 5.9],
  torus: [1, 2.83, 5.42, 8.77, 12.9],
  pyramid: [1, 1.68, 2.31, 3.12, 4.05, 5.3],
}

/** A thin ring is floppier than a solid ball. */
const pitch: Record<Shape, number> = { sphere: 1.15, cube: 1, cylinder: 0.92, cone: 1.25, torus: 0.62, pyramid: 1.1 }

interface Ring {
  /** Lowest mode of a small cube in Hz. */
  readonly base: number
  /** Its 60 dB time in seconds, and by which power higher modes fade faster. */
  readonly decay: number
  readonly damping: number
  /** How far up a gentle blow reaches, as a multiple of the lowest mode. */
  readonly brightness: number
}

/** Wood or rubber thuds, metal rings long and out of tune with itself, glass is high and clear. */
export const rings: Record<Material, Ring> = {
  matte: { base: 210, decay: 0.16, damping: 1, brightness: 1.6 },
  metal: { base: 560, decay: 1.9, damping: 0.45, brightness: 7 },
  glass: { base: 1150, decay: 0.55, damping: 0.6, brightness: 3 },
}

/** What sounds, and how hard it was hit. */
export interface Blow extends Pick<SceneObject, 'shape' | 'material' | 'size'> {
  /** In N·s. */
  readonly impulse: number
}

/** 0 to 1, with the ear's compression: ten times the impulse is about twice as loud. */
export const loudnessOf = (impulse: number): number => Math.min(1, 0.085 * Math.max(impulse, 0) ** 0.28)

/**
 * The modes that a blow sets ringing. Twice the size is an octave lower; a harder blow is shorter and so reaches higher modes.
 * `softness` of the ground, 0 to 1, takes away brightness and ring.
 */
export function modesOf({ shape, material, size, impulse }: Blow, softness = 0): Mode[] {
  const { base, decay, damping, brightness } = rings[material]
  const lowest = base * pitch[shape] * (size === 'large' ? 0.5 : 1)
  const longest = decay * (size === 'large' ? 1.4 : 1) * (1 - 0.75 * softness)
  const reach = brightness * (0.6 + 1.4 * loudnessOf(impulse)) * (1 - 0.6 * softness)
  const own = ratios[shape]
  // Hard bodies ring in many more modes than the first few; a second set, stretched, stands for them.
  const all = material === 'matte' ? own : [...own, ...own.slice(1).map((ratio) => 3.71 * ratio)]
  const modes = all.map((ratio, i) => ({
    frequency: lowest * ratio,
    decay: longest / ratio ** damping,
    gain: (1 / (1 + (ratio / reach) ** 2)) * (1 - 0.05 * i),
  }))
  // Metal is never perfectly round: each of its modes is a pair that beats.
  const split = material === 'metal' ? modes.flatMap((m) => [m, { ...m, frequency: m.frequency * 1.0046, gain: 0.6 * m.gain }]) : modes
  const total = split.reduce((sum, { gain }) => sum + gain, 0)
  return split.map((mode) => ({ ...mode, gain: mode.gain / total }))
}

/** How much softer than a floor each ground is. */
export const softness = { studio: 0, meadow: 0.55, desert: 0.6, snow: 0.8, beach: 0.65, 'night city': 0.05 } as const
