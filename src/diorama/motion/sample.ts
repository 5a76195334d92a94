import { GeneraError } from '../../graph/errors.js'
import { Key, key } from '../../graph/random/index.js'
import { cross, dot, heights, subtract } from '../geometry.js'
import { Draw } from '../random.js'
import { sampleScene } from '../sample.js'
import { radius, type Scene, type SceneObject } from '../scene.js'
import type { Split } from '../splits.js'
import { visibilityOf } from '../visibility.js'
import { diorama, type World } from '../worlds.js'
import type { Film } from './film.js'
import { groundDirection, inFrame, room } from './frame.js'
import { playStory } from './play.js'
import { readyScene } from './ready.js'
import { type Action, canPerform, type Direction, directions, type Script, type Story, StoryError, scripts } from './story.js'
import { distanceBetween, up } from './vectors.js'

export interface StoryOptions {
  /** How many things happen; drawn from one to three if it is not said. */
  readonly actions?: number
  /** Which side of the held-out rule the scene lies on. Default `all`. */
  readonly split?: Split
}

const attempts = 60
/** Seconds; a model of films wants a few frames of even the briefest story. */
const shortest = 2
/** Tries for each further action before the whole draft is given up. */
const tries = 12

/**
 * A random story of a world that can be played: everything stays inside a square frame, nothing passes through anything, and
 * every action goes far enough to be seen. The same seed, world and options give the same story.
 */
export function sampleStory(seed: number | Key, world: World = diorama.full, { actions, split = 'all' }: StoryOptions = {}): Story {
  if (actions !== undefined && !(Number.isInteger(actions) && actions >= 1 && actions <= 8))
    throw new GeneraError('story-sample', `Cannot sample a story of ${actions} actions: it has 1 to 8`)
  const draw = new Draw(seed instanceof Key ? seed : key(seed)).child('story', world.name)
  const count = actions ?? 1 + draw.weighted('count', [4, 4, 2])
  for (let attempt = 0; attempt < attempts; attempt++) {
    const own = draw.child(attempt)
    // Stacks stay out: what carries another cannot move. The camera steps back, so that there is room to move in.
    const still = sampleScene(own.child('scene').key, { ...world, stacks: 0 }, { split })
    const camera = { ...still.camera, distance: still.camera.distance * own.uniform('distance', 1.25, 1.5) }
    const story = draft({ ...still, camera }, count, own)
    if (story) return story
  }
  throw new GeneraError(
    'story-sample',
    `Cannot sample a story of ${count} actions in ${world.name}: none of ${attempts} scenes has room for them`,
    'Ask for fewer actions, or for a world with more shapes',
  )
}

function draft(still: Scene, count: number, draw: Draw): Story | undefined {
  let story: Story | undefined
  let film: Film | undefined
  for (let n = 0; n < count; n++) {
    const grown = further(still, story, film, draw.child('action', n))
    if (!grown) return undefined
    story = grown.story
    film = grown.film
  }
  return story
}

/** The story with one more action at its end, or beside its last one. */
function further(still: Scene, before: Story | undefined, film: Film | undefined, draw: Draw): { story: Story; film: Film } | undefined {
  const actions = before?.actions ?? []
  for (let attempt = 0; attempt < tries; attempt++) {
    const own = draw.child(attempt)
    const last = film?.actions.at(-1)
    const calm = Math.max(0.3, ...(film?.motions ?? []).map(({ end }) => end), ...(film?.actions ?? []).map(({ end }) => end))
    const beside = last !== undefined && own.chance('meanwhile', 0.2)
    const start = round(beside ? last.start : calm + (last ? own.uniform('pause', 0.15, 0.4) : 0))
    const action = drawAction(film?.sceneAt(start) ?? still, actions, start, own)
    if (!action) continue
    const played = accept(still, [...actions, action])
    if (played) return played
  }
  return undefined
}

/** Times in a story read better, and mean the same everywhere, as whole hundredths of a second. */
const round = (seconds: number): number => Math.ceil(seconds * 100 - 1e-6) / 100

/** How often each script is tried, in the order of `scripts`; most tries of rolls, bounces and orbits fail for want of room. */
const weights = [6, 3, 3, 2, 2, 3, 5, 1.5, 2, 1.5] as const

/** Something that may happen now, without a look at what it leads to. */
function drawAction(now: Scene, actions: readonly Action[], start: number, draw: Draw): Action | undefined {
  const script = scripts[draw.weighted('script', weights)] as Script
  let direction: Direction = draw.pick('direction', directions)
  if (script === 'pan') return drawPan(start, direction, draw)
  const able = now.objects.flatMap((object, i) => (mayPerform(object, i, script, actions) ? [i] : []))
  if (able.length === 0) return undefined
  const index = draw.pick('object', able)
  const object = now.objects[index] as SceneObject
  if ((script === 'roll' || script === 'slide') && draw.chance('aim', 0.6)) direction = towardsAnother(now, index) ?? direction
  const way = groundDirection(now.camera, direction)
  const common = { script, object: index, start }
  switch (script) {
    case 'roll':
    case 'slide': {
      const amount = room(now.camera, object, way, 3) * draw.uniform('amount', 0.6, 1)
      return amount > 0.5 ? { ...common, duration: round(amount / draw.uniform('speed', 0.7, 1.3)), direction, amount } : undefined
    }
    case 'spin':
      return {
        ...common,
        duration: round(draw.uniform('duration', 1, 2)),
        direction: sideways(direction),
        amount: draw.integer('turns', 1, 3),
      }
    case 'orbit': {
      const others = now.objects.flatMap((_, i) => (i === index ? [] : [i]))
      if (others.length === 0) return undefined
      const amount = draw.pick('turns', [0.5, 1])
      const duration = round(draw.uniform('duration', 2.5, 4) * (0.4 + 0.6 * amount))
      return { ...common, duration, direction: sideways(direction), other: draw.pick('other', others), amount }
    }
    case 'bounce':
    case 'jump': {
      const amount = draw.uniform('amount', 0.4, 1)
      return { ...common, duration: 1, amount, ...(draw.chance('along', 0.5) ? { direction } : {}) }
    }
    case 'topple':
      return { ...common, duration: 1, direction }
    case 'appear':
    case 'fall':
      return { ...common, duration: 0.5 }
  }
}

function drawPan(start: number, direction: Direction, draw: Draw): Action {
  const turns = direction === 'left' || direction === 'right'
  const amount = turns ? draw.uniform('angle', 0.3, 0.7) : draw.uniform('metres', 0.6, 1.6)
  return { script: 'pan', start, duration: round(draw.uniform('duration', 1.5, 2.5)), direction, amount }
}

/** The direction in which the nearest object stands that would be run into. */
function towardsAnother({ camera, objects }: Scene, index: number): Direction | undefined {
  const own = objects[index] as SceneObject
  let best: Direction | undefined
  let nearest = Number.POSITIVE_INFINITY
  for (const direction of directions) {
    const way = groundDirection(camera, direction)
    for (const [i, other] of objects.entries()) {
      const apart = subtract(other.position, own.position)
      const ahead = dot(apart, way)
      const aside = Math.abs(dot(apart, cross(way, up)))
      if (i === index || ahead <= 0 || ahead > nearest || aside > 0.7 * (radius(own) + radius(other))) continue
      nearest = ahead
      best = direction
    }
  }
  return best
}

const sideways = (direction: Direction): 'left' | 'right' => (direction === 'left' || direction === 'closer' ? 'left' : 'right')

/** Whether a script suits an object: it can do it, one would see it, and its pose at the beginning of the film allows it. */
function mayPerform(object: SceneObject, index: number, script: Script, actions: readonly Action[]): boolean {
  if (!canPerform(object.shape, script)) return false
  const first = actions.every((action) => action.object !== index)
  const onRim = script === 'roll' && (object.shape === 'cylinder' || object.shape === 'torus')
  if (script === 'appear' || script === 'fall' || onRim) return first
  return script !== 'spin' || object.shape === 'cube' || object.shape === 'pyramid' || object.decal !== undefined
}

/** The story and its film, if it can happen and stays in the picture. */
function accept(still: Scene, actions: readonly Action[]): { story: Story; film: Film } | undefined {
  const scene = readyScene(still, actions)
  const film = playIfPossible({ scene, actions, duration: 120 })
  if (!film) return undefined
  const end = Math.max(...film.actions.map((action) => action.end), ...film.motions.map((motion) => motion.end))
  const duration = Math.max(shortest, Math.ceil((end + 0.4) * 10) / 10)
  if (duration > 30 || !staysInFrame(film, duration)) return undefined
  const hitsHanging = film.contacts.some(({ kind, objects: [, other], time }) => kind === 'hit' && other !== 'ground' && hangs(film, time))
  if (hitsHanging || actions.some((_, i) => !goesSomewhere(film, i))) return undefined
  if (visibilityOf(film.sceneAt(duration), { width: 32, height: 32 }).some(({ visible }) => visible < 0.35)) return undefined
  const timed = actions.map((action, i) => ({ ...action, duration: lasting(action, film, i) }))
  const story = { scene, actions: timed, duration }
  return { story, film: { ...film, story, duration } }
}

/** What physics decides is written into the story; what the story decides stays. */
function lasting({ script, duration, object }: Action, film: Film, position: number): number {
  const { start, end } = film.actions[position] as Film['actions'][number]
  if (film.story.scene.objects[object ?? -1]?.shape === 'cube' && script === 'roll') return end - start
  return script === 'roll' || script === 'spin' || script === 'orbit' || script === 'appear' || script === 'pan' ? duration : end - start
}

/** Metres that a roll or a slide must go in the end, whatever it runs into. */
const leastTravel = 0.4

function goesSomewhere(film: Film, position: number): boolean {
  const { script, object } = film.story.actions[position] as Action
  if (script !== 'roll' && script !== 'slide') return true
  const { start, end } = film.actions[position] as Film['actions'][number]
  const [first, ...more] = film.motions.filter((motion) => motion.object === object && motion.start >= start && motion.end <= end)
  const last = more.at(-1) ?? first
  if (!first || !last) return false
  return distanceBetween(first.poseAt(first.start).position, last.poseAt(last.end).position) > leastTravel
}

/** Whether something is up in the air; a blow on the ground at that time could only come from below it. */
const hangs = (film: Film, time: number): boolean => film.sceneAt(time).objects.some((object) => heights(object).bottom > 0.01)

function playIfPossible(story: Story): Film | undefined {
  try {
    return playStory(story)
  } catch (error) {
    if (error instanceof StoryError) return undefined
    throw error
  }
}

function staysInFrame(film: Film, duration: number): boolean {
  for (let time = 0; time <= duration; time += 0.05) {
    const { camera, objects } = film.sceneAt(time)
    if (!objects.every((object) => inFrame(camera, object))) return false
  }
  return true
}
