import type { Quaternion, Scene, SceneObject, Vector } from '../scene.js'

/** How something moves. Only `roll` and `slide` can be met by others; the rest wants its way free. */
export type MotionKind = 'roll' | 'slide' | 'tumble' | 'fly' | 'topple' | 'spin' | 'orbit'

export interface Pose {
  readonly position: Vector
  readonly rotation: Quaternion
}

/** One stretch of an object's motion with a closed form, so that any instant of it can be asked for on its own. */
export interface Motion {
  readonly kind: MotionKind
  readonly object: number
  /** In seconds from the beginning of the film. */
  readonly start: number
  readonly end: number
  readonly poseAt: (time: number) => Pose
  /** Of the centre, in m/s. */
  readonly velocityAt: (time: number) => Vector
  /** In radians per second, about any axis. */
  readonly turningAt: (time: number) => number
  /** No point of the object ever moves faster than this, in m/s. */
  readonly limit: number
}

/** A motion along the ground in a straight line, evenly slowed: what a collision can cut short and change. */
export interface Travel extends Motion {
  readonly kind: 'roll' | 'slide'
  readonly direction: Vector
  readonly deceleration: number
}

export const isTravel = (motion: Motion | undefined): motion is Travel =>
  motion !== undefined && (motion.kind === 'roll' || motion.kind === 'slide') && 'deceleration' in motion

/** Everything that one object does, in order and without overlaps; between motions it rests where the last one left it. */
export class Track {
  readonly #motions: Motion[] = []

  constructor(
    readonly object: SceneObject,
    /** Nobody sees it, and nothing touches it, before this. */
    readonly appearance: number,
  ) {}

  get motions(): readonly Motion[] {
    return this.#motions
  }

  get end(): number {
    return this.#motions.at(-1)?.end ?? 0
  }

  add(motion: Motion): void {
    this.#motions.push(motion)
  }

  /** Drops what was planned from `time` on. */
  cut(time: number): void {
    while ((this.#motions.at(-1)?.start ?? -1) >= time) this.#motions.pop()
    const last = this.#motions.at(-1)
    if (last && last.end > time) this.#motions.splice(-1, 1, { ...last, end: time })
  }

  /** The motion under way at this instant. */
  motionAt(time: number): Motion | undefined {
    const last = this.#lastBefore(time)
    return last && time < last.end ? last : undefined
  }

  at(time: number): SceneObject {
    const last = this.#lastBefore(time)
    return last ? { ...this.object, ...last.poseAt(Math.min(time, last.end)) } : this.object
  }

  #lastBefore(time: number): Motion | undefined {
    for (let i = this.#motions.length - 1; i >= 0; i--) {
      const motion = this.#motions[i] as Motion
      if (motion.start <= time) return motion
    }
    return undefined
  }
}

/** Two things that touch, or one and the ground. */
export interface Contact {
  /** In seconds, exact. */
  readonly time: number
  /** Indices into the story's scene. */
  readonly objects: readonly [number, number | 'ground']
  /** A hit is a blow; start and stop are where rolling and sliding on the ground begin and end. */
  readonly kind: 'hit' | 'start' | 'stop'
  /** In N·s. */
  readonly impulse: number
  /** Where they touch, in metres. */
  readonly position: Vector
  /** At which they meet, along the line of the blow, or with which a travel starts; in m/s. */
  readonly speed: number
}

/** What a script adds to a film. */
export interface Performance {
  readonly motions: readonly Motion[]
  readonly contacts: readonly Contact[]
}

/** What a script can see of the world at the moment when it begins. */
export interface Stage {
  readonly scene: Scene
  readonly index: number
  /** As it stands at `start`. */
  readonly object: SceneObject
  readonly start: number
}
