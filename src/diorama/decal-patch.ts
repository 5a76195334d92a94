import type { Image } from '../media/image.js'
import { type MeshPart, withNormals } from '../media/mesh.js'
import { toSrgb } from './palette.js'
import { paintAt, paintColour } from './render/paint.js'
import { Solid, Triple } from './render/solid.js'
import { radius, type SceneObject, type Shape, type Vector } from './scene.js'

/** Half the width and half the height of a patch that any decal fits in, and the height of its middle, for an object of radius 1. */
const frames: Readonly<Record<Shape, readonly [width: number, height: number, middle: number]>> = {
  cube: [0.86, 0.66, 0],
  sphere: [0.73, 0.55, 0.05],
  cylinder: [0.83, 0.61, 0],
  cone: [0.44, 0.36, -0.5],
  torus: [0.61, 0.19, 0],
  pyramid: [0.51, 0.4, -0.48],
}

/** Of a patch's texture, in pixels: enough for six letters on a screen, and powers of two, which every viewer can filter. */
const [textureWidth, textureHeight] = [512, 256]
/** How far a patch stands off its object, as a share of the radius: too little to be seen, enough for depth buffers. */
const standOff = 0.004

/**
 * The decal of an object as a thin part of its own that lies on the front face: the paint that the renderer lays there, as a
 * texture with alpha. Undefined for objects without one.
 *
 * @param detail steps around a full circle, as for the object itself
 */
export function decalPatch(object: SceneObject, detail: number): MeshPart | undefined {
  if (!object.decal) return undefined
  const { shape, position, rotation, decal } = object
  const r = radius(object)
  const [width, height] = frames[shape]
  const flat = shape === 'cube' || shape === 'pyramid'
  const [columns, rows] = flat ? [1, 1] : [Math.max(4, Math.ceil(detail / 3)), Math.max(4, Math.ceil(detail / 4))]
  const positions = new Float32Array(3 * (columns + 1) * (rows + 1))
  const textureCoordinates = new Float32Array(2 * (columns + 1) * (rows + 1))
  const indices: number[] = []
  for (let row = 0, vertex = 0; row <= rows; row++)
    for (let column = 0; column <= columns; column++, vertex++) {
      const [u, v] = [column / columns, row / rows]
      const [x, y, z] = onFront(shape, (2 * u - 1) * width, (1 - 2 * v) * height)
      positions.set([x * r, y * r, z * r], 3 * vertex)
      textureCoordinates.set([u, v], 2 * vertex)
      const below = vertex + columns + 1
      if (row < rows && column < columns) indices.push(vertex, below, below + 1, vertex, below + 1, vertex + 1)
    }
  const name = decal.kind === 'text' ? `decal ${decal.text}` : `decal ${decal.symbol}`
  const texture = painted(object)
  const material = { name, colour: [1, 1, 1] as const, metallic: 0, roughness: 0.7, texture }
  const surface = withNormals({ name, positions, textureCoordinates, indices: Uint32Array.from(indices), material })
  const raised = positions.map((value, i) => value + standOff * r * (surface.normals?.[i] as number))
  return { ...surface, positions: raised, translation: position, rotation }
}

/** The point of the upright shape, of radius 1, that the renderer paints with the artwork's point (u, v): its way back. */
function onFront(shape: Shape, u: number, v: number): Vector {
  const y = v + frames[shape][2]
  switch (shape) {
    case 'cube':
      return [u, y, 1]
    case 'sphere':
      return [u, y, Math.sqrt(Math.max(0, 1 - u * u - y * y))]
    case 'cylinder':
      return [Math.sin(u), y, Math.cos(u)]
    case 'torus': {
      const ring = 0.7 + 0.3 * Math.cos(v / 0.3)
      return [ring * Math.sin(u), 0.3 * Math.sin(v / 0.3), ring * Math.cos(u)]
    }
    // On a slope of one in two the artwork keeps its height along the surface.
    case 'cone': {
      const [height, slope] = sloped(v, frames.cone[2])
      return [u, height, Math.sqrt(Math.max(0, slope * slope - u * u))]
    }
    case 'pyramid': {
      const [height, slope] = sloped(v, frames.pyramid[2])
      return [u, height, slope]
    }
  }
}

/** Height, and distance from the axis at that height. */
function sloped(v: number, middle: number): [height: number, slope: number] {
  const height = middle + (v * 2) / Math.sqrt(5)
  return [height, (1 - height) / 2]
}

/** The paint alone, as the renderer would lay it on the upright object. */
function painted(object: SceneObject): Image {
  const { shape } = object
  const [halfWidth, halfHeight] = frames[shape]
  const solid = new Solid({ ...object, position: [0, 0, 0], rotation: [0, 0, 0, 1] })
  const colour = new Triple()
  paintColour(solid, colour)
  const bytes = [colour.r, colour.g, colour.b].map((light) => Math.round(255 * toSrgb(light)))
  const [width, height] = [textureWidth, textureHeight]
  const pixel = 2 * solid.size * Math.max(halfWidth / width, halfHeight / height)
  const data = new Uint8Array(4 * width * height)
  for (let row = 0, at = 0; row < height; row++)
    for (let column = 0; column < width; column++, at += 4) {
      const [u, v] = [((2 * column + 1) / width - 1) * halfWidth, (1 - (2 * row + 1) / height) * halfHeight]
      const [x, y, z] = onFront(shape, u, v)
      // The colour goes on beside the paint, so that no dark fringe is blended in at its edge.
      data.set(bytes, at)
      data[at + 3] = Math.round(255 * paintAt(solid, x * solid.size, y * solid.size, z * solid.size, pixel))
    }
  return { width, height, channels: 4, data }
}
