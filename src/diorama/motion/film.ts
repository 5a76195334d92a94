import type { Camera, Scene } from '../scene.js'
import type { Story } from './story.js'
import type { Contact, Motion } from './track.js'

/** A story as it was played: everything about it, at any instant. */
export interface Film {
  readonly story: Story
  /** In seconds. */
  readonly duration: number
  /**
   * The world at a time in seconds. What has not appeared yet is left out, so indices into these objects are positions in
   * `presentAt(time)`; within `fade` seconds of its appearance an object is there for some part only, see `presenceAt`.
   */
  readonly sceneAt: (time: number) => Scene
  readonly cameraAt: (time: number) => Camera
  /** Indices into the story's objects of those that `sceneAt` holds. */
  readonly presentAt: (time: number) => readonly number[]
  /** How much of an object is there, 0 to 1; between the two while it fades in. */
  readonly presenceAt: (object: number, time: number) => number
  /** In the order of their times. */
  readonly contacts: readonly Contact[]
  /** Every stretch of motion, in the order of their starts; rolling and sliding are what the sound goes by. */
  readonly motions: readonly Motion[]
  /** When each of the story's actions really began and ended, in seconds. */
  readonly actions: readonly { readonly start: number; readonly end: number }[]
}

/** Seconds that an object takes to fade in, at most; shorter if its action is. */
export const fade = 0.4
