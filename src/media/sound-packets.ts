import { type EncodedAudioPacketSource, EncodedPacket } from 'mediabunny'
import { type Audio, sampleCount } from './audio.js'
import { opusPreSkip, secondsOf } from './encode-sounds.js'
import { MediaError } from './media-error.js'

/** Films have their sound at 48 kHz: the one rate of Opus, and one that every player of AAC knows. */
export const soundRate = 48_000

const bitrate = 160_000

const soundCodecs = {
  aac: { name: 'mp4a.40.2', packet: 1024 },
  opus: { name: 'opus', packet: 960 },
} as const

/** Samples that FFmpeg's AAC encoder puts in front of the sound. */
const aacPriming = 1024

/**
 * A film's sound as packets. They get their times here, by counting samples: the native encoder gives the last packets of AAC times that
 * lie on each other, which cuts the end off in every player.
 */
export async function soundPackets(audio: Audio, codec: keyof typeof soundCodecs, file: string): Promise<SoundPackets> {
  const { name, packet } = soundCodecs[codec]
  const chunks: Uint8Array[] = []
  let meta: EncodedAudioChunkMetadata | undefined
  let failure: unknown
  const encoder = new AudioEncoder({
    output(chunk, metadata) {
      const data = new Uint8Array(chunk.byteLength)
      chunk.copyTo(data)
      chunks.push(data)
      meta ??= metadata
    },
    error: (cause) => {
      failure = cause
    },
  })
  try {
    encoder.configure({ codec: name, sampleRate: soundRate, numberOfChannels: audio.channels.length, bitrate })
    for (const { data, start } of secondsOf(audio)) {
      const samples = new AudioData({
        data: data as BufferSource,
        format: 'f32-planar',
        numberOfChannels: audio.channels.length,
        numberOfFrames: data.length / audio.channels.length,
        sampleRate: soundRate,
        timestamp: start * 1e6,
      })
      encoder.encode(samples)
      samples.close()
    }
    await encoder.flush()
  } catch (cause) {
    failure ??= cause
  } finally {
    if (encoder.state !== 'closed') encoder.close()
  }
  if (failure !== undefined || !meta) throw noEncoder(name, file, failure)
  // AAC starts before time 0, by an edit list; Opus tells players by its own header what to skip.
  const skipped = codec === 'aac' ? aacPriming : opusPreSkip(headerOf(meta))
  const start = codec === 'aac' ? aacPriming : 0
  const length = sampleCount(audio) + skipped
  const packets = chunks.slice(0, Math.ceil(length / packet)).map((data, index) => {
    const duration = Math.min(packet, length - index * packet)
    return new EncodedPacket(data, 'key', (index * packet - start) / soundRate, duration / soundRate)
  })
  return { packets, meta }
}

export interface SoundPackets {
  readonly packets: readonly EncodedPacket[]
  readonly meta: EncodedAudioChunkMetadata
}

/** Hands the packets to a track. */
export async function addPackets(source: EncodedAudioPacketSource, { packets, meta }: SoundPackets): Promise<void> {
  for (const packet of packets) await source.add(packet, meta)
  source.close()
}

function headerOf({ decoderConfig }: EncodedAudioChunkMetadata): Uint8Array {
  const description = decoderConfig?.description ?? new ArrayBuffer(19)
  return ArrayBuffer.isView(description)
    ? new Uint8Array(description.buffer, description.byteOffset, description.byteLength)
    : new Uint8Array(description)
}

const noEncoder = (codec: string, file: string, cause: unknown): MediaError =>
  new MediaError({
    code: 'MediaCodecMissing',
    action: 'write',
    file,
    expected: `an encoder for ${codec}`,
    found: cause instanceof Error ? cause.message.replace(/\.$/, '') : 'a platform without one',
    hint: 'Leave the sound out, or take the other format',
    cause,
  })
