import { sceneMesh } from '../../src/diorama/mesh.js'
import { filmFrames, frameTimes } from '../../src/diorama/motion/frames.js'
import { playStory } from '../../src/diorama/motion/play.js'
import { sampleStory } from '../../src/diorama/motion/sample.js'
import { renderScene } from '../../src/diorama/render/render-scene.js'
import { sampleScene } from '../../src/diorama/sample.js'
import { soundOf } from '../../src/diorama/sound/sound.js'
import { diorama } from '../../src/diorama/worlds.js'
import type { Audio } from '../../src/media/audio.js'
import { decodeGlb, encodeGlb } from '../../src/media/glb.js'
import type { Image } from '../../src/media/image.js'
import { decodeAnimation, decodeImage, encodeAnimation, encodeImage } from '../../src/media/images.js'
import type { Mesh } from '../../src/media/mesh.js'
import { meanAbsoluteError } from '../../src/media/round-trip.js'
import { type AudioEncoding, decodeAudio, encodeAudio } from '../../src/media/sounds.js'
import { decodeVideo, encodeVideo } from '../../src/media/videos.js'

/** What encoding and decoding once changes. Pictures: mean absolute error of 0 to 255. Sound: signal to noise in dB. Meshes: metres. */
export type RoundTrip =
  | { readonly exact: true }
  | { readonly meanAbsoluteError: number; readonly signalToNoise?: number }
  | { readonly signalToNoise: number }
  | { readonly largestError: number }
  | { readonly unavailable: string }

/** Every format, with a picture, a film, its sound and a mesh of the diorama. */
export async function measureRoundTrips(): Promise<Record<string, RoundTrip>> {
  const scene = sampleScene(7, diorama.full)
  const { image } = renderScene(scene, { width: 256, height: 256 })
  const film = playStory(sampleStory(7, diorama.simple, { actions: 1 }))
  const frameRate = 24
  const frames = [...filmFrames(film, { width: 128, height: 128, frameRate })]
  const audio = soundOf(film, { sampleRate: 48_000 })
  const mesh = sceneMesh(scene)

  const picture = (format: 'png' | 'jpeg' | 'webp', quality?: number) => async () =>
    ofPictures([image], [await decodeImage(await encodeImage(image, { format, ...(quality !== undefined && { quality }) }))])
  const animation = (format: 'gif' | 'webp') => async () => {
    const decoded = await decodeAnimation(await encodeAnimation(frames, { format, frameRate: 25 }))
    return ofPictures(frames.slice(0, 1), decoded.frames.slice(0, 1))
  }
  const sound = (encoding: AudioEncoding) => async () => ofSound(audio, await decodeAudio(await encodeAudio(audio, encoding)))
  const video = (format: 'mp4' | 'webm') => async (): Promise<RoundTrip> => {
    const decoded = await decodeVideo(await encodeVideo({ frameRate, frames, audio }, { format }))
    if (decoded.frames.length !== frameTimes(film, { frameRate }).length) throw new Error(`${decoded.frames.length} frames came back`)
    const sounds = decoded.audio && ofSound(audio, decoded.audio)
    return { ...(ofPictures(frames, decoded.frames) as { meanAbsoluteError: number }), ...(sounds && 'signalToNoise' in sounds && sounds) }
  }
  const trips: Record<string, () => Promise<RoundTrip>> = {
    png: picture('png'),
    jpeg: picture('jpeg'),
    webp: picture('webp'),
    webpLossless: picture('webp', 100),
    gif: animation('gif'),
    animatedWebp: animation('webp'),
    wav16: sound({ format: 'wav' }),
    wav32: sound({ format: 'wav', bits: 32 }),
    flac: sound({ format: 'flac' }),
    mp3: sound({ format: 'mp3' }),
    ogg: sound({ format: 'ogg' }),
    mp4: video('mp4'),
    webm: video('webm'),
    glb: async () => ofMeshes(mesh, await decodeGlb(await encodeGlb(mesh))),
  }
  const measured: Record<string, RoundTrip> = {}
  for (const [name, trip] of Object.entries(trips)) {
    // A codec that is not installed is a fact about this machine, and no reason to lose the other figures.
    measured[name] = await trip().catch((error: Error) => ({ unavailable: error.message }))
  }
  return measured
}

function ofPictures(before: readonly Image[], after: readonly Image[]): RoundTrip {
  const errors = before.map((image, i) => meanAbsoluteError(image, after[i] as Image))
  const mean = errors.reduce((a, b) => a + b) / errors.length
  return mean === 0 ? { exact: true } : { meanAbsoluteError: mean }
}

function ofSound(before: Audio, after: Audio): RoundTrip {
  let [signal, noise] = [0, 0]
  for (const [c, channel] of before.channels.entries()) {
    const other = after.channels[c] as Float32Array
    for (let i = 0; i < Math.min(channel.length, other.length); i++) {
      signal += (channel[i] as number) ** 2
      noise += ((channel[i] as number) - (other[i] as number)) ** 2
    }
  }
  return noise === 0 ? { exact: true } : { signalToNoise: 10 * Math.log10(signal / noise) }
}

function ofMeshes(before: Mesh, after: Mesh): RoundTrip {
  const flat = ({ parts }: Mesh) =>
    parts.flatMap(({ positions, translation = [0, 0, 0], rotation = [0, 0, 0, 1] }) => [...positions, ...translation, ...rotation])
  const [a, b] = [flat(before), flat(after)]
  const largest = a.length === b.length ? Math.max(...a.map((value, i) => Math.abs(value - (b[i] as number)))) : Number.POSITIVE_INFINITY
  return largest === 0 ? { exact: true } : { largestError: largest }
}
