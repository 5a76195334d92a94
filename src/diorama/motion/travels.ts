import { axesOf, compose, cross, dot, scale, turn, yaw } from '../geometry.js'
import { radius, type SceneObject, type Vector } from '../scene.js'
import { isRound, onRim } from './body.js'
import type { Stage, Travel } from './track.js'
import { along, heading, up } from './vectors.js'

/**
 * A straight way along the ground with an even loss of speed, in closed form: s(t) = v·t − a·t²/2 until v = a·t.
 * Round things roll without slipping, so they turn by s / r.
 */
export function travel(
  { index, object, start }: Pick<Stage, 'index' | 'object' | 'start'>,
  { direction, speed, deceleration }: { direction: Vector; speed: number; deceleration: number },
): Travel {
  const kind = isRound(object) ? 'roll' : 'slide'
  const elapsed = (time: number): number => Math.min(Math.max(time - start, 0), speed / deceleration)
  const speedAt = (time: number): number => speed - deceleration * elapsed(time)
  const r = radius(object)
  const axis = cross(up, direction)
  return {
    kind,
    object: index,
    start,
    end: start + speed / deceleration,
    direction,
    deceleration,
    limit: speed,
    velocityAt: (time) => scale(direction, speedAt(time)),
    turningAt: (time) => (kind === 'roll' ? speedAt(time) / r : 0),
    poseAt(time) {
      const t = elapsed(time)
      const distance = speed * t - (deceleration * t * t) / 2
      const rotation = kind === 'roll' ? compose(turn(axis, distance / r), object.rotation) : object.rotation
      return { position: along(object.position, direction, distance), rotation }
    },
  }
}

/**
 * The share of a push that an object gives way to, as a vector along the ground: a ball and everything that slides take all of
 * it, something on its rim only what lies across its axle, because the rim grips sideways.
 */
export function freeWay(object: SceneObject, push: Vector): Vector {
  if (!onRim(object)) return push
  const across = heading(cross(axesOf(object.rotation)[1], up)) ?? push
  return scale(across, dot(across, push))
}

/** The object tipped over so that a cylinder or a torus stands on its rim, ready to roll in a direction. */
export function laidOnRim(object: SceneObject, direction: Vector): SceneObject {
  const rotation = compose(yaw(Math.atan2(direction[0], direction[2])), turn([0, 0, 1], Math.PI / 2))
  return { ...object, rotation, position: [object.position[0], radius(object), object.position[2]] }
}
