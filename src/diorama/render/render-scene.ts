import { GeneraError } from '../../graph/errors.js'
import type { Image } from '../../media/image.js'
import { focalLength, project } from '../camera.js'
import { boundingFactor } from '../geometry.js'
import { type Camera, radius, type Scene, type SceneObject } from '../scene.js'
import { Aim, type Cast, cast } from './cast.js'
import { Environment } from './environment.js'
import type { Stage } from './light.js'
import { Solid } from './solid.js'
import { cartoon } from './styles/cartoon.js'
import { oil } from './styles/oil.js'
import { pencilSketch } from './styles/pencil-sketch.js'
import { cellOf, pixelArt } from './styles/pixel-art.js'
import { writeSrgb } from './tone.js'
import { visible } from './tracer.js'

export interface RenderOptions {
  /** Pixels, from 1 to 4096. */
  readonly width: number
  readonly height: number
  /** Rays for each pixel on an edge, from 1 to 16. Default 4. */
  readonly samples?: number
  /** In place of the scene's own; the world stays as it is, so several cameras give views of one scene. */
  readonly camera?: Camera
}

/** A picture and what can be seen where in it; all rows from the top. */
export interface Rendering extends Pick<Cast, 'depth' | 'normals' | 'mask'> {
  readonly image: Image
}

/**
 * Renders a scene in its style: the same scene, size and options give the same bytes. Depth, normals and mask are those of the
 * things themselves, whatever the style does with their outlines.
 */
export function renderScene(scene: Scene, options: RenderOptions): Rendering {
  const { width, height, samples = 4, camera = scene.camera } = options
  checkSize(width, height, samples)
  const stage = stageOf(scene)
  const seen = cast(stage, camera, width, height, scene.style === 'pixel art' ? 1 : samples)
  return { image: imageOf(stylise(scene, stage, camera, seen), width, height), depth: seen.depth, normals: seen.normals, mask: seen.mask }
}

const stageOf = (scene: Scene): Stage => ({ solids: scene.objects.map((object) => new Solid(object)), around: new Environment(scene) })

/** The picture as linear display light. */
function stylise(scene: Scene, stage: Stage, camera: Camera, seen: Cast): Float32Array {
  const materials = scene.objects.map(({ material }) => material)
  switch (scene.style) {
    case 'photo':
      return seen.light
    case 'cartoon':
      return cartoon(seen, materials)
    case 'pencil sketch':
      return pencilSketch(seen, scene.objects, scene.seed)
    case 'oil':
      return oil(seen, scene.seed)
    case 'pixel art': {
      const cell = cellOf(seen.width, seen.height)
      const [columns, rows] = [Math.ceil(seen.width / cell), Math.ceil(seen.height / cell)]
      return pixelArt(cell === 1 ? seen : cast(stage, camera, columns, rows, 1), materials, cell, seen.width, seen.height)
    }
  }
}

function imageOf(light: Float32Array, width: number, height: number): Image {
  const data = new Uint8Array(light.length)
  for (let i = 0; i < light.length; i += 3) writeSrgb(data, i, light[i] as number, light[i + 1] as number, light[i + 2] as number)
  return { width, height, channels: 3, data }
}

function checkSize(width: number, height: number, samples: number): void {
  for (const [name, value, most] of [
    ['width', width, 4096],
    ['height', height, 4096],
    ['samples', samples, 16],
  ] as const)
    if (!Number.isInteger(value) || value < 1 || value > most)
      throw new GeneraError('render-size', `Cannot render with ${name} ${value}: it is a whole number from 1 to ${most}`)
}

/** The instance mask alone: 0 for ground and sky, else the object's index plus one. */
export function instanceMask(scene: Scene, { width, height, camera = scene.camera }: RenderOptions): Uint8Array {
  checkSize(width, height, 1)
  const stage = { solids: scene.objects.map((object) => new Solid(object)) }
  const aim = new Aim(camera, width, height)
  const mask = new Uint8Array(width * height)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      aim.at(x + 0.5, y + 0.5)
      const hit = visible(stage)
      mask[i] = hit < 0 ? 0 : hit + 1
    }
  return mask
}

/**
 * How many pixels an object would cover if nothing stood before it and the picture went on beyond its frame, by half its larger
 * side in every direction.
 */
export function silhouette(scene: Scene, index: number, { width, height, camera = scene.camera }: RenderOptions): number {
  checkSize(width, height, 1)
  const object = scene.objects[index]
  if (!object) throw new RangeError(`Cannot outline object ${index}: the scene has ${scene.objects.length} objects, counted from 0`)
  const stage = { solids: [new Solid(object)] }
  const aim = new Aim(camera, width, height)
  const beyond = Math.ceil(Math.max(width, height) / 2)
  const box = screenBox(camera, object, width, height)
  let pixels = 0
  for (let y = Math.max(-beyond, box.top); y < Math.min(height + beyond, box.bottom); y++)
    for (let x = Math.max(-beyond, box.left); x < Math.min(width + beyond, box.right); x++) {
      aim.at(x + 0.5, y + 0.5)
      if (visible(stage) === 0) pixels++
    }
  return pixels
}

/** Whole pixels that hold an object's bounding sphere; everything, for a camera that is inside it or looks away. */
function screenBox(
  camera: Camera,
  object: SceneObject,
  width: number,
  height: number,
): { left: number; top: number; right: number; bottom: number } {
  const { x, y, depth } = project(camera, object.position, { width, height })
  const bound = radius(object) * boundingFactor[object.shape]
  if (depth < 2 * bound) return { left: -Infinity, top: -Infinity, right: Infinity, bottom: Infinity }
  // The sphere's outline is an ellipse, longest for a sphere that is seen from the corner of the eye.
  const slope = Math.hypot(x - width / 2, y - height / 2) / focalLength(camera, height)
  const reach = ((bound * focalLength(camera, height)) / (depth - bound)) * Math.sqrt(1 + slope * slope) + 1
  return { left: Math.floor(x - reach), top: Math.floor(y - reach), right: Math.ceil(x + reach), bottom: Math.ceil(y + reach) }
}
