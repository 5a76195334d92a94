import { type Audio, toMono } from './audio.js'
import { assertWithin, type MediaLimits } from './limits.js'
import { MediaError } from './media-error.js'
import type { SoundEdges } from './sound-edges.js'

/** What a container says of its sound. */
export interface SoundFacts {
  readonly codec: string
  readonly sampleRate: number
  readonly channels: number
  /** Of this sound; 0 if it does not say. */
  readonly seconds: number
  /** Of FLAC; 0 elsewhere. */
  readonly bits: number
}

export const truncated = (file: string, expected: string, found: string): MediaError =>
  new MediaError({ code: 'MediaTruncated', file, expected, found, hint: 'Download or save it again' })

/** What encoders pad at both ends and a container may count in, in seconds. */
export const padding = 0.25

/** Gathers channels piece by piece and stops at the limits, whatever the container promised. */
export class SoundCollector {
  private readonly pieces: Float32Array[][] = []
  private samples = 0
  private rate: number
  /** Which part of it all is the sound; a container may tell. */
  edges: SoundEdges = {}

  constructor(
    readonly facts: SoundFacts,
    private readonly limits: MediaLimits,
    private readonly name: string,
  ) {
    this.rate = facts.sampleRate
  }

  /** `found` has one array per channel; a decoder that found fewer than the container counts has folded equal ones into one. */
  add(found: readonly Float32Array[], sampleRate: number): void {
    const [first] = found
    if (!first || first.length === 0) return
    if (this.samples > 0 && sampleRate !== this.rate)
      throw new MediaError({
        code: 'MediaUnsupported',
        file: this.name,
        expected: 'one sample rate',
        found: `${this.rate} Hz, then ${sampleRate} Hz`,
      })
    this.rate = sampleRate
    this.samples += first.length
    assertWithin(this.limits, 'seconds', this.samples / sampleRate, this.name)
    assertWithin(this.limits, 'decodedBytes', this.samples * this.facts.channels * 4, this.name)
    this.pieces.push(Array.from({ length: this.facts.channels }, (_, c) => found[c] ?? first))
  }

  /** The sound between its edges. */
  finish(): Audio {
    const { seconds, bits } = this.facts
    const found = this.samples / this.rate
    const { start = 0, end = found, padding: filling = 0 } = this.edges
    const first = Math.min(this.samples, Math.round(start * this.rate))
    const length = Math.min(Math.round(end * this.rate), this.samples - Math.round(filling * this.rate)) - first
    if (length <= 0) throw truncated(this.name, 'at least one sample of sound', 'none')
    if (found < seconds - (bits > 0 ? 0 : padding))
      throw truncated(this.name, `${seconds.toFixed(3)} seconds of sound, as it says`, `${found.toFixed(3)} seconds`)
    const channels = Array.from({ length: this.facts.channels }, (_, c) => {
      const whole = new Float32Array(length)
      let at = -first
      for (const piece of this.pieces) {
        const samples = piece[c] as Float32Array
        if (at < length) whole.set(samples.subarray(Math.max(0, -at), Math.max(0, length - at)), Math.max(0, at))
        at += samples.length
      }
      return whole
    })
    const audio = { sampleRate: this.rate, channels }
    return channels.length > 2 ? toMono(audio) : audio
  }
}
