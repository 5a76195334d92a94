import { GeneraError } from '../../graph/errors.js'
import type { Image } from '../../media/image.js'
import { type RenderOptions, renderScene } from '../render/render-scene.js'
import type { Camera, Quaternion, Vector } from '../scene.js'
import { visibilityOf } from '../visibility.js'
import type { Film } from './film.js'
import type { Contact } from './track.js'

export interface FrameOptions extends Omit<RenderOptions, 'camera'> {
  /** Frames per second. */
  readonly frameRate: number
}

const mostFrames = 100_000

/** The times of a film's frames in seconds: the first at 0, one every 1 / frameRate, none at or after the end. */
export function frameTimes(film: Film, { frameRate }: Pick<FrameOptions, 'frameRate'>): number[] {
  const count = Math.max(1, Math.round(film.duration * frameRate))
  if (!(frameRate > 0 && count <= mostFrames))
    throw new GeneraError(
      'film-frames',
      `Cannot take frames of ${film.duration} s at ${frameRate} a second: a film has 1 to ${mostFrames} frames`,
      'Choose another frame rate',
    )
  return Array.from({ length: count }, (_, i) => i / frameRate)
}

/** A film's pictures, one after another, so that long films need not fit into memory. */
export function* filmFrames(film: Film, options: FrameOptions): Generator<Image, void, undefined> {
  for (const time of frameTimes(film, options)) yield frameAt(film, time, options)
}

/**
 * The picture of one instant. Something that fades in is blended from two pictures, without it and with it, so that its shadow
 * and its reflections fade in as well; if several fade at once, they do so by their mean.
 */
export function frameAt(film: Film, time: number, options: RenderOptions): Image {
  const scene = film.sceneAt(time)
  const { image } = renderScene(scene, options)
  const presences = film.presentAt(time).map((object) => film.presenceAt(object, time))
  const fading = presences.filter((presence) => presence < 1)
  if (fading.length === 0) return image
  const before = renderScene({ ...scene, objects: scene.objects.filter((_, i) => presences[i] === 1) }, options).image
  const share = fading.reduce((sum, presence) => sum + presence, 0) / fading.length
  const data = image.data.map((value, i) => Math.round(share * value + (1 - share) * (before.data[i] as number)))
  return { ...image, data }
}

/** What is true of one object in one frame. */
export interface ObjectFrame {
  /** Index into the story's objects. */
  readonly object: number
  readonly position: Vector
  readonly rotation: Quaternion
  /** How much of it has faded in, 0 to 1. */
  readonly presence: number
  /** Pixels that show it, and their share of its whole silhouette. */
  readonly pixels: number
  readonly visible: number
}

/** What is true of one frame; objects that have not appeared are left out. */
export interface FrameTruth {
  readonly time: number
  readonly camera: Camera
  readonly objects: readonly ObjectFrame[]
  /** From this frame's time to the next one's. */
  readonly contacts: readonly Contact[]
  /** Indices of the story's actions that are under way. */
  readonly actions: readonly number[]
}

export function filmTruth(film: Film, options: FrameOptions): FrameTruth[] {
  const { width, height, frameRate } = options
  return frameTimes(film, options).map((time) => {
    const scene = film.sceneAt(time)
    const seen = visibilityOf(scene, { width, height })
    const objects = film.presentAt(time).map((object, i): ObjectFrame => {
      const { position, rotation } = scene.objects[i] as (typeof scene.objects)[number]
      const { pixels, visible } = seen[i] as (typeof seen)[number]
      return { object, position, rotation, presence: film.presenceAt(object, time), pixels, visible }
    })
    const contacts = film.contacts.filter((contact) => contact.time >= time && contact.time < time + 1 / frameRate)
    const actions = film.actions.flatMap(({ start, end }, i) => (start <= time && time < end ? [i] : []))
    return { time, camera: scene.camera, objects, contacts, actions }
  })
}
