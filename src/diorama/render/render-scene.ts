import { GeneraError } from '../../graph/errors.js'
import type { Image } from '../../media/image.js'
import type { Camera, Scene } from '../scene.js'
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
  switch (scene.style) {
    case 'photo':
      return seen.light
    case 'cartoon':
      return cartoon(seen)
    case 'pencil sketch':
      return pencilSketch(seen, scene.seed)
    case 'oil':
      return oil(seen, scene.seed)
    case 'pixel art': {
      const cell = cellOf(seen.width, seen.height)
      const [columns, rows] = [Math.ceil(seen.width / cell), Math.ceil(seen.height / cell)]
      return pixelArt(cell === 1 ? seen : cast(stage, camera, columns, rows, 1), cell, seen.width, seen.height)
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

/**
 * The instance mask alone: 0 for ground and sky, else the object's index plus one. With `only`, every other object is taken
 * away, and the one that is left is 1. `margin` looks beyond the frame by this many pixels on every side.
 */
export function instanceMask(scene: Scene, { width, height, camera = scene.camera }: RenderOptions, only = -1, margin = 0): Uint8Array {
  checkSize(width, height, 1)
  const { solids, around } = stageOf(scene)
  const stage: Stage = { solids: only < 0 ? solids : solids.slice(only, only + 1), around }
  const aim = new Aim(camera, width, height)
  const columns = width + 2 * margin
  const mask = new Uint8Array(columns * (height + 2 * margin))
  for (let i = 0; i < mask.length; i++) {
    aim.at((i % columns) + 0.5 - margin, Math.floor(i / columns) + 0.5 - margin)
    const hit = visible(stage)
    mask[i] = hit < 0 ? 0 : hit + 1
  }
  return mask
}
