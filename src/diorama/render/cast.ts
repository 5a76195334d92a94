import { focalLength, viewOf } from '../camera.js'
import type { Camera } from '../scene.js'
import type { Stage } from './light.js'
import { Triple } from './solid.js'
import { toneMap } from './tone.js'
import { GROUND, primary, SKY, trace } from './tracer.js'

/** What the camera sees, before a style turns it into a picture; rows from the top. */
export interface Cast {
  readonly width: number
  readonly height: number
  /** Linear display light in [0, 1], three per pixel. */
  readonly light: Float32Array
  /** Metres along the line of sight, infinite for the sky. */
  readonly depth: Float32Array
  /** Unit x, y, z per pixel in the world's axes; zeros for the sky. */
  readonly normals: Float32Array
  /** 0 for ground and sky, else the object's index plus one. */
  readonly mask: Uint8Array
}

/** Sub-pixel rows that belong to sixteen evenly spaced columns: rows, columns and diagonals are evenly filled (Hammersley). */
const rows = Array.from({ length: 16 }, (_, i) => ((i & 1) << 3) | ((i & 2) << 1) | ((i & 4) >> 1) | ((i & 8) >> 3))

const colour = new Triple()

/** A camera with everything that does not change from pixel to pixel. */
export class Aim {
  readonly #view
  readonly #pixel: number
  readonly #middleX: number
  readonly #middleY: number

  constructor(camera: Camera, width: number, height: number) {
    this.#view = viewOf(camera)
    this.#pixel = 1 / focalLength(camera, height)
    this.#middleX = width / 2
    this.#middleY = height / 2
  }

  /** Half the angle of a pixel, in radians. */
  get spread(): number {
    return this.#pixel / 2
  }

  /** Points the primary ray through a place of the picture, in pixels; returns the cosine of its angle to the line of sight. */
  at(x: number, y: number): number {
    const { eye, right, up, forward } = this.#view
    const sx = (x - this.#middleX) * this.#pixel
    const sy = (this.#middleY - y) * this.#pixel
    const cosine = 1 / Math.sqrt(1 + sx * sx + sy * sy)
    primary.ray.set(
      eye[0],
      eye[1],
      eye[2],
      (forward[0] + sx * right[0] + sy * up[0]) * cosine,
      (forward[1] + sx * right[1] + sy * up[1]) * cosine,
      (forward[2] + sx * right[2] + sy * up[2]) * cosine,
    )
    return cosine
  }
}

/** One ray through the middle of each pixel, then `samples` more for each pixel that lies on an edge. */
export function cast(stage: Stage, camera: Camera, width: number, height: number, samples: number): Cast {
  const aim = new Aim(camera, width, height)
  const { spread } = aim
  const count = width * height
  const depth = new Float32Array(count)
  const normals = new Float32Array(3 * count)
  const mask = new Uint8Array(count)
  const light = new Float32Array(3 * count)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      const cosine = aim.at(x + 0.5, y + 0.5)
      const hit = trace(stage, 0, -1, spread, colour)
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
  const smoothed = samples > 1 ? smoothEdges(stage, aim, light, depth, mask, width, height, samples) : light
  return { width, height, light: smoothed, depth, normals, mask }
}

function smoothEdges(
  stage: Stage,
  aim: Aim,
  light: Float32Array,
  depth: Float32Array,
  mask: Uint8Array,
  width: number,
  height: number,
  samples: number,
): Float32Array {
  const out = light.slice()
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if (!isEdge(light, depth, mask, width, height, x, y)) continue
      let r = 0
      let g = 0
      let b = 0
      for (let s = 0; s < samples; s++) {
        aim.at(x + (s + 0.5) / samples, y + ((rows[s] as number) + 0.5) / 16)
        trace(stage, 0, -1, aim.spread, colour)
        toneMap(colour)
        r += colour.r
        g += colour.g
        b += colour.b
      }
      out[3 * i] = r / samples
      out[3 * i + 1] = g / samples
      out[3 * i + 2] = b / samples
    }
  return out
}

/** Whether a pixel's neighbours show another object, the sky beside the ground, or a clearly different colour. */
function isEdge(light: Float32Array, depth: Float32Array, mask: Uint8Array, width: number, height: number, x: number, y: number): boolean {
  const i = y * width + x
  const own = mask[i] as number
  const sky = depth[i] === Number.POSITIVE_INFINITY
  const r = light[3 * i] as number
  const g = light[3 * i + 1] as number
  const b = light[3 * i + 2] as number
  // Relative to how bright it is, because eyes see ratios; and generous to the ground, whose textures know a pixel's size.
  const tolerance = own === 0 ? 0.3 + 0.35 * (r + g + b) : 0.14 + 0.2 * (r + g + b)
  for (let side = 0; side < 4; side++) {
    const nx = x + (side === 0 ? 1 : side === 1 ? -1 : 0)
    const ny = y + (side === 2 ? 1 : side === 3 ? -1 : 0)
    if (nx < 0 || ny < 0 || nx >= width || ny >= height) continue
    const j = ny * width + nx
    if (mask[j] !== own || (depth[j] === Number.POSITIVE_INFINITY) !== sky) return true
    const difference =
      Math.abs((light[3 * j] as number) - r) + Math.abs((light[3 * j + 1] as number) - g) + Math.abs((light[3 * j + 2] as number) - b)
    if (difference > tolerance) return true
  }
  return false
}
