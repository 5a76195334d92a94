import type { InputAudioTrack } from 'mediabunny'
import type { Audio } from './audio.js'
import { type AvFormat, avFormats, inTime, withInput } from './av-input.js'
import { collectSound } from './collect-sounds.js'
import { assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { oggPages } from './ogg-pages.js'
import { bytesOf } from './own-stream.js'
import { expectFormat } from './sniff.js'
import { SoundCollector, type SoundFacts, truncated } from './sound-collector.js'

export { type AudioEncoding, type AudioFormat, encodeAudio } from './encode-sounds.js'

/**
 * Sound from WAV, FLAC, MP3, Ogg (Vorbis, Opus) and M4A, and the sound of films in MP4 and WebM. More than two channels are mixed to
 * one. Integers are divided by half their range (16 bits by 32,768), so that WAV and FLAC come back to the bit; the silence that MP3,
 * AAC and Opus add at both ends is cut off where the file says how much it is.
 *
 * AAC is decoded by the platform, everything else by libraries that are the same everywhere.
 *
 * Throws `MediaError`: "MediaTooLarge" names the limit, by the container's word before anything is decoded and again by what comes out;
 * "MediaCodecMissing" for AAC where the platform has no decoders (Node without @napi-rs/webcodecs).
 */
export async function decodeAudio(
  bytes: Uint8Array,
  { limits, name = 'the sound' }: { limits?: Partial<MediaLimits>; name?: string } = {},
): Promise<Audio> {
  const all = withDefaults(limits)
  assertWithin(all, 'bytes', bytes.length, name)
  const format = expectFormat(bytes, avFormats, name)
  const sound = await soundOf(bytes, format, all, name)
  if (sound) return sound
  throw new MediaError({ code: 'MediaInvalid', file: name, expected: 'sound', found: 'a file without any' })
}

/** The first sound of a file whose format is known, or undefined if it has none. */
export function soundOf(bytes: Uint8Array, format: AvFormat, limits: MediaLimits, name: string): Promise<Audio | undefined> {
  return withInput(bytes, format, name, async (input) => {
    const track = await inTime(input.getPrimaryAudioTrack(), format, name)
    if (!track) return undefined
    const facts = await factsOf(track, format, limits, name)
    if (format === 'wav') assertWholeRiff(bytes, name)
    if (format === 'ogg') assertWholeOgg(bytes, name)
    const sound = new SoundCollector(facts, limits, name)
    await collectSound(sound, { bytes, track, format, limits, name })
    return sound.finish()
  })
}

async function factsOf(track: InputAudioTrack, format: AvFormat, limits: MediaLimits, name: string): Promise<SoundFacts> {
  const [codec, sampleRate, channels] = [await track.getCodec(), await track.getSampleRate(), await track.getNumberOfChannels()]
  if (codec === null)
    throw new MediaError({ code: 'MediaUnsupported', file: name, expected: 'sound in a codec that can be read', found: 'another one' })
  const plausible = sampleRate >= 1 && sampleRate <= 768_000 && channels >= 1 && channels <= 64
  if (!plausible) {
    const found = `${channels} channels at ${sampleRate} Hz`
    throw new MediaError({ code: 'MediaInvalid', file: name, expected: '1 to 64 channels at 1 Hz to 768 kHz', found })
  }
  // Only what the header says: to measure the packets of a damaged FLAC can keep the demuxer busy for ever.
  const seconds = (await inTime(track.getDurationFromMetadata(), format, name)) ?? 0
  assertWithin(limits, 'seconds', seconds, name)
  assertWithin(limits, 'decodedBytes', seconds * sampleRate * channels * 4, name)
  const description = (await track.getDecoderConfig())?.description
  // A WebM only says how long everything is together.
  return {
    codec,
    sampleRate,
    channels,
    seconds: format === 'webm' ? 0 : seconds,
    bits: codec === 'flac' && description ? flacBits(description) : 0,
  }
}

/** A WAV says how long it is in its first bytes; programs that stream it write 0 or all ones, and some are off by a header. */
function assertWholeRiff(bytes: Uint8Array, name: string): void {
  const promised = new DataView(bytes.buffer, bytes.byteOffset).getUint32(4, true)
  if (promised === 0 || promised === 0xffff_ffff || promised <= bytes.length) return
  throw truncated(name, `${promised.toLocaleString('en')} bytes behind its header`, `${(bytes.length - 8).toLocaleString('en')} bytes`)
}

/** An Ogg ends with a page that says so. */
function assertWholeOgg(bytes: Uint8Array, name: string): void {
  const pages = [...oggPages(bytes)]
  const final = pages.at(-1)
  if (final && final.at + final.size > bytes.length)
    throw truncated(name, `a page of ${final.size.toLocaleString('en')} bytes`, `${(bytes.length - final.at).toLocaleString('en')} bytes`)
  if (!pages.some(({ last }) => last))
    throw truncated(name, 'a last page', `${pages.length.toLocaleString('en')} pages and none that is the last`)
}

/** Bits per sample in FLAC's STREAMINFO, which follows "fLaC" and a block header (RFC 9639, 8.2): five bits at its 100th. */
function flacBits(description: AllowSharedBufferSource): number {
  const { buffer, byteOffset, byteLength } = bytesOf(description)
  return byteLength < 22 ? 0 : ((new DataView(buffer, byteOffset).getUint16(20) >> 4) & 31) + 1
}
