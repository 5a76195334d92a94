import { boundingFactor, dot, heights, length, scale, subtract } from '../geometry.js'
import { radius, type SceneObject, type Setting, type Vector } from '../scene.js'
import { collisionRestitution, inertia, isRound, rollingDeceleration, slidingDeceleration } from './body.js'
import { type Gap, gapBetween } from './hull.js'
import { type Contact, isTravel, type Track } from './track.js'
import { freeWay, travel } from './travels.js'
import { along, distanceBetween, heading } from './vectors.js'

/** Objects touch when they are as close as this, in metres: a tenth of a millimetre keeps them from ever overlapping. */
export const skin = 1e-4
/** Two objects that meet more slowly than this (m/s) come to rest, which ends the shrinking series of their blows. */
const lull = 0.08

const still: Vector = [0, 0, 0]

export interface Meeting {
  readonly time: number
  readonly gap: Gap
}

const reachOf = (object: SceneObject): number => radius(object) * boundingFactor[object.shape]

/**
 * The first time at which two objects meet, by conservative advancement: as nothing moves faster than its limit, the gap
 * between them says for how long they cannot meet.
 */
export function firstMeeting(a: Track, b: Track, from: number, until: number): Meeting | undefined {
  let time = Math.max(from, a.appearance, b.appearance)
  while (time < until) {
    const [moving, other] = [a.motionAt(time), b.motionAt(time)]
    const limit = (moving?.limit ?? 0) + (other?.limit ?? 0)
    if (limit === 0) return undefined
    const stretch = Math.min(moving?.end ?? until, other?.end ?? until, until)
    const [objectA, objectB] = [a.at(time), b.at(time)]
    const atLeast = distanceBetween(objectA.position, objectB.position) - reachOf(objectA) - reachOf(objectB)
    const gap = atLeast > 0.2 ? undefined : gapBetween(objectA, objectB)
    const distance = gap?.distance ?? atLeast
    if (gap && distance <= skin) {
      const travels = (!moving || isTravel(moving)) && (!other || isTravel(other))
      const closing = gap.normal && dot(subtract(velocity(a, time), velocity(b, time)), gap.normal)
      if (!travels || closing === undefined || closing > 1e-6) return { time, gap }
      time = Math.min(time + 1e-3, stretch)
    } else time = Math.min(time + Math.max(distance - skin / 2, skin / 2) / limit, stretch)
  }
  return undefined
}

const velocity = (track: Track, time: number): Vector => track.motionAt(time)?.velocityAt(time) ?? still

/** Whether an object can be pushed at all: one that hangs, stands on another or carries another cannot. */
export function isAnchored(tracks: readonly Track[], index: number, time: number): boolean {
  const object = (tracks[index] as Track).at(time)
  if (heights(object).bottom > 0.01) return true
  return tracks.some((track, i) => i !== index && track.appearance <= time && standsOn(track.at(time), object))
}

/** Whether one object rests on another. */
export function standsOn(upper: SceneObject, lower: SceneObject): boolean {
  const across = Math.hypot(upper.position[0] - lower.position[0], upper.position[2] - lower.position[2])
  return Math.abs(heights(upper).bottom - heights(lower).top) < 0.03 && across < radius(lower) + radius(upper)
}

/**
 * The blow between two objects that meet on the ground: equal and opposite impulses along the horizontal line between them, as
 * large as the material gives back. Both go on in straight lines. Returns what the meeting sounds like.
 */
export function collide(tracks: readonly Track[], first: number, second: number, { time, gap }: Meeting, setting: Setting): Contact {
  const line = heading(gap.normal ?? [1, 0, 0]) ?? [1, 0, 0]
  const bodies = [first, second].map((index) => {
    const track = tracks[index] as Track
    const object = track.at(time)
    const yields = isAnchored(tracks, index, time) ? still : scale(freeWay(object, line), 1 / inertia(object))
    return { index, track, object, yields, before: velocity(track, time) }
  })
  const [a, b] = bodies as [(typeof bodies)[0], (typeof bodies)[0]]
  const speed = dot(subtract(a.before, b.before), line)
  const back = speed < lull ? 0 : collisionRestitution(a.object, b.object)
  const impulse = ((1 + back) * speed) / (dot(a.yields, line) + dot(b.yields, line) || Number.POSITIVE_INFINITY)
  for (const { index, track, object, yields, before } of bodies) {
    const after = speed < lull ? still : along(before, yields, index === first ? -impulse : impulse)
    const motion = track.motionAt(time)
    track.cut(time)
    if (length(after) < lull / 4) continue
    const found = isRound(object) ? rollingDeceleration(setting) : slidingDeceleration(object.material, setting)
    const deceleration = isTravel(motion) ? motion.deceleration : found
    track.add(travel({ index, object, start: time }, { direction: scale(after, 1 / length(after)), speed: length(after), deceleration }))
  }
  return { time, objects: [first, second], kind: 'hit', impulse, position: gap.point, speed }
}
