import type { EncodedPacket } from 'mediabunny'
import type { AvFormat } from './av-input.js'
import { mp4Edges } from './mp4-edges.js'
import { webmEdges } from './webm-edges.js'

/** Which part of what a decoder gives is the sound, in seconds from its first sample. What is left out is not known. */
export interface SoundEdges {
  readonly start?: number
  readonly end?: number
  /** Cut off the end, wherever that is. */
  readonly padding?: number
}

export interface SoundTrack {
  readonly format: AvFormat
  readonly id: number
  readonly sampleRate: number
  /** In order, with or without their data. */
  readonly packets: readonly EncodedPacket[]
  /** Seconds that the decoder leaves out by itself: Opus's pre-skip. */
  readonly skipped: number
}

/**
 * The edges of a sound in an MP4 or a WebM. An MP4 puts what its encoder needed for a start before time 0 and gives its last packet a shorter
 * time, or ends the edit sooner; a WebM names the delay, and what is to be discarded from its last packet.
 */
export function soundEdges(bytes: Uint8Array, { format, id, sampleRate, packets, skipped }: SoundTrack): SoundEdges {
  const [first, last] = [packets[0], packets.at(-1)]
  if (!first || !last) return {}
  if (format === 'webm') {
    const { delay, padding } = webmEdges(bytes, id)
    return { ...(delay > 0 ? { start: Math.max(0, delay - skipped) } : {}), padding }
  }
  if (format !== 'mp4') return {}
  const { edit, itunes } = mp4Edges(bytes, id)
  const before = Math.max(0, -first.timestamp)
  if (before === 0 && itunes) return { start: itunes.delay / sampleRate, end: (itunes.delay + itunes.count) / sampleRate }
  const whole = last.timestamp + last.duration - first.timestamp
  // Edits are counted by a coarser clock than packets, as a rule: only what is clearly shorter counts.
  const edited = edit && edit.seconds + edit.tick < whole - before ? before + edit.seconds : whole
  // Some writers count what is skipped before time 0, others not at all.
  const left = Math.min(before, skipped)
  return {
    ...(before > 0 ? { start: before - left } : {}),
    // Some leave the last packet without a duration.
    ...(last.duration > 0 || edited < whole ? { end: edited - left } : {}),
  }
}
