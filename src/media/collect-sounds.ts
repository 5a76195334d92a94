import { type AudioSample, AudioSampleSink, type EncodedPacket, EncodedPacketSink, type InputAudioTrack } from 'mediabunny'
import { codecs } from '#codecs'
import { type AvFormat, damaged, inTime } from './av-input.js'
import { opusPreSkip } from './encode-sounds.js'
import { assertWithin, type MediaLimits } from './limits.js'
import { MediaError } from './media-error.js'
import { bytesOf, ownStream } from './own-stream.js'
import type { SoundCollector } from './sound-collector.js'
import { isDecoderName, type SoundDecoderName, startDecoder } from './sound-decoders.js'
import { soundEdges } from './sound-edges.js'

/** A sound in an open container. */
export interface SoundSource {
  readonly bytes: Uint8Array
  readonly track: InputAudioTrack
  readonly format: AvFormat
  readonly limits: MediaLimits
  readonly name: string
}

/**
 * Decodes a sound into `sound`, by whatever reads its codec. FLAC, MP3, Opus and Vorbis go through decoders in WebAssembly: they cannot take
 * the process down with them when a file is hostile, and they are the same in Node and in browsers. For the rest (AAC, above all), the
 * platform is asked.
 */
export async function collectSound(sound: SoundCollector, source: SoundSource): Promise<void> {
  const { codec } = sound.facts
  const { bytes, track, format } = source
  if (codec.startsWith('pcm') || codec === 'ulaw' || codec === 'alaw') return collectSamples(sound, source)
  const contained = format === 'mp4' || format === 'webm'
  if (isDecoderName(codec)) {
    const stream = contained ? await unpack(codec, sound, source) : bytes
    return collectDecoded(stream, codec, sound, source)
  }
  await assertPlatformDecodes(source)
  const packets = await packetsOf(source, { metadataOnly: true })
  sound.edges = soundEdges(bytes, { format, id: track.id, sampleRate: sound.facts.sampleRate, packets, skipped: 0 })
  await collectSamples(sound, source)
}

/** A film's sound as a stream of its own, its edges noted. */
async function unpack(codec: SoundDecoderName, sound: SoundCollector, source: SoundSource): Promise<Uint8Array> {
  const { bytes, track, format, name } = source
  const packets = await packetsOf(source)
  const config = await inTime(track.getDecoderConfig(), format, name)
  if (!config) throw damaged(new Error('its sound has no header'), format, name)
  const header = codec === 'opus' && config.description ? bytesOf(config.description) : new Uint8Array(0)
  const skipped = header.length >= 12 ? opusPreSkip(header) / 48_000 : 0
  sound.edges = soundEdges(bytes, { format, id: track.id, sampleRate: sound.facts.sampleRate, packets, skipped })
  return ownStream(codec, packets, config)
}

/**
 * Walks the packets one by one. Together they are no longer than the file and no more than its bytes: tables of a few bytes can point to one
 * place a billion times.
 */
async function packetsOf({ bytes, track, format, limits, name }: SoundSource, options = {}): Promise<EncodedPacket[]> {
  const sink = new EncodedPacketSink(track)
  const packets: EncodedPacket[] = []
  let size = 0
  let packet = await inTime(sink.getFirstPacket(options), format, name)
  while (packet) {
    assertWithin(limits, 'seconds', packet.timestamp, name)
    size += packet.byteLength
    packets.push(packet)
    if (size > bytes.length || packets.length > bytes.length) throw damaged(new Error('its packets lie on each other'), format, name)
    packet = await inTime(sink.getNextPacket(packet, options), format, name)
  }
  return packets
}

/** What goes into a decoder at a time: little enough that a bomb stays small between two looks at the limits. In bytes. */
const portion = 4096

/** They cut off by themselves what the stream says is padded (LAME's tag, Opus's pre-skip). */
async function collectDecoded(
  stream: Uint8Array,
  codec: SoundDecoderName,
  sound: SoundCollector,
  { format, name }: SoundSource,
): Promise<void> {
  const decoder = await inTime(startDecoder(codec), format, name)
  const { bits } = sound.facts
  // This decoder divides integers by their largest value; dividing by half their range is what undoes every other program.
  const largest = 2 ** (bits - 1) - 1
  const exact = (sample: number) => Math.round(sample * largest) / (largest + 1)
  try {
    for (let at = 0; at <= stream.length; at += portion) {
      const last = at + portion >= stream.length
      const pieces = [await inTime(decoder.decode(stream.subarray(at, at + portion)), format, name)]
      if (last) pieces.push(await inTime(decoder.finish(), format, name))
      for (const { channels, sampleRate } of pieces)
        sound.add(bits > 0 ? channels.map((channel) => channel.map(exact)) : channels, sampleRate)
      if (last) return
    }
  } catch (cause) {
    throw damaged(cause, format, name)
  } finally {
    decoder.free()
  }
}

async function assertPlatformDecodes({ track, format, name }: SoundSource): Promise<void> {
  await codecs.webCodecs('read', name)
  if (await inTime(track.canDecode(), format, name)) return
  const found = (await track.getCodecParameterString()) ?? 'another one'
  throw new MediaError({ code: 'MediaUnsupported', file: name, expected: 'sound in a codec that this platform decodes', found })
}

/** Plain samples, which the container's reader unpacks, and what the platform decodes. */
async function collectSamples(sound: SoundCollector, { track, format, name }: SoundSource): Promise<void> {
  const samples = new AudioSampleSink(track).samples()
  let isFirst = true
  try {
    for (;;) {
      const { value: sample, done } = await inTime(samples.next(), format, name)
      if (done) return
      try {
        // The first packet of AAC gives half an overlap and no sound, even where the container does not say so.
        if (isFirst && sound.facts.codec === 'aac') sound.edges = { start: sample.duration, ...sound.edges }
        isFirst = false
        sound.add(channelsOf(sample), sample.sampleRate)
      } finally {
        sample.close()
      }
    }
  } finally {
    await samples.return()
  }
}

/** Arrays of the formats of samples, and what stands for 0 and for 1 in them. */
const sampleFormats = {
  u8: { array: Uint8Array, zero: 128, one: 128 },
  s16: { array: Int16Array, zero: 0, one: 2 ** 15 },
  s32: { array: Int32Array, zero: 0, one: 2 ** 31 },
  f32: { array: Float32Array, zero: 0, one: 1 },
} as const

/** The channels as floats. They are copied as they are and converted here: a native library ends the process when it is to convert. */
function channelsOf(sample: AudioSample): Float32Array[] {
  const { format, numberOfFrames: length, numberOfChannels: count } = sample
  const planar = format.endsWith('-planar')
  const { array, zero, one } = sampleFormats[format.replace('-planar', '') as keyof typeof sampleFormats]
  const planes = Array.from({ length: planar ? count : 1 }, (_, planeIndex) => {
    const plane = new array(planar ? length : length * count)
    sample.copyTo(plane, { planeIndex, format })
    return plane
  })
  return Array.from({ length: count }, (_, c) => {
    const plane = planes[planar ? c : 0] as Float32Array
    const [offset, stride] = planar ? [0, 1] : [c, count]
    return Float32Array.from({ length }, (_, i) => ((plane[offset + i * stride] as number) - zero) / one)
  })
}
