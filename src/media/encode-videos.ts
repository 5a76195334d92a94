import {
  BufferTarget,
  canEncodeVideo,
  EncodedAudioPacketSource,
  Mp4OutputFormat,
  Output,
  Quality,
  VideoSample,
  VideoSampleSource,
  WebMOutputFormat,
} from 'mediabunny'
import { codecs } from '#codecs'
import { type Audio, fitTo, sampleCount } from './audio.js'
import { assertWritable } from './encode-sounds.js'
import { assertImage, flattenAlpha, type Image } from './image.js'
import { MediaError } from './media-error.js'
import { type Provenance, provenanceText } from './provenance.js'
import { resample } from './resample.js'
import { settleMp4 } from './settle.js'
import { mediaFormats } from './sniff.js'
import { addPackets, soundPackets, soundRate } from './sound-packets.js'
import type { Video } from './video.js'
import { toYuv420 } from './yuv.js'

export type VideoFormat = 'mp4' | 'webm'

export interface VideoEncoding {
  /** MP4 holds H.264 and AAC, WebM holds VP9 (VP8 where that is missing) and Opus. */
  readonly format: VideoFormat
  /** From 1 to 100; 80 by default, at which most eyes see no difference. Ignored if `bitrate` is given. */
  readonly quality?: number
  /** Of the picture, in bits per second; H.264 takes at least 250,000. */
  readonly bitrate?: number
  /** How the film was made, embedded for `readProvenance`. */
  readonly provenance?: Provenance | undefined
}

/**
 * Writes a film as MP4 or WebM, 4:2:0 in BT.709. In Node the same input gives the same bytes.
 *
 * Pictures in 4:2:0 have even sizes: an odd width or height gets one more column or row, which repeats the last one. Alpha is
 * laid on white. Sound is resampled to 48 kHz and ends with the last frame.
 *
 * Throws `MediaError` for a film without frames, with frames of several sizes or a frame rate outside (0, 1000], and "MediaCodecMissing" where the
 * platform cannot encode (Node without @napi-rs/webcodecs).
 */
export async function encodeVideo(video: Video, options: VideoEncoding): Promise<Uint8Array> {
  const { format, provenance } = options
  const file = mediaFormats[format].title
  assertFilm(video, options, file)
  await codecs.webCodecs('write', file)
  const { frameRate, frames, audio } = video
  const [{ width, height }] = frames as [Image]
  const even = (length: number) => length + (length & 1)
  const size = { width: even(width), height: even(height) }

  const target = new BufferTarget()
  const output = new Output({ target, format: format === 'mp4' ? new Mp4OutputFormat({ fastStart: 'in-memory' }) : new WebMOutputFormat() })
  const picture = new VideoSampleSource(await coding({ ...size, frameRate }, options, file))
  output.addVideoTrack(picture, { frameRate })
  const codec = format === 'mp4' ? 'aac' : 'opus'
  const sound = audio && new EncodedAudioPacketSource(codec)
  if (sound) output.addAudioTrack(sound)
  if (provenance) output.setMetadataTags({ comment: provenanceText(provenance, file) })
  await output.start()
  // One after the other: side by side, the containers' chunks would depend on who happens to be first.
  if (sound) await addPackets(sound, await soundPackets(filmSound(video, audio), codec, file))
  await addFrames(picture, video, size)
  await output.finalize()

  const bytes = new Uint8Array(target.buffer as ArrayBuffer)
  if (format === 'mp4') settleMp4(bytes)
  return bytes
}

function assertFilm({ frames, frameRate, audio }: Video, { quality = 80, bitrate = 1 }: VideoEncoding, file: string): void {
  const fail = (expected: string, found: string) => {
    throw new MediaError({ code: 'MediaInvalid', action: 'write', file, expected, found })
  }
  const [first] = frames
  if (!first) fail('at least one frame', 'none')
  const { width, height } = first as Image
  if (width > 16_384 || height > 16_384) fail('sides of at most 16,384 pixels', `${width} × ${height}`)
  for (const [index, frame] of frames.entries()) {
    assertImage(frame)
    if (frame.width !== width || frame.height !== height)
      fail(`frames of ${width} × ${height}`, `${frame.width} × ${frame.height} as frame ${index}`)
  }
  if (!(frameRate > 0 && frameRate <= 1000)) fail('a frame rate above 0 and up to 1,000', String(frameRate))
  if (!(quality >= 1 && quality <= 100)) fail('a quality from 1 to 100', String(quality))
  if (!(bitrate > 0)) fail('a bit rate above 0', String(bitrate))
  if (audio) assertWritable(audio, file)
}

/**
 * Bits per second at which H.264 keeps this quality: for small pictures 0.05 bits a pixel at quality 0, twice that every 16 steps up, and
 * from 256 × 256 on growing with the side, not the area, since large pictures have less in each pixel. Measured at 128 × 96 with
 * grain: 34.5 dB at 50, 40.6 at 80, 48.7 at 100.
 */
const bitrateOf = (quality: number, { width, height, frameRate }: FilmSize): number => {
  const pixels = width * height
  return 0.05 * 2 ** (quality / 16) * Math.min(pixels, 256 * Math.sqrt(pixels)) * frameRate
}

/** Below it, the native encoder claims level 1b for small films, which its own decoder and some players do not know. In bits per second. */
const lowestBitrate = 250_000

interface FilmSize {
  readonly width: number
  readonly height: number
  readonly frameRate: number
}

/** What the source is told: the first codec of the container that the platform can encode. */
async function coding(film: FilmSize, { format, quality = 80, bitrate }: VideoEncoding, file: string) {
  const candidates = format === 'mp4' ? (['avc'] as const) : (['vp9', 'vp8'] as const)
  for (const codec of candidates) {
    // VP9 takes a quality as its quantiser; for H.264 the native encoder takes the request and ignores it, so a bit rate stands for it.
    const wanted = codec === 'avc' ? Math.max(lowestBitrate, bitrate ?? bitrateOf(quality, film)) : bitrate
    const rate = new Quality(wanted === undefined ? quality / 100 : { bitrate: Math.round(wanted) })
    const config = { codec, quality: rate, latencyMode: 'quality' as const, alpha: 'discard' as const }
    if (await canEncodeVideo(codec, { ...config, width: film.width, height: film.height })) return config
  }
  throw new MediaError({
    code: 'MediaCodecMissing',
    action: 'write',
    file,
    expected: `an encoder for ${candidates.join(' or ')} at ${film.width} × ${film.height}`,
    found: 'a platform without one',
    hint: `Write ${format === 'mp4' ? 'WebM' : 'MP4'} instead`,
  })
}

/** The sound at the films' rate, as long as the pictures at most. */
function filmSound({ frames, frameRate }: Video, audio: Audio): Audio {
  const length = Math.round((frames.length * audio.sampleRate) / frameRate)
  return resample(sampleCount(audio) > length ? fitTo(audio, length) : audio, soundRate)
}

async function addFrames(source: VideoSampleSource, { frames, frameRate }: Video, size: { width: number; height: number }): Promise<void> {
  for (const [index, frame] of frames.entries()) {
    const { data, width, height } = toYuv420(flattenAlpha(frame), size)
    const sample = new VideoSample(data, {
      format: 'I420',
      codedWidth: width,
      codedHeight: height,
      timestamp: index / frameRate,
      duration: 1 / frameRate,
      colorSpace: { primaries: 'bt709', transfer: 'bt709', matrix: 'bt709', fullRange: false },
    })
    await source.add(sample)
    sample.close()
  }
  source.close()
}
