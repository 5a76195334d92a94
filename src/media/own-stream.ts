import { BufferTarget, EncodedAudioPacketSource, EncodedPacket, OggOutputFormat, Output } from 'mediabunny'

/** Codecs whose packets make a stream that a decoder reads, whatever container they came in. */
export type StreamedCodec = 'flac' | 'mp3' | 'opus' | 'vorbis'

/** The packets of a film's sound as a file of their own: MP3 and FLAC as they stand behind one another, Opus and Vorbis in Ogg. */
export async function ownStream(
  codec: StreamedCodec,
  packets: readonly EncodedPacket[],
  decoderConfig: AudioDecoderConfig,
): Promise<Uint8Array> {
  if (codec === 'opus' || codec === 'vorbis') return inOgg(codec, packets, decoderConfig)
  const { description } = decoderConfig
  const header = codec === 'flac' && description ? [bytesOf(description)] : []
  return joined([...header, ...packets.map(({ data }) => data)])
}

async function inOgg(codec: 'opus' | 'vorbis', packets: readonly EncodedPacket[], decoderConfig: AudioDecoderConfig): Promise<Uint8Array> {
  const target = new BufferTarget()
  const output = new Output({ format: new OggOutputFormat(), target })
  const source = new EncodedAudioPacketSource(codec)
  output.addAudioTrack(source)
  await output.start()
  // Ogg counts samples, so times are of no use to it; without a duration, a packet counts in full.
  for (const [index, { data }] of packets.entries()) await source.add(new EncodedPacket(data, 'key', index, 0), { decoderConfig })
  await output.finalize()
  return new Uint8Array(target.buffer as ArrayBuffer)
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const piece of pieces) {
    whole.set(piece, at)
    at += piece.length
  }
  return whole
}

export const bytesOf = (source: AllowSharedBufferSource): Uint8Array =>
  ArrayBuffer.isView(source) ? new Uint8Array(source.buffer, source.byteOffset, source.byteLength) : new Uint8Array(source)
