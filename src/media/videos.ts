import { EncodedPacketSink, type InputTrack, type InputVideoTrack, type VideoSample, VideoSampleSink } from 'mediabunny'
import { codecs } from '#codecs'
import { type Audio, duration, fitTo, sampleCount } from './audio.js'
import { type AvFormat, inTime, withInput } from './av-input.js'
import { type FrameTimes, frameRateOf } from './frame-rate.js'
import { type Image, imageOf } from './image.js'
import { assertPictureWithin, assertWithin, type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import { expectFormat } from './sniff.js'
import { padding, truncated } from './sound-collector.js'
import { soundOf } from './sounds.js'
import type { Video } from './video.js'
import { bt709, fromYuv420, type YuvMatrix, yuv420Size } from './yuv.js'

export { encodeVideo, type VideoEncoding, type VideoFormat } from './encode-videos.js'

export interface VideoDecoding {
  readonly limits?: Partial<MediaLimits>
  readonly name?: string
  /** Frames per second of the result; by default the file's own rate. */
  readonly frameRate?: number
}

/**
 * Frames and sound from MP4 and WebM (and their kin, QuickTime and Matroska), upright, at an even rate. Where the file's rate is not even, or another is
 * asked for, each frame of the result is the one that a player would show at its time. Sound beyond the last frame is cut off.
 *
 * Throws `MediaError`: "MediaTooLarge" names the limit, by the container's packets before anything is decoded and again by every frame that
 * comes out; "MediaCodecMissing" where the platform cannot decode (Node without @napi-rs/webcodecs).
 */
export async function decodeVideo(bytes: Uint8Array, { limits, name = 'the film', frameRate }: VideoDecoding = {}): Promise<Video> {
  const all = withDefaults(limits)
  assertWithin(all, 'bytes', bytes.length, name)
  const format = expectFormat(bytes, ['mp4', 'webm'], name)
  await codecs.webCodecs('read', name)
  const { video, soundStart, promised } = await withInput(bytes, format, name, async (input) => {
    const track = await inTime(input.getPrimaryVideoTrack(), format, name)
    if (!track) throw new MediaError({ code: 'MediaInvalid', file: name, expected: 'a film', found: 'a file without pictures' })
    const sound = await inTime(input.getPrimaryAudioTrack(), format, name)
    // What lies before time 0 is an encoder's padding, which nobody shows or plays.
    const startOf = async (either: InputTrack) => Math.max(0, await inTime(either.getFirstTimestamp(), format, name))
    const video = await decodeTrack(track, await startOf(track), { format, limits: all, name, frameRate })
    const promised = ((await inTime(input.getDurationFromMetadata(), format, name)) ?? 0) - (await startOf(track))
    return { video, promised, soundStart: sound ? (await startOf(sound)) - (await startOf(track)) : 0 }
  })
  const audio = await soundOf(bytes, format, all, name)
  // A cut WebM reads like a whole one, only shorter. Its last frame may be shown for any time.
  const found = Math.max(video.frames.length / video.frameRate, audio ? soundStart + duration(audio) : 0)
  if (found + 1 / video.frameRate + padding < promised)
    throw truncated(name, `${promised.toFixed(3)} seconds, as it says`, `${found.toFixed(3)} seconds`)
  return audio ? { ...video, audio: aligned(audio, soundStart, video) } : video
}

/** The sound from the first frame to the end of the last one. It began `start` seconds after the first frame, or before it. */
function aligned(audio: Audio, start: number, { frames, frameRate }: Video): Audio {
  const { sampleRate, channels } = audio
  const offset = Math.round(start * sampleRate)
  const longest = Math.round((frames.length / frameRate) * sampleRate)
  const length = Math.max(1, Math.min(longest, sampleCount(audio) + offset))
  if (offset === 0) return fitTo(audio, length)
  const moved = channels.map((channel) => {
    const whole = new Float32Array(length)
    whole.set(channel.subarray(Math.max(0, -offset), Math.max(0, length - offset)), Math.max(0, Math.min(offset, length)))
    return whole
  })
  return { sampleRate, channels: moved }
}

interface TrackDecoding {
  readonly format: AvFormat
  readonly limits: MediaLimits
  readonly name: string
  readonly frameRate: number | undefined
}

async function decodeTrack(track: InputVideoTrack, start: number, decoding: TrackDecoding): Promise<Video> {
  const { format, limits, name } = decoding
  const { frameRate, count, slack } = await timing(track, start, decoding)
  const size = { width: await track.getCodedWidth(), height: await track.getCodedHeight() }
  assertPictureWithin(limits, { ...size, frames: count }, name)
  if (!(await inTime(track.canDecode(), format, name))) {
    const found = (await track.getCodecParameterString()) ?? 'an unknown codec'
    throw new MediaError({ code: 'MediaUnsupported', file: name, expected: 'a film in a codec that this platform decodes', found })
  }

  const frames: Image[] = []
  /** Shown until the next one begins. */
  let current: Image | undefined
  let decoded = 0
  const showUntil = (time: number): void => {
    while (current && frames.length < count && start + frames.length / frameRate + slack < time) frames.push(current)
  }
  const samples = new VideoSampleSink(track).samples()
  try {
    for (;;) {
      const { value: sample, done } = await inTime(samples.next(), format, name)
      if (done) break
      try {
        // The visible part: in memory, decoders round sizes up to whole blocks.
        const { width, height } = sample.visibleRect
        if (width !== size.width || height !== size.height) {
          const found = `a frame of ${width} × ${height}`
          throw new MediaError({
            code: 'MediaInvalid',
            file: name,
            expected: `frames of ${size.width} × ${size.height}, as it says`,
            found,
          })
        }
        assertWithin(limits, 'frames', ++decoded, name)
        showUntil(sample.timestamp)
        current = await inTime(imageFrom(sample), format, name)
      } finally {
        sample.close()
      }
    }
  } finally {
    await samples.return()
  }
  showUntil(Number.POSITIVE_INFINITY)
  if (frames.length === 0) throw noFrames(name)
  return { frameRate, frames }
}

/** The rate and the number of frames of the result, and how late a frame may come, in seconds. Reads packets, decodes nothing. */
async function timing(track: InputVideoTrack, start: number, { format, limits, name, frameRate: wanted }: TrackDecoding) {
  const times = await frameTimes(track, { format, limits, name })
  assertWithin(limits, 'seconds', times.end, name)
  const own = frameRateOf(times)
  const frameRate = wanted ?? own.frameRate
  if (!(frameRate > 0 && frameRate <= 1000))
    throw new MediaError({ code: 'MediaInvalid', file: name, expected: 'a frame rate above 0 and up to 1,000', found: String(frameRate) })
  // Where nothing changes, the last frame counts as one, whatever length the container gives it, and a frame may be off by half its length.
  const same = wanted === undefined && own.even
  const seconds = times.end - start
  const count = same ? times.starts.length : Math.max(1, Math.round(seconds * frameRate))
  const slack = same ? 0.5 / frameRate : times.resolution
  assertWithin(limits, 'frames', count, name, `${seconds.toFixed(3)} seconds at ${frameRate} a second`)
  return { frameRate, count, slack }
}

/** Walks the packets one by one, no further than the limit: in a damaged WebM they can go round in circles. */
async function frameTimes(track: InputVideoTrack, { format, limits, name }: Omit<TrackDecoding, 'frameRate'>): Promise<FrameTimes> {
  const sink = new EncodedPacketSink(track)
  const options = { metadataOnly: true }
  const starts: number[] = []
  let end = 0
  let packet = await inTime(sink.getFirstPacket(options), format, name)
  while (packet) {
    assertWithin(limits, 'frames', starts.length + 1, name)
    starts.push(packet.timestamp)
    end = Math.max(end, packet.timestamp + packet.duration)
    packet = await inTime(sink.getNextPacket(packet, options), format, name)
  }
  if (starts.length === 0) throw noFrames(name)
  // An MP4 may count in frames, which is no rounding at all.
  return { starts: starts.sort((a, b) => a - b), end, resolution: Math.min(0.001, 1 / (await track.getTimeResolution())) }
}

const noFrames = (file: string): MediaError =>
  new MediaError({ code: 'MediaTruncated', file, expected: 'at least one frame', found: 'none', hint: 'Download or save it again' })

async function imageFrom(sample: VideoSample): Promise<Image> {
  const { visibleRect, rotation } = sample
  const { width, height } = visibleRect
  if (sample.format !== 'I420') {
    // Browsers that decode in hardware have formats of their own, as have films of more than 8 bits; the platform knows how to read them.
    const rgba = new Uint8Array(sample.allocationSize({ format: 'RGBA' }))
    await sample.copyTo(rgba, { format: 'RGBA' })
    return turned(imageOf(rgba, { width, height, channels: 4 }), rotation)
  }
  const raw = new Uint8Array(sample.allocationSize())
  const layout = await sample.copyTo(raw)
  return turned(fromYuv420({ width, height, data: packed(raw, layout, width, height) }, matrixOf(sample)), rotation)
}

/** Planes without the gaps that decoders leave at the ends of rows. */
function packed(raw: Uint8Array, layout: readonly { offset: number; stride: number }[], width: number, height: number): Uint8Array {
  const data = new Uint8Array(yuv420Size(width, height))
  let at = 0
  for (const [plane, { offset, stride }] of layout.entries()) {
    const columns = plane === 0 ? width : (width + 1) >> 1
    const rows = plane === 0 ? height : (height + 1) >> 1
    for (let y = 0; y < rows; y++, at += columns) data.set(raw.subarray(offset + y * stride, offset + y * stride + columns), at)
  }
  return data
}

/** Films that do not say how their colours are coded follow the habit of their size: BT.601 up to standard definition. */
function matrixOf({ colorSpace: { matrix, fullRange }, codedHeight }: VideoSample): YuvMatrix {
  const named: string = matrix ?? (codedHeight <= 576 ? 'smpte170m' : 'bt709')
  if (named === 'bt2020-ncl') return { red: 0.2627, blue: 0.0593, fullRange: fullRange ?? false }
  if (named === 'smpte170m' || named === 'bt470bg') return { red: 0.299, blue: 0.114, fullRange: fullRange ?? false }
  return { ...bt709, fullRange: fullRange ?? false }
}

/** The picture turned clockwise, as telephones ask for. */
function turned(image: Image, degrees: number): Image {
  if (degrees === 0) return image
  const { width, height, channels } = image
  const upright = degrees === 180
  const size = upright ? { width, height } : { width: height, height: width }
  const data = new Uint8Array(image.data.length)
  for (let y = 0; y < size.height; y++)
    for (let x = 0; x < size.width; x++) {
      const [u, v] = upright ? [width - 1 - x, height - 1 - y] : degrees === 90 ? [y, height - 1 - x] : [width - 1 - y, x]
      for (let c = 0; c < channels; c++) data[(y * size.width + x) * channels + c] = image.data[(v * width + u) * channels + c] as number
    }
  return { ...size, channels, data }
}
