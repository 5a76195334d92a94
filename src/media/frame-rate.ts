/** When the frames of a film are shown. */
export interface FrameTimes {
  /** In seconds, in order. At least one. */
  readonly starts: readonly number[]
  /** When the last one ends, in seconds. */
  readonly end: number
  /** What the container rounds times to, in seconds: a thousandth in WebM. */
  readonly resolution: number
}

/** Rates that are meant more often than others near them. Television's hold a whole number of frames in 1.001 seconds. */
const commonRates = [24, 25, 30, 50, 60, 120, 24_000 / 1001, 30_000 / 1001, 60_000 / 1001]

/**
 * The rate of a film in frames per second, and whether all frames lie evenly at it. Rounded times fit many rates: a common one comes first, then a
 * whole one, then any. A film with uneven frames gets the rate at which it has as many as before.
 */
export function frameRateOf({ starts, end, resolution }: FrameTimes): { frameRate: number; even: boolean } {
  const [first = 0] = starts
  const frames = starts.length
  // A single frame has its length to go by; otherwise the last frame's length, which containers may round or leave out, does not count.
  const times = frames > 1 ? starts : [first, end]
  const average = (times.length - 1) / ((times.at(-1) as number) - first)
  const error = (rate: number) => times.reduce((worst, time, index) => Math.max(worst, Math.abs(time - first - index / rate)), 0)
  // One rounding is off by half the resolution; where the first frame is rounded too, it may be twice as much.
  const rates = [...commonRates, Math.round(average), average].filter((rate) => rate > 0)
  const even = [0.51, 1.01].flatMap((share) => rates.filter((rate) => error(rate) <= share * resolution))[0]
  return even === undefined ? { frameRate: frames / (end - first), even: false } : { frameRate: even, even: true }
}
