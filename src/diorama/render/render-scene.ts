import { GeneraError } from '../../graph/errors.js'
import type { Image } from '../../media/image.js'
import { focalLength, viewOf } from '../camera.js'
import type { Camera, Scene } from '../scene.js'
import { Environment } from './environment.js'
import type { Stage } from './light.js'
import { Solid, Triple } from './solid.js'
import { toneMap, writeSrgb } from './tone.js'
import { GROUND, primary, SKY, trace, visible } from './tracer.js'

export interface RenderOptions {
  /** Pixels, from 1 to 4096. */
  readonly width: number
  readonly height: number
  /** Rays for each pixel on an edge; a power of two up to 16. Pixels with nothing to smooth get one. Default 4. */
  readonly samples?: number
  /** In place of the scene's own; the world stays as it is, so several cameras give views of one scene. */
  readonly camera?: Camera
}

/** A picture and what can be seen where in it; all rows from the top. */
export interface Rendering {
  readonly image: Image
  /** Metres along the line of sight, infinite for the sky. */
  readonly depth: Float32Array
  /** Unit x, y, z per pixel in the world's axes; zeros for the sky. */
  readonly normals: Float32Array
  /** 0 for ground and sky, else the object's index plus one. */
  readonly mask: Uint8Array
}

/** Sub-pixel places whose rows, columns and diagonals are all evenly filled (a Hammersley set). */
const places = Array.from({ length: 16 }, (_, i) => ((i & 1) << 3) | ((i & 2) << 1) | ((i & 4) >> 1) | ((i & 8) >> 3))

const colour = new Triple()

/** Renders a scene: the same scene, size and options give the same bytes. */
export function renderScene(scene: Scene, options: RenderOptions): Rendering {
  const { width, height, samples = 4, camera = scene.camera } = options
  checkSize(width, height, samples)
  const stage: Stage = { solids: scene.objects.map((object) => new Solid(object)), around: new Environment(scene) }
  const { eye, right, up, forward } = viewOf(camera)
  const pixel = 1 / focalLength(camera, height)
  const [ex, ey, ez] = eye
  const [rx, ry, rz] = right
  const [ux, uy, uz] = up
  const [fx, fy, fz] = forward

  /** Aims the primary ray through a place of the picture, in pixels; returns the cosine of its angle to the line of sight. */
  const aim = (x: number, y: number): number => {
    const sx = (x - width / 2) * pixel
    const sy = (height / 2 - y) * pixel
    const cosine = 1 / Math.sqrt(1 + sx * sx + sy * sy)
    primary.ray.set(ex, ey, ez, (fx + sx * rx + sy * ux) * cosine, (fy + sx * ry + sy * uy) * cosine, (fz + sx * rz + sy * uz) * cosine)
    return cosine
  }

  const count = width * height
  const depth = new Float32Array(count)
  const normals = new Float32Array(3 * count)
  const mask = new Uint8Array(count)
  const light = new Float32Array(3 * count)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const cosine = aim(x + 0.5, y + 0.5)
      const hit = trace(stage, 0, -3, pixel / 2, colour)
      toneMap(colour)
      light[3 * i] = colour.r
      light[3 * i + 1] = colour.g
      light[3 * i + 2] = colour.b
      normals[3 * i] = primary.normal.r
      normals[3 * i + 1] = primary.normal.g
      normals[3 * i + 2] = primary.normal.b
      depth[i] = hit === SKY ? Number.POSITIVE_INFINITY : primary.t * cosine
      mask[i] = hit === SKY || hit === GROUND ? 0 : hit + 1
    }

  const data = new Uint8Array(3 * count)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      let r = light[3 * i] as number
      let g = light[3 * i + 1] as number
      let b = light[3 * i + 2] as number
      if (samples > 1 && isEdge(light, mask, width, height, x, y)) {
        r = g = b = 0
        for (let s = 0; s < samples; s++) {
          aim(x + (s + 0.5) / samples, y + ((places[s] as number) + 0.5) / 16)
          trace(stage, 0, -3, pixel / 2, colour)
          toneMap(colour)
          r += colour.r / samples
          g += colour.g / samples
          b += colour.b / samples
        }
      }
      writeSrgb(data, 3 * i, r, g, b)
    }
  return { image: { width, height, channels: 3, data }, depth, normals, mask }
}

/** Whether a pixel's neighbours show another object or a clearly different brightness. */
function isEdge(light: Float32Array, mask: Uint8Array, width: number, height: number, x: number, y: number): boolean {
  const i = y * width + x
  const own = mask[i] as number
  const r = light[3 * i] as number
  const g = light[3 * i + 1] as number
  const b = light[3 * i + 2] as number
  for (let side = 0; side < 4; side++) {
    const nx = x + (side === 0 ? 1 : side === 1 ? -1 : 0)
    const ny = y + (side === 2 ? 1 : side === 3 ? -1 : 0)
    if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue
    const j = ny * width + nx
    if (mask[j] !== own) return true
    const difference =
      Math.abs((light[3 * j] as number) - r) + Math.abs((light[3 * j + 1] as number) - g) + Math.abs((light[3 * j + 2] as number) - b)
    // Relative to how bright it is: eyes and sRGB see ratios.
    if (difference > 0.12 + 0.2 * (r + g + b)) return true
  }
  return false
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
 * away. `margin` looks beyond the frame by this many pixels on every side.
 */
export function instanceMask(scene: Scene, { width, height, camera = scene.camera }: RenderOptions, only = -1, margin = 0): Uint8Array {
  checkSize(width, height, 1)
  const solids = scene.objects.map((object) => new Solid(object))
  const stage: Stage = { solids: only < 0 ? solids : solids.slice(only, only + 1), around: new Environment(scene) }
  const { eye, right, up, forward } = viewOf(camera)
  const pixel = 1 / focalLength(camera, height)
  const columns = width + 2 * margin
  const mask = new Uint8Array(columns * (height + 2 * margin))
  for (let i = 0; i < mask.length; i++) {
    const sx = ((i % columns) + 0.5 - margin - width / 2) * pixel
    const sy = (height / 2 - Math.floor(i / columns) - 0.5 + margin) * pixel
    const cosine = 1 / Math.sqrt(1 + sx * sx + sy * sy)
    const direction = (axis: 0 | 1 | 2): number => (forward[axis] + sx * right[axis] + sy * up[axis]) * cosine
    primary.ray.set(eye[0], eye[1], eye[2], direction(0), direction(1), direction(2))
    const hit = visible(stage)
    mask[i] = hit < 0 ? 0 : hit + 1
  }
  return mask
}
