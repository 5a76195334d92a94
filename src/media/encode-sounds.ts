import {
  AudioSample,
  AudioSampleSource,
  BufferTarget,
  canEncodeAudio,
  FlacOutputFormat,
  Mp3OutputFormat,
  OggOutputFormat,
  Output,
  WavOutputFormat,
} from 'mediabunny'
import { codecs } from '#codecs'
import { type Audio, fitTo, sampleCount } from './audio.js'
import { MediaError } from './media-error.js'
import { type Provenance, provenanceText } from './provenance.js'
import { resample } from './resample.js'
import { settleMp3, settleOgg } from './settle.js'
import { mediaFormats } from './sniff.js'

export type AudioFormat = 'wav' | 'flac' | 'mp3' | 'ogg'

export interface AudioEncoding {
  readonly format: AudioFormat
  /** Of WAV: whole numbers of 16 or 24 bits, which clip outside [-1, 1], or 32 for floats. 16 by default; FLAC always has 16. */
  readonly bits?: 16 | 24 | 32
  /** Of MP3 and Ogg, in bits per second: by default 192,000 and 128,000. */
  readonly bitrate?: number
  /** How the sound was made, embedded for `readProvenance`. */
  readonly provenance?: Provenance | undefined
}

/** The rates that MPEG layer III knows, in Hz. */
const mp3Rates = [8000, 11_025, 12_000, 16_000, 22_050, 24_000, 32_000, 44_100, 48_000]

const defaultBitrates = { mp3: 192_000, ogg: 128_000 } as const

/**
 * Writes sound as WAV, FLAC, MP3 or Ogg (Opus). The same input gives the same bytes.
 *
 * WAV and FLAC keep every bit of their width. Opus always runs at 48 kHz and MP3 at one of nine rates: other sound is resampled to 48 kHz
 * or the next higher rate. LAME turns the level down by up to 5 %, so that peaks do not clip.
 *
 * Throws `MediaError` for sound without samples, of more than two channels, or with samples that are no numbers; and "MediaCodecMissing" where
 * the platform has no encoder (everything but WAV in Node without @napi-rs/webcodecs; MP3 and FLAC in browsers).
 */
export async function encodeAudio(audio: Audio, options: AudioEncoding): Promise<Uint8Array> {
  const { format, provenance } = options
  const file = mediaFormats[format].title
  assertWritable(audio, file)
  if (format !== 'wav') await codecs.webCodecs('write', file)
  const sound = fitting(audio, format)
  const samples = sampleCount(sound)

  let xing = { position: 0, length: 0 }
  const target = new BufferTarget()
  const output = new Output({
    target,
    format: {
      wav: () => new WavOutputFormat({ metadataFormat: 'id3' }),
      flac: () => new FlacOutputFormat(),
      mp3: () =>
        new Mp3OutputFormat({
          onXingFrame({ length }, position) {
            xing = { position, length }
          },
        }),
      ogg: () => new OggOutputFormat(),
    }[format](),
  })
  const source = new AudioSampleSource(await coding(sound, options))
  output.addAudioTrack(source)
  if (provenance) output.setMetadataTags({ comment: provenanceText(provenance, file) })
  await output.start()
  // LAME may stop short of what the decoder's filter bank still holds back; a frame of silence pushes it out, and is cut off as padding.
  const played = format === 'mp3' ? fitTo(sound, samples + 576) : sound
  await addSound(source, played, { integers: format === 'flac' })
  await output.finalize()

  const bytes = new Uint8Array(target.buffer as ArrayBuffer)
  // The header is the first page, behind 27 bytes and a table of one entry.
  if (format === 'ogg') settleOgg(bytes, samples + opusPreSkip(bytes.subarray(28)))
  if (format !== 'mp3') return bytes
  return settleMp3(bytes, { xing, sampleRate: sound.sampleRate, samples })
}

/** Sound that a codec can be trusted with: some native encoders answer a NaN with noise, or not at all. */
export function assertWritable({ sampleRate, channels }: Audio, file: string): void {
  const fail = (expected: string, found: string) => {
    throw new MediaError({ code: 'MediaInvalid', action: 'write', file, expected, found })
  }
  const [first] = channels
  if (!first || channels.length > 2) fail('one or two channels', String(channels.length))
  const length = (first as Float32Array).length
  if (length === 0) fail('at least one sample', 'none')
  if (!Number.isSafeInteger(sampleRate) || sampleRate < 1000 || sampleRate > 655_350)
    fail('a whole rate from 1,000 to 655,350 Hz', `${sampleRate} Hz`)
  for (const [c, channel] of channels.entries()) {
    if (channel.length !== length) fail(`channels of one length, ${length} samples`, `${channel.length} in channel ${c}`)
    const odd = channel.findIndex((sample) => !Number.isFinite(sample))
    if (odd >= 0) fail('finite samples', `${channel[odd]} as sample ${odd} of channel ${c}`)
  }
}

/** The sound at a rate that the format knows. */
function fitting(audio: Audio, format: AudioFormat): Audio {
  if (format === 'ogg') return resample(audio, 48_000)
  if (format === 'mp3') return resample(audio, mp3Rates.find((rate) => rate >= audio.sampleRate) ?? 48_000)
  return audio
}

/** What the source is told; throws if the platform cannot do it. */
async function coding({ sampleRate, channels }: Audio, { format, bits = 16, bitrate }: AudioEncoding) {
  if (format === 'wav') return { codec: ({ 16: 'pcm-s16', 24: 'pcm-s24', 32: 'pcm-f32' } as const)[bits] }
  const codec = ({ flac: 'flac', mp3: 'mp3', ogg: 'opus' } as const)[format]
  const config = { codec, ...(format !== 'flac' && { bitrate: bitrate ?? defaultBitrates[format] }) }
  if (await canEncodeAudio(codec, { ...config, sampleRate, numberOfChannels: channels.length })) return config
  throw new MediaError({
    code: 'MediaCodecMissing',
    action: 'write',
    file: mediaFormats[format].title,
    expected: `an encoder for ${codec} at ${sampleRate} Hz`,
    found: 'a platform without one',
    hint: 'Write WAV, which needs none',
  })
}

/** Hands sound to an encoder. FLAC is given integers, so that the rounding is ours. */
async function addSound(source: AudioSampleSource, audio: Audio, { integers }: { integers: boolean }): Promise<void> {
  const { sampleRate, channels } = audio
  for (const { data, start } of secondsOf(audio)) {
    const sample = new AudioSample({
      data: integers ? interleaved(data, channels.length) : data,
      format: integers ? 's16' : 'f32-planar',
      numberOfChannels: channels.length,
      sampleRate,
      timestamp: start,
    })
    await source.add(sample)
    sample.close()
  }
  source.close()
}

/** A second at a time: its channels one after another, and when it starts in seconds. Each owns its memory, because encoders read a buffer from its beginning. */
export function* secondsOf({ sampleRate, channels }: Audio): Generator<{ data: Float32Array; start: number }> {
  const length = channels[0]?.length ?? 0
  for (let at = 0; at < length; at += sampleRate)
    yield { data: joined(channels.map((channel) => channel.subarray(at, at + sampleRate))), start: at / sampleRate }
}

function joined(pieces: readonly Float32Array[]): Float32Array {
  const length = pieces[0]?.length ?? 0
  const whole = new Float32Array(length * pieces.length)
  for (const [c, piece] of pieces.entries()) whole.set(piece, c * length)
  return whole
}

/** Channels one after another to 16 bits, sample by sample. */
function interleaved(planar: Float32Array, channels: number): Int16Array {
  const length = planar.length / channels
  const whole = new Int16Array(planar.length)
  for (let c = 0; c < channels; c++)
    for (let i = 0; i < length; i++)
      whole[i * channels + c] = Math.max(-32_768, Math.min(32_767, Math.round((planar[c * length + i] as number) * 32_768)))
  return whole
}

/** Samples at the start of an Opus stream that nobody should hear, by its header (RFC 7845, 5.1). */
export function opusPreSkip(header: Uint8Array): number {
  return new DataView(header.buffer, header.byteOffset).getUint16(10, true)
}
