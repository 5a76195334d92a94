import { dot, heights, scale } from '../geometry.js'
import type { Scene, SceneObject, Vector } from '../scene.js'
import { gravity, landingRestitution, mass, onRim, restitution, rollingDeceleration, slidingDeceleration } from './body.js'
import { bounces, bouncingTime, speedForHeight } from './flights.js'
import { groundDirection, room } from './frame.js'
import { type Action, type Script, StoryError } from './story.js'
import { tippingWay, topple } from './toppling.js'
import type { Contact, Motion, Performance, Stage } from './track.js'
import { freeWay, travel } from './travels.js'
import { orbit, spin } from './turning.js'
import { distanceBetween, heading, up } from './vectors.js'

/** What a script looks at: the stage, the action, and the way it should go if it has one. */
interface Call extends Stage {
  readonly action: Action
  readonly way: Vector | undefined
  readonly refuse: (problem: string, hint?: string) => StoryError
}

/** Metres that a travel goes, and that a jump or a bounce rises, if the frame leaves room and nobody says otherwise. */
const usual = { travel: 2.2, leap: 0.9, hop: 0.8 } as const

const performers: Record<Exclude<Script, 'pan' | 'appear'>, (call: Call) => Performance> = {
  roll(call) {
    const wanted = needWay(call)
    if (call.object.shape === 'cube') return tumble(call, wanted)
    const { action, object } = call
    if (object.shape !== 'sphere' && !onRim(object))
      throw call.refuse(`the ${object.shape} stands flat`, 'Lay it on its rim, across its way: readyScene() does that')
    // What lies on its rim rolls across its axle only, which need not be quite the way that it is asked to go.
    const way = heading(freeWay(object, wanted))
    if (!way || dot(way, wanted) < 0.7)
      throw call.refuse(`the ${object.shape} lies along its way`, 'Lay it across its way: readyScene() does that')
    const distance = action.amount ?? room(call.scene.camera, object, way, usual.travel)
    if (!(distance > 0)) return nothing
    // The push is such that the ball comes to rest when the action ends: v = 2·s / t and a = v / t.
    const speed = (2 * distance) / action.duration
    return pushed(call, way, speed, speed / action.duration)
  },

  slide(call) {
    const way = needWay(call)
    if (onRim(call.object)) throw call.refuse(`the ${call.object.shape} lies on its rim`, 'Let it roll, or begin with it upright')
    const distance = call.action.amount ?? room(call.scene.camera, call.object, way, usual.travel)
    const deceleration = slidingDeceleration(call.object.material, call.scene.setting)
    return distance > 0 ? pushed(call, way, Math.sqrt(2 * deceleration * distance), deceleration) : nothing
  },

  bounce(call) {
    const speed = speedForHeight(call.action.amount ?? headroom(call, usual.leap))
    const { way } = call
    const back = restitution[call.object.material]
    if (!way) return bounces(call, [0, speed, 0], back)
    // It rolls on after the last bounce: v·t + v²/2a is as far as the frame has room for.
    const distance = room(call.scene.camera, call.object, way, usual.travel)
    const deceleration = rollingDeceleration(call.scene.setting)
    const time = bouncingTime(speed, back)
    const sideways = deceleration * (Math.sqrt(time * time + (2 * distance) / deceleration) - time)
    const air = bounces(call, [sideways * way[0], speed, sideways * way[2]], back)
    const last = air.motions.at(-1) as Motion
    if (sideways === 0) return air
    const landed = { ...call, start: last.end, object: { ...call.object, ...last.poseAt(last.end) } }
    const rest = travel(landed, { direction: way, speed: sideways, deceleration })
    return { motions: [...air.motions, rest], contacts: air.contacts }
  },

  spin({ action, object, ...stage }) {
    const turns = (action.amount ?? 1) * (action.direction === 'left' ? -1 : 1)
    return { motions: [spin({ ...stage, object }, 2 * Math.PI * turns, action.duration)], contacts: [] }
  },

  fall(call) {
    if (heights(call.object).bottom < 0.01)
      throw call.refuse('the object is on the ground already', 'Hang it in the air: readyScene() does that')
    return bounces(call, [0, 0, 0], landingRestitution(call.object))
  },

  topple(call) {
    const way = tippingWay(call.object, needWay(call))
    if (!way) throw call.refuse(`the ${call.object.shape} already lies`)
    const { motion, contact } = topple(call, way, 'topple')
    return { motions: [motion], contacts: [contact] }
  },

  orbit(call) {
    const { action, scene } = call
    const centre = scene.objects[action.other ?? -1]
    if (!centre || action.other === call.index) throw call.refuse('an orbit needs the index of another object', 'Set `other`')
    if (distanceBetween(centre.position, [call.object.position[0], centre.position[1], call.object.position[2]]) < 0.01)
      throw call.refuse('the object stands in the middle of its orbit', 'Move it to one side')
    const turns = (action.amount ?? 1) * (action.direction === 'left' ? -1 : 1)
    return { motions: [orbit(call, centre.position, 2 * Math.PI * turns, action.duration)], contacts: [] }
  },

  jump(call) {
    const speed = speedForHeight(call.action.amount ?? headroom(call, usual.leap))
    const distance = call.way ? room(call.scene.camera, call.object, call.way, usual.hop) : 0
    const sideways = (distance * gravity) / (2 * speed)
    const [x, , z] = scale(call.way ?? up, sideways)
    return bounces(call, [x, speed, z], 0)
  },
}

const nothing: Performance = { motions: [], contacts: [] }

/** A push along the ground, with the touch that starts it. */
function pushed(call: Call, direction: Vector, speed: number, deceleration: number): Performance {
  const { object, index, start } = call
  return { motions: [travel(call, { direction, speed, deceleration })], contacts: [touch(object, index, start, 'start', speed)] }
}

/** Where rolling or sliding begins or ends. */
export function touch(object: SceneObject, index: number, time: number, kind: 'start' | 'stop', speed: number): Contact {
  const [x, , z] = object.position
  return { time, objects: [index, 'ground'], kind, impulse: mass(object) * speed, position: [x, heights(object).bottom, z], speed }
}

/** A cube goes edge over edge, pushed again over each one, as often as the way has room for; at least once. */
function tumble(call: Call, direction: Vector): Performance {
  const way = tippingWay(call.object, direction)
  if (!way) throw call.refuse('the cube does not stand on a face')
  const side = 2 * call.object.position[1]
  const turns = Math.max(1, Math.floor((call.action.amount ?? room(call.scene.camera, call.object, way, usual.travel)) / side + 1e-6))
  const motions: Motion[] = []
  const contacts: Contact[] = []
  let { object, start } = call
  for (let i = 0; i < turns; i++) {
    const { motion, contact } = topple({ ...call, object, start }, way, 'tumble')
    motions.push(motion)
    contacts.push(contact)
    object = { ...object, ...motion.poseAt(motion.end) }
    start = motion.end
  }
  return { motions, contacts }
}

/** Metres that an object can rise within the frame, up to `most`, and a hand's breadth even where there is no room. */
const headroom = ({ scene, object }: Stage, most: number): number => Math.max(room(scene.camera, object, up, most), 0.1)

function needWay({ way, refuse }: Call): Vector {
  if (!way) throw refuse('it needs a direction', "Add direction: 'left', 'right', 'away' or 'closer'")
  return way
}

/** What an object's action comes to, as if it were alone; collisions are found and worked in afterwards. */
export function perform(scene: Scene, object: SceneObject, action: Action, position: number): Performance {
  if (action.script === 'pan' || action.script === 'appear') return nothing
  const refuse = (problem: string, hint?: string): StoryError =>
    new StoryError({ action: position, problem, ...(hint === undefined ? {} : { hint }) })
  const way = action.direction && groundDirection(scene.camera, action.direction)
  const stage = { scene, index: action.object ?? 0, object, start: action.start }
  return performers[action.script]({ ...stage, action, way, refuse })
}
