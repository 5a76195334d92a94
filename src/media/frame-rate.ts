/** When the frames of a film are shown. */
export interface FrameTimes {
  /** In seconds, in order. At least one. */
  readonly starts: readonly number[]
  /** When the last one ends, in seconds. */
  readonly end: number
  /** What the container rounds times to, in seconds: a thousandth in WebM. */
  readonly resolution: number
}

/**
 * The rate of a film in frames per second, and whether all frames lie evenly at it. Rounded times fit many rates; the one that was meant is a whole
 * number or a whole number of frames in 1.001 seconds (television's 29.97), if one of these explains every frame. A film with uneven
 * frames gets the rate at which it has as many as before.
 */
export function frameRateOf({ starts, end, resolution }: FrameTimes): { frameRate: number; even: boolean } {
  const [first = 0] = starts
  const last = starts.at(-1) ?? first
  const frames = starts.length
  // A single frame has its length to go by; otherwise the last frame's length, which containers may round or leave out, does not count.
  const step = frames > 1 ? (last - first) / (frames - 1) : end - first
  const ends = frames > 1 ? starts : [first, end]
  const error = (rate: number) => ends.reduce((worst, time, index) => Math.max(worst, Math.abs(time - first - index / rate)), 0)
  const fits = (rate: number) => rate > 0 && error(rate) <= 1.01 * resolution
  const whole = Math.round(1 / step)
  const television = (Math.round(1.001 / step) * 1000) / 1001
  const [best] = [whole, television].filter(fits).sort((a, b) => error(a) - error(b))
  if (best !== undefined) return { frameRate: best, even: true }
  if (fits(1 / step)) return { frameRate: 1 / step, even: true }
  return { frameRate: frames / (end - first), even: false }
}
