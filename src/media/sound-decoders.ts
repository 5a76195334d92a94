/** Sound as it comes out of a decoder: one array per channel. No channels, or empty ones, if it needs more bytes first. */
export interface DecodedSound {
  readonly channels: readonly Float32Array[]
  readonly sampleRate: number
}

/** A decoder at work: the bytes of a file go in, in portions of any size. */
export interface SoundDecoder {
  decode(bytes: Uint8Array): Promise<DecodedSound>
  /** What is left when the file has ended. */
  finish(): Promise<DecodedSound>
  free(): void
}

/** What a decoder reads: a codec's own stream, in Ogg for Opus and Vorbis. */
export type SoundDecoderName = keyof typeof packages

/** Each is fetched when the first sound needs it; named one by one, so that the bundle of a page holds these and no others. */
const packages = {
  flac: () => import('@audio/decode-flac'),
  mp3: () => import('@audio/decode-mp3'),
  opus: () => import('@audio/decode-opus'),
  vorbis: () => import('@audio/decode-vorbis'),
} satisfies Record<string, () => Promise<{ decoder(): Promise<PackagedDecoder> }>>

interface PackagedDecoder {
  decode(bytes: Uint8Array): Answer | Promise<Answer>
  flush?(): Answer | Promise<Answer>
  free(): void
}

interface Answer {
  readonly channelData: readonly Float32Array[]
  readonly sampleRate: number
  /** Where the channels are longer than the sound in them. */
  readonly samplesDecoded?: number
}

export async function startDecoder(name: SoundDecoderName): Promise<SoundDecoder> {
  const decoder: PackagedDecoder = await (await packages[name]()).decoder()
  return {
    decode: async (bytes) => soundIn(await decoder.decode(bytes)),
    finish: async () => (decoder.flush ? soundIn(await decoder.flush()) : { channels: [], sampleRate: 0 }),
    free: () => decoder.free(),
  }
}

const soundIn = ({ channelData, sampleRate, samplesDecoded }: Answer): DecodedSound => ({
  channels: channelData.map((channel) => channel.subarray(0, samplesDecoded)),
  sampleRate,
})

export const isDecoderName = (codec: string): codec is SoundDecoderName => Object.hasOwn(packages, codec)
