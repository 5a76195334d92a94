import { MediaError } from './media-error.js'

/** What a decoder may be asked for by a file that nobody has looked at. All of them are checked before anything is unfolded. */
export interface MediaLimits {
  /** Of the file as it stands. */
  readonly bytes: number
  /** In one picture or one frame. */
  readonly pixels: number
  /** In one film or animation. */
  readonly frames: number
  /** Of sound or film. */
  readonly seconds: number
  /** Of everything decoded together: all frames, all samples. */
  readonly decodedBytes: number
}

/** 64 megapixels; 25 seconds of film at 24 frames a second; two hours of sound, which just fit in memory as stereo at 48 kHz. */
export const defaultLimits: MediaLimits = {
  bytes: 512 * 2 ** 20,
  pixels: 64e6,
  frames: 600,
  seconds: 7200,
  decodedBytes: 3 * 2 ** 30,
}

/** The default limits with the caller's own in their place. */
export function withDefaults(limits: Partial<MediaLimits> = {}): MediaLimits {
  const all = { ...defaultLimits, ...limits }
  for (const [name, value] of Object.entries(all))
    if (!(value > 0))
      throw new MediaError({
        code: 'MediaInvalid',
        file: 'media',
        expected: `a limit of ${name} above 0`,
        found: String(value),
        hint: 'Leave a limit out for its default; Infinity lifts it',
      })
  return all
}

const units: Record<keyof MediaLimits, string> = {
  bytes: 'bytes',
  pixels: 'pixels',
  frames: 'frames',
  seconds: 'seconds',
  decodedBytes: 'bytes when decoded',
}

/** Throws `MediaTooLarge` if `found` is more than the limit of that name; `detail` says how it comes about ("100,000 × 100,000"). */
export function assertWithin(limits: MediaLimits, name: keyof MediaLimits, found: number, file: string, detail?: string): void {
  if (found <= limits[name]) return
  const count = (value: number) => `${value.toLocaleString('en')} ${units[name]}`
  throw new MediaError({
    code: 'MediaTooLarge',
    file,
    limit: name,
    expected: `at most ${count(limits[name])}`,
    found: detail ? `${count(found)} (${detail})` : count(found),
  })
}

/** Checks a picture's or an animation's size, as its header states it, against the limits on pixels, frames and decoded bytes. */
export function assertPictureWithin(limits: MediaLimits, size: { width: number; height: number; frames?: number }, file: string): void {
  const { width, height, frames = 1 } = size
  const spelled = `${width.toLocaleString('en')} × ${height.toLocaleString('en')}`
  assertWithin(limits, 'pixels', width * height, file, spelled)
  assertWithin(limits, 'frames', frames, file)
  // Four bytes a pixel is what every decoder here holds at its peak.
  assertWithin(limits, 'decodedBytes', width * height * frames * 4, file, `${spelled}, ${frames} frame${frames === 1 ? '' : 's'}`)
}
