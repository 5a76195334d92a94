import { contactSheet } from '../../diorama/contact-sheet.js'
import { scenePictures, storyFrames } from '../../diorama/dataset.js'
import { captionOf } from '../../diorama/language/caption.js'
import { storyCaption } from '../../diorama/language/story.js'
import { sceneMesh } from '../../diorama/mesh.js'
import type { Film } from '../../diorama/motion/film.js'
import { filmTruth } from '../../diorama/motion/frames.js'
import { renderScene } from '../../diorama/render/render-scene.js'
import type { Scene } from '../../diorama/scene.js'
import { soundEvents, soundOf } from '../../diorama/sound/sound.js'
import { truthOf } from '../../diorama/truth.js'
import { key } from '../../graph/random/index.js'
import { encodeGlb } from '../../media/glb.js'
import type { Image } from '../../media/image.js'
import { encodeAnimation, encodeImage } from '../../media/images.js'
import { defaultLimits } from '../../media/limits.js'
import type { Provenance } from '../../media/provenance.js'
import { type AudioFormat, encodeAudio } from '../../media/sounds.js'
import type { Video } from '../../media/video.js'
import { encodeVideo } from '../../media/videos.js'
import type { Dataset } from '../../training/dataset.js'
import { progress, type Terminal } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import type { Ending } from './endings.js'
import { filmOf, type SceneRequest, sceneOf } from './request.js'

export interface OutputRequest extends SceneRequest {
  /** Width and height of a picture, in pixels. */
  readonly size: number
  /** From 1 to 100, where the format knows it. */
  readonly quality?: number
  /** Scenes side by side, and how many in a row. */
  readonly sheet?: number
  readonly columns?: number
  /** Whether it is a film, where the ending leaves it open. */
  readonly film: boolean
  /** Frames of the whole film, or per second. */
  readonly frames?: number
  readonly rate?: number
  readonly provenance: Provenance
}

export interface Made {
  readonly bytes: Uint8Array
  /** A sentence for people. */
  readonly about: string
}

export async function make(ending: Ending, request: OutputRequest, terminal: Terminal): Promise<Made> {
  switch (ending) {
    case 'png':
    case 'jpg':
    case 'jpeg':
    case 'webp':
      return request.film ? film(ending as 'webp', request, terminal) : picture(ending === 'jpg' ? 'jpeg' : ending, request, terminal)
    case 'gif':
    case 'mp4':
    case 'webm':
      return film(ending, request, terminal)
    case 'wav':
    case 'flac':
    case 'mp3':
    case 'ogg':
      return sound(ending, request)
    case 'glb': {
      const scene = sceneOf(request)
      return { bytes: await encodeGlb(sceneMesh(scene), { provenance: request.provenance }), about: `"${spoken(scene, request)}"` }
    }
    case 'json':
      return request.film ? filmTruthOf(request) : truth(request)
    case 'txt': {
      const sentence = request.film ? told(filmOf(request), request) : spoken(sceneOf(request), request)
      return { bytes: encoded(sentence), about: `"${sentence}"` }
    }
  }
}

/** A true sentence about a scene, or about what happens in a film; the same seed says the same. */
const spoken = (scene: Scene, { seed }: SceneRequest): string => captionOf(scene, key(seed).child('caption'), { length: 'medium' }).text
const told = ({ story }: Film, { seed }: SceneRequest): string => storyCaption(story, key(seed).child('caption'), { length: 'medium' }).text
const encoded = (text: string): Uint8Array => new TextEncoder().encode(`${text}\n`)
const qualityOf = ({ quality }: OutputRequest) => (quality === undefined ? {} : { quality })

async function picture(format: 'png' | 'jpeg' | 'webp', request: OutputRequest, terminal: Terminal): Promise<Made> {
  const { provenance, size, sheet } = request
  const scene = sceneOf(request)
  const image = sheet === undefined ? renderScene(scene, { width: size, height: size }).image : await sheetOf(sheet, request, terminal)
  const bytes = await encodeImage(image, { format, provenance, ...qualityOf(request) })
  return { bytes, about: sheet === undefined ? `"${spoken(scene, request)}"` : `the scenes of ${sheet} seeds` }
}

/** The scenes of the seeds that follow. */
async function sheetOf(count: number, request: OutputRequest, terminal: Terminal): Promise<Image> {
  const { seed, size, columns } = request
  if (count * size ** 2 > defaultLimits.pixels)
    throw new UsageError(
      `Cannot lay out ${count} scenes of ${size} pixels: a picture has at most ${defaultLimits.pixels.toLocaleString('en')} of them`,
      `Choose a --size of at most ${Math.floor(Math.sqrt(defaultLimits.pixels / count))}`,
    )
  const scenes = Array.from({ length: count }, (_, i) => sceneOf({ ...request, seed: seed + i }))
  const images = await rendered(scenePictures(scenes, { width: size, height: size }), `Rendering ${count} scenes`, terminal)
  return contactSheet(images, { gap: Math.max(1, Math.round(size / 64)), columns: columns ?? columnsFor(count) })
}

/** The number of columns, at most six, that leaves no gap in a landscape or square sheet, if there is one. */
function columnsFor(count: number): number {
  const least = Math.min(6, Math.ceil(Math.sqrt(count)))
  const choices = Array.from({ length: 7 - least }, (_, i) => least + i)
  return choices.find((columns) => count % columns === 0) ?? least
}

/** All pictures of a dataset, which worker threads render. */
async function rendered(pictures: Dataset<Image>, label: string, terminal: Terminal): Promise<Image[]> {
  const shown = progress(terminal, label, pictures.length)
  const images: Image[] = []
  try {
    for await (const image of pictures.prefetch(16).iterate({ signal: terminal.signal })) shown.show(images.push(image))
  } finally {
    shown.end()
  }
  return images
}

const rateOf = ({ duration }: Film, { frames, rate }: OutputRequest, usual: number): number =>
  frames === undefined ? (rate ?? usual) : frames / duration

async function film(format: 'gif' | 'webp' | 'mp4' | 'webm', request: OutputRequest, terminal: Terminal): Promise<Made> {
  const { size, provenance } = request
  const played = filmOf(request)
  const silent = format === 'gif' || format === 'webp'
  const frameRate = rateOf(played, request, silent ? 12.5 : 24)
  const most = Math.floor(defaultLimits.decodedBytes / (3 * size ** 2))
  if (played.duration * frameRate > most)
    throw new UsageError(
      `Cannot hold ${Math.round(played.duration * frameRate)} frames of ${size} pixels in memory: at most ${most}`,
      'Choose a smaller --size, or fewer --frames',
    )
  const pictures = storyFrames(played.story, { frameRate, width: size, height: size })
  const frames = await rendered(pictures, `Rendering ${pictures.length} frames`, terminal)
  const about = `"${told(played, request)}", ${frames.length} frames in ${played.duration.toFixed(1)} s`
  if (silent) return { bytes: await encodeAnimation(frames, { format, frameRate, provenance, ...qualityOf(request) }), about }
  const video: Video = { frameRate, frames, audio: soundOf(played, { sampleRate: 48_000 }) }
  return { bytes: await encodeVideo(video, { format, provenance, ...qualityOf(request) }), about }
}

async function sound(format: AudioFormat, request: OutputRequest): Promise<Made> {
  const played = filmOf(request)
  const audio = soundOf(played, { sampleRate: 48_000 })
  const about = `"${told(played, request)}", ${played.duration.toFixed(1)} s`
  return { bytes: await encodeAudio(audio, { format, provenance: request.provenance }), about }
}

function truth(request: OutputRequest): Made {
  const { size, provenance } = request
  const scene = sceneOf(request)
  const caption = spoken(scene, request)
  const all = { caption, ...truthOf(scene, { width: size, height: size }), provenance }
  return { bytes: encoded(JSON.stringify(all, undefined, 2)), about: `"${caption}"` }
}

function filmTruthOf(request: OutputRequest): Made {
  const { size, provenance } = request
  const film = filmOf(request)
  const caption = told(film, request)
  const frameRate = rateOf(film, request, 24)
  const frames = filmTruth(film, { width: size, height: size, frameRate })
  const { scene, actions, duration } = film.story
  const all = {
    caption,
    duration,
    frameRate,
    width: size,
    height: size,
    scene,
    actions,
    contacts: film.contacts,
    sounds: soundEvents(film),
    frames,
    provenance,
  }
  return { bytes: encoded(JSON.stringify(all, undefined, 2)), about: `"${caption}", ${frames.length} frames` }
}
