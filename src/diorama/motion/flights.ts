import { compose, cross, turn } from '../geometry.js'
import { radius, type Vector } from '../scene.js'
import { gravity, mass, restingHeight } from './body.js'
import type { Contact, Motion, Performance, Stage } from './track.js'
import { along, up } from './vectors.js'

/** Below this speed a bounce is too low to see, in m/s: the object stays where it is. */
const slowest = 0.3

/** One parabola from a point with a velocity, until `end`; a ball turns as if it rolled along below its way. */
function flight({ index, object, start }: Pick<Stage, 'index' | 'object' | 'start'>, velocity: Vector, end: number): Motion {
  const [vx, vy, vz] = velocity
  const sideways = Math.hypot(vx, vz)
  const turning = object.shape === 'sphere' ? sideways / radius(object) : 0
  const axis = sideways > 0 ? cross(up, [vx / sideways, 0, vz / sideways]) : up
  return {
    kind: 'fly',
    object: index,
    start,
    end,
    limit: Math.hypot(sideways, Math.max(Math.abs(vy), Math.abs(vy - gravity * (end - start)))),
    velocityAt: (time) => [vx, vy - gravity * (time - start), vz],
    turningAt: () => turning,
    poseAt(time) {
      const t = time - start
      const [x, y, z] = along(object.position, velocity, t)
      return {
        position: [x, y - (gravity * t * t) / 2, z],
        rotation: turning > 0 ? compose(turn(axis, turning * t), object.rotation) : object.rotation,
      }
    },
  }
}

/**
 * Parabolas one after another: each landing keeps the share `restitution` of the vertical speed, and all of the horizontal
 * one, until a bounce is too slow to be seen. Landings are exact, because each flight time is a root of a quadratic.
 */
export function bounces(stage: Stage, velocity: Vector, restitution: number): Performance {
  const ground = restingHeight(stage.object)
  const motions: Motion[] = []
  const contacts: Contact[] = []
  let { object, start } = stage
  let [vx, vy, vz] = velocity
  for (;;) {
    const height = Math.max(object.position[1] - ground, 0)
    const landing = Math.sqrt(vy * vy + 2 * gravity * height) // the downward speed at the ground
    const end = start + (vy + landing) / gravity
    const motion = flight({ ...stage, object, start }, [vx, vy, vz], end)
    motions.push(motion)
    const { position, rotation } = motion.poseAt(end)
    object = { ...object, rotation, position: [position[0], ground, position[2]] }
    const next = restitution * landing
    const stays = next < slowest
    contacts.push({
      time: end,
      objects: [stage.index, 'ground'],
      kind: 'hit',
      impulse: mass(object) * (landing + (stays ? 0 : next)),
      position: [position[0], 0, position[2]],
      speed: landing,
    })
    if (stays) return { motions, contacts }
    start = end
    vy = next
  }
}

/** The time that `bounces` takes from the ground with an upward speed, in seconds. */
export function bouncingTime(speed: number, restitution: number): number {
  let time = 0
  for (let v = speed; ; v *= restitution) {
    time += (2 * v) / gravity
    if (restitution * v < slowest) return time
  }
}

/** The upward speed that reaches a height, in m/s. */
export const speedForHeight = (height: number): number => Math.sqrt(2 * gravity * height)
