import { compose, rotate, turn, yaw } from '../geometry.js'
import { radius, type Vector } from '../scene.js'
import type { Motion, Stage } from './track.js'

/** A spin about the vertical that begins at once and that friction brings to rest evenly. */
export function spin({ index, object, start }: Stage, angle: number, duration: number): Motion {
  const share = (time: number): number => Math.min(Math.max((time - start) / duration, 0), 1)
  return {
    kind: 'spin',
    object: index,
    start,
    end: start + duration,
    limit: ((2 * Math.abs(angle)) / duration) * radius(object) * Math.SQRT2,
    velocityAt: () => [0, 0, 0],
    turningAt: (time) => ((2 * angle) / duration) * (1 - share(time)),
    poseAt(time) {
      const u = share(time)
      return { position: object.position, rotation: compose(yaw(angle * u * (2 - u)), object.rotation) }
    },
  }
}

/**
 * A circle around a point that starts and stops gently and keeps the same side towards the middle. A ball rolls as it goes:
 * seen from an observer who turns along, it rolls straight on without slipping.
 */
export function orbit({ index, object, start }: Stage, centre: Vector, angle: number, duration: number): Motion {
  const arm: Vector = [object.position[0] - centre[0], 0, object.position[2] - centre[2]]
  const distance = Math.hypot(arm[0], arm[2])
  const share = (time: number): number => Math.min(Math.max((time - start) / duration, 0), 1)
  const turningAt = (time: number): number => ((6 * angle) / duration) * share(time) * (1 - share(time))
  const rolls = object.shape === 'sphere'
  const axle: Vector = [arm[0] / distance, 0, arm[2] / distance]
  return {
    kind: 'orbit',
    object: index,
    start,
    end: start + duration,
    limit: ((1.5 * Math.abs(angle)) / duration) * (distance + radius(object) * Math.SQRT2),
    velocityAt(time) {
      const [x, , z] = rotate(yaw(angle * smooth(share(time))), arm)
      return [turningAt(time) * z, 0, -turningAt(time) * x]
    },
    turningAt: (time) => turningAt(time) * (rolls ? distance / radius(object) : 1),
    poseAt(time) {
      const turned = angle * smooth(share(time))
      const around = yaw(turned)
      const [x, , z] = rotate(around, arm)
      const rotation = rolls ? compose(turn(axle, (-turned * distance) / radius(object)), object.rotation) : object.rotation
      return { position: [centre[0] + x, object.position[1], centre[2] + z], rotation: compose(around, rotation) }
    },
  }
}

/** From 0 to 1 with no speed at either end. */
export const smooth = (u: number): number => u * u * (3 - 2 * u)
