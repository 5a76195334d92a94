import { AudioSampleSink, type InputAudioTrack } from 'mediabunny'
import { type Audio, toMono } from './audio.js'
import { type AvFormat, avFormats, damaged, inTime, withInput } from './av-input.js'
import { assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { oggPages } from './ogg-pages.js'
import { expectFormat } from './sniff.js'
import { type SoundDecoderName, startDecoder } from './sound-decoders.js'

export { type AudioEncoding, type AudioFormat, encodeAudio } from './encode-sounds.js'

/**
 * Sound from WAV, FLAC, MP3, Ogg (Vorbis, Opus) and M4A, and the sound of films in MP4 and WebM. More than two channels are mixed to
 * one. Integers are divided by half their range (16 bits by 32,768), so that WAV and FLAC come back to the bit; the silence that MP3,
 * AAC and Opus add at both ends is cut off where the file says how much it is.
 *
 * Throws `MediaError`: "MediaTooLarge" names the limit, by the container's word before anything is decoded and again by what comes out.
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
    const sound = new Collector(facts, limits, name)
    if (facts.codec.startsWith('pcm') || facts.codec === 'ulaw' || facts.codec === 'alaw') await collectSamples(track, sound, format, name)
    else await collectDecoded(bytes, facts, sound, format, name)
    return sound.finish()
  })
}

/** What a container says of its sound. */
interface SoundFacts {
  readonly codec: string
  readonly sampleRate: number
  readonly channels: number
  /** Of this sound; 0 if it does not say. */
  readonly seconds: number
  /** Of FLAC; 0 elsewhere. */
  readonly bits: number
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

export const truncated = (file: string, expected: string, found: string): MediaError =>
  new MediaError({ code: 'MediaTruncated', file, expected, found, hint: 'Download or save it again' })

/** What encoders pad at both ends and a container may count in, in seconds. */
export const padding = 0.25

/** Bits per sample in FLAC's STREAMINFO, which follows "fLaC" and a block header (RFC 9639, 8.2): five bits at its 100th. */
function flacBits(description: AllowSharedBufferSource): number {
  const view = ArrayBuffer.isView(description)
    ? new DataView(description.buffer, description.byteOffset, description.byteLength)
    : new DataView(description)
  return view.byteLength < 22 ? 0 : ((view.getUint16(20) >> 4) & 31) + 1
}

/** Gathers channels piece by piece and stops at the limits, whatever the container promised. */
class Collector {
  private readonly pieces: Float32Array[][] = []
  private samples = 0
  private rate: number

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

  finish(): Audio {
    const { seconds, bits } = this.facts
    const found = this.samples / this.rate
    if (this.samples === 0) throw truncated(this.name, 'at least one sample of sound', 'none')
    if (found < seconds - (bits > 0 ? 0 : padding))
      throw truncated(this.name, `${seconds.toFixed(3)} seconds of sound, as it says`, `${found.toFixed(3)} seconds`)
    const channels = Array.from({ length: this.facts.channels }, (_, c) => {
      const whole = new Float32Array(this.samples)
      let at = 0
      for (const piece of this.pieces) {
        whole.set(piece[c] as Float32Array, at)
        at += (piece[c] as Float32Array).length
      }
      return whole
    })
    const audio = { sampleRate: this.rate, channels }
    return channels.length > 2 ? toMono(audio) : audio
  }
}

/** Plain samples: the container's reader unpacks them. */
async function collectSamples(track: InputAudioTrack, sound: Collector, format: AvFormat, name: string): Promise<void> {
  const samples = new AudioSampleSink(track).samples()
  try {
    for (;;) {
      const { value: sample, done } = await inTime(samples.next(), format, name)
      if (done) return
      try {
        const { numberOfFrames: length, numberOfChannels } = sample
        const channels = Array.from({ length: numberOfChannels }, (_, planeIndex) => {
          const channel = new Float32Array(length)
          sample.copyTo(channel, { planeIndex, format: 'f32-planar' })
          return channel
        })
        sound.add(channels, sample.sampleRate)
      } finally {
        sample.close()
      }
    }
  } finally {
    await samples.return()
  }
}

/** The decoder to take, by codec and container. */
const decoderOf = (codec: string, format: AvFormat): SoundDecoderName | undefined => {
  if (format === 'mp4' || format === 'webm') return format
  if (format === 'ogg') return codec === 'opus' || codec === 'vorbis' ? codec : undefined
  return codec === 'mp3' || codec === 'flac' || codec === 'aac' ? codec : undefined
}

/** What goes into a decoder at a time: little enough that a bomb stays small between two looks at the limits. In bytes. */
const portion = 4096

/**
 * Compressed sound goes through decoders in WebAssembly: they cannot take the process down with them when a file is hostile, they are
 * the same in Node and in browsers, and they cut off what encoders pad (LAME's tag, Opus's pre-skip, edit lists).
 */
async function collectDecoded(bytes: Uint8Array, facts: SoundFacts, sound: Collector, format: AvFormat, name: string): Promise<void> {
  const kind = decoderOf(facts.codec, format)
  if (!kind)
    throw new MediaError({ code: 'MediaUnsupported', file: name, expected: 'sound in a codec that can be read', found: facts.codec })
  const decoder = await inTime(startDecoder(kind), format, name)
  // This decoder divides integers by their largest value; dividing by half their range is what undoes every other program.
  const largest = 2 ** (facts.bits - 1) - 1
  const exact = (sample: number) => Math.round(sample * largest) / (largest + 1)
  try {
    for (let at = 0; at <= bytes.length; at += portion) {
      const last = at + portion >= bytes.length
      const pieces = [await inTime(decoder.decode(bytes.subarray(at, at + portion)), format, name)]
      if (last) pieces.push(await inTime(decoder.finish(), format, name))
      for (const { channels, sampleRate } of pieces)
        sound.add(facts.bits > 0 ? channels.map((channel) => channel.map(exact)) : channels, sampleRate)
      if (last) return
    }
  } catch (cause) {
    throw damaged(cause, format, name)
  } finally {
    decoder.free()
  }
}
