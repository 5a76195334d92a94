import { GeneraError } from '../../graph/errors.js'
import type { Scene, Shape } from '../scene.js'

/** What may happen in a film, one word each. */
export const scripts = ['roll', 'slide', 'bounce', 'spin', 'fall', 'topple', 'orbit', 'appear', 'jump', 'pan'] as const
/** Seen from the camera at the moment when the action begins, along the ground. */
export const directions = ['left', 'right', 'away', 'closer'] as const

export type Script = (typeof scripts)[number]
export type Direction = (typeof directions)[number]

/**
 * One thing that happens. Times in seconds, lengths in metres, angles in radians. What is left out follows from the picture:
 * a travel goes as far as the frame has room for, a jump is as high as it allows.
 *
 * | script | who | needs | meaning of `amount` |
 * | --- | --- | --- | --- |
 * | roll | sphere, cylinder and torus (on their rims), cube (tumbles edge over edge) | direction | metres |
 * | slide | all but the sphere | direction | metres |
 * | bounce | sphere | direction, or none to stay on the spot | height of the first leap |
 * | spin | all, about the vertical | direction: right takes the front face to the right | turns |
 * | fall | all, hung in the air until then | | none: the scene's position says how high |
 * | topple | cube, cylinder, over the edge that faces the direction | direction | none |
 * | orbit | all | other, direction: right is the way of a right spin | turns |
 * | appear | all; absent before | | none |
 * | jump | all | direction, or none to stay on the spot | height |
 * | pan | the camera, around its target (left, right) or along its view (closer, away) | direction | radians, or metres |
 */
export interface Action {
  readonly script: Script
  /** Index into the scene's objects; left out for the camera's pan. */
  readonly object?: number
  readonly start: number
  /**
   * Of roll (but not of a cube's), spin, orbit, appear and pan. Slides, falls, bounces, jumps and topples last as long as
   * friction and gravity let them: sampled stories hold that time here, and `Film.actions` holds it for every story.
   */
  readonly duration: number
  readonly direction?: Direction
  /** The object that an orbit goes around. */
  readonly other?: number
  readonly amount?: number
}

/**
 * A film before it is played. The scene is how it begins: what will fall already hangs in the air, what will roll on its rim
 * already lies on it, and what will appear is listed, though nobody sees it yet. Actions stand in the order of their starts, so
 * "first … then …" is one after another, and "while" is an overlap.
 */
export interface Story {
  readonly scene: Scene
  readonly actions: readonly Action[]
  /** Of the whole film, in seconds. */
  readonly duration: number
}

/** A story that cannot happen: an object that does not exist, a shape that cannot do it, two objects in one place. */
export class StoryError extends GeneraError {
  override readonly name = 'StoryError'
  constructor(
    readonly parts: { action?: number; problem: string; hint?: string },
    options?: { cause?: unknown },
  ) {
    const where = parts.action === undefined ? '' : ` at action ${parts.action}`
    super('story', `Cannot play the story${where}: ${parts.problem}`, parts.hint, options)
  }
}

const offered: Record<Exclude<Script, 'pan'>, readonly Shape[] | 'all'> = {
  roll: ['sphere', 'cylinder', 'torus', 'cube'],
  slide: ['cube', 'cylinder', 'cone', 'torus', 'pyramid'],
  bounce: ['sphere'],
  spin: 'all',
  fall: 'all',
  topple: ['cube', 'cylinder'], // a cone's or a pyramid's centre of mass is so low that no push looks right
  orbit: 'all',
  appear: 'all',
  jump: 'all',
}

/** Whether a shape can do this. */
export const canPerform = (shape: Shape, script: Script): boolean =>
  script !== 'pan' && (offered[script] === 'all' || offered[script].includes(shape))

/** Whether this script always goes one way or another, so that a sentence about it can name the direction. */
export const hasDirection = (script: Script): boolean =>
  script === 'roll' || script === 'slide' || script === 'topple' || script === 'pan' || script === 'orbit'
