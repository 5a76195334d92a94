import { GeneraError } from '../graph/errors.js'
import { Key, key } from '../graph/random/index.js'
import { projector, rightOf, towardsViewer } from './camera.js'
import { longestDecal } from './decals.js'
import { add, outline, scale, yaw } from './geometry.js'
import { Draw } from './random.js'
import { type Camera, type Decal, halfHeight, radius, type Scene, type SceneObject, symbols, type Vector } from './scene.js'
import { inSplit, isHeldOutPair, type Split } from './splits.js'
import { visibilityOf } from './visibility.js'
import { diorama, type World } from './worlds.js'

export interface SampleOptions {
  /** Which side of the held-out rule the scene lies on. Default `all`. */
  readonly split?: Split
}

const attempts = 400
/** Short words that decals carry besides single letters and digits. */
const words = ['HI', 'GO', 'YES', 'NO', 'OK', 'WOW', 'HOT', 'ICE', 'SUN', 'TOP', 'LOVE', 'PLAY', 'ART', '42', '7UP', 'ZOO'] as const
/** Half the picture's width and height that the objects may fill, and how far below its middle they are centred. */
const frame = { x: 0.86, y: 0.8, lowered: 0.14 }

/**
 * A random scene of a world: the same seed, world and split give the same scene. Every object stands on the ground or on a flat
 * top, none touches another from the side, all are inside a square frame, and at least half of each can be seen.
 */
export function sampleScene(seed: number | Key, world: World = diorama.full, { split = 'all' }: SampleOptions = {}): Scene {
  const draw = new Draw(seed instanceof Key ? seed : key(seed)).child(world.name)
  // Drawn once, before anything can be turned down: crowded scenes are as frequent as the world says.
  const setting = draw.pick('setting', world.settings)
  const time = setting === 'night city' ? 'night' : draw.pick('time', world.times)
  const style = draw.pick('style', world.styles)
  const count = 1 + draw.weighted('count', world.counts)
  for (let attempt = 0; attempt < attempts; attempt++) {
    const placed = draft(draw.child('attempt', attempt), world, split, count)
    if (!placed) continue
    const scene: Scene = { ...placed, setting, time, style, seed: draw.integer('seed', 0, 2 ** 31 - 1) }
    if (inSplit(scene, split) && wellSeen(scene)) return scene
  }
  throw new GeneraError(
    'scene-sample',
    `Cannot sample a ${split} scene of ${world.name}: none of ${attempts} drafts of ${count} objects fits`,
    'The world may leave too little choice, for example only held-out pairs of shape and colour',
  )
}

/** One try; nothing if the objects find no place. */
function draft(draw: Draw, world: World, split: Split, count: number): Pick<Scene, 'objects' | 'camera'> | undefined {
  const looks = Array.from({ length: count }, (_, i) => look(draw.child('object', i), world, split))
  const { azimuth, elevation, fieldOfView } = world.camera
  // Many objects are looked at from higher up, so that they hide less of each other.
  const lowest = elevation[0] + (elevation[1] - elevation[0]) * 0.12 * (count - 1)
  const camera = {
    azimuth: draw.uniform('azimuth', ...azimuth),
    // Low views are the more frequent ones: they show the horizon.
    elevation: lowest + (elevation[1] - lowest) * draw.uniform('elevation', 0, 1) ** 1.6,
    fieldOfView: draw.uniform('field of view', ...fieldOfView),
  }
  const view = draw.uniform('view', ...world.view)
  const objects = place(draw.child('places'), looks, world, camera.azimuth, view)
  const aimed = objects && aim(objects, camera, view)
  return aimed && { objects, camera: aimed }
}

type Look = Omit<SceneObject, 'position' | 'rotation'>

function look(draw: Draw, world: World, split: Split): Look {
  const size = draw.pick('size', world.sizes)
  const material = draw.pick('material', world.materials)
  // A training scene is never lost to a held-out pair: the pair is drawn again on its own.
  for (let i = 0; ; i++) {
    const pair = { shape: draw.pick(`shape ${i}`, world.shapes), colour: draw.pick(`colour ${i}`, world.colours) }
    if (split === 'train' && isHeldOutPair(pair) && i < attempts) continue
    const painted = pair.shape !== 'torus' && material !== 'glass' && draw.chance('decal', world.decals)
    return painted ? { ...pair, size, material, decal: decal(draw.child('paint')) } : { ...pair, size, material }
  }
}

function decal(draw: Draw): Decal {
  const kind = draw.weighted('kind', [3, 2, 2, 3])
  if (kind === 0) return { kind: 'text', text: draw.pick('letter', [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ']) }
  if (kind === 1) return { kind: 'text', text: String(draw.integer('digit', 0, 9)) }
  if (kind === 2) return { kind: 'text', text: draw.pick('word', words).slice(0, longestDecal) }
  return { kind: 'symbol', symbol: draw.pick('symbol', symbols) }
}

/**
 * Finds a place for each look, in a frame that shows `view` metres: on the ground by rejection, at most one of them on another's
 * flat top. Nothing if one finds none.
 */
function place(draw: Draw, looks: readonly Look[], world: World, azimuth: number, view: number): SceneObject[] | undefined {
  const rightwards = rightOf({ azimuth })
  const towards = towardsViewer({ azimuth })
  const objects: SceneObject[] = []
  const stacked = looks.length > 1 && draw.chance('stack', world.stacks)
  const room = Math.min(0.55 + 0.42 * looks.length ** 0.7, 0.47 * view)
  for (const [i, look] of looks.entries()) {
    const own = draw.child(i)
    const facing = azimuth + own.uniform('turn', -world.turn, world.turn) * (look.decal ? 0.5 : 1)
    const base = stacked && i === looks.length - 1 ? objects.find((object) => carries(object, look)) : undefined
    if (base) {
      const slack = 0.3 * (radius(base) - radius(look)) + 0.03
      const top = base.position[1] + halfHeight(base) + halfHeight(look)
      const shift: Vector = [own.uniform('x', -slack, slack), 0, own.uniform('z', -slack, slack)]
      objects.push({ ...look, position: add([base.position[0], top, base.position[2]], shift), rotation: yaw(facing) })
      continue
    }
    const object = ground(own, look, objects, room, rightwards, towards, facing)
    if (!object) return undefined
    objects.push(object)
  }
  return objects
}

/** Flat on top, and at least as wide as what it carries. */
const carries = (base: SceneObject, look: Look): boolean =>
  (base.shape === 'cube' || base.shape === 'cylinder') && radius(base) >= radius(look)

function ground(
  draw: Draw,
  look: Look,
  others: readonly SceneObject[],
  room: number,
  rightwards: Vector,
  towards: Vector,
  facing: number,
): SceneObject | undefined {
  const rotation = yaw(facing)
  const r = footprint(look)
  for (let attempt = 0; attempt < 30; attempt++) {
    const u = draw.uniform(`u ${attempt}`, -1, 1) * (room - 0.6 * radius(look))
    const v = draw.uniform(`v ${attempt}`, -1, 1) * room
    const at = add(scale(rightwards, u), scale(towards, v))
    const gap = 0.12
    const free = others.every((other) => Math.hypot(other.position[0] - at[0], other.position[2] - at[2]) > r + footprint(other) + gap)
    if (free) return { ...look, position: [at[0], halfHeight(look), at[2]], rotation }
  }
  return undefined
}

/** Radius of the circle on the ground that holds an object, however it is turned. */
const footprint = (look: Look): number => radius(look) * (look.shape === 'cube' || look.shape === 'pyramid' ? Math.SQRT2 : 1)

/**
 * Aims a camera so that all objects are inside the frame, a little below its middle, or says that they do not fit. `view` is how
 * many metres the frame shows from top to bottom where the objects are. It varies little within a world, whatever the objects'
 * sizes: what is small must look small, or nobody could tell from the picture.
 */
function aim(objects: readonly SceneObject[], lens: Omit<Camera, 'distance' | 'target'>, view: number): Camera | undefined {
  const points = objects.flatMap(outline)
  const unit = view / 2 // metres at the target's distance for one unit of the frame
  const distance = unit / Math.tan(lens.fieldOfView / 2)
  let target: Vector = scale(points.reduce(add), 1 / points.length)
  for (let step = 0; ; step++) {
    const places = points.map(projector({ ...lens, distance, target }, { width: 2, height: 2 }))
    const xs = places.map(({ x }) => x - 1)
    const ys = places.map(({ y }) => y - 1)
    const [left, right, top, bottom] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)]
    if (step === 5) {
      const fits = right - left <= 2 * frame.x && bottom - top <= 2 * frame.y
      return fits ? { ...lens, distance, target } : undefined
    }
    const sideways = scale(rightOf(lens), ((left + right) / 2) * unit)
    const lower = (top + bottom) / 2 - frame.lowered
    target = add(add(target, sideways), [0, -lower * unit * Math.cos(lens.elevation), 0])
    target = add(target, scale(towardsViewer(lens), lower * unit * Math.sin(lens.elevation)))
  }
}

/** Half of every object is visible, give or take what so coarse a look gets wrong, and each is large enough to be recognised at 64 pixels. */
function wellSeen(scene: Scene): boolean {
  const side = 40
  return visibilityOf(scene, { width: side, height: side }).every(({ pixels, visible }) => visible >= 0.55 && pixels >= 0.006 * side * side)
}
