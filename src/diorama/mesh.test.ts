import { describe, expect, it } from 'vitest'
import type { Image } from '../media/image.js'
import { type MeshPart, meshBounds, placed } from '../media/mesh.js'
import { decalPatch } from './decal-patch.js'
import { yaw } from './geometry.js'
import { sceneMesh } from './mesh.js'
import { albedo } from './palette.js'
import { localDistance } from './render/distance.js'
import { halfHeight, type Scene, type SceneObject, shapes } from './scene.js'
import { disc, type Surface, tessellate } from './tessellate.js'

const corner = ({ positions }: Surface, index: number) =>
  [0, 1, 2].map((axis) => positions[3 * index + axis] as number) as [number, number, number]

/** Six times the volume under each triangle, seen from the origin, added up: right only if every triangle faces outwards. */
function volume(surface: Surface): number {
  let sum = 0
  for (let i = 0; i < surface.indices.length; i += 3) {
    const [a, b, c] = [0, 1, 2].map((k) => corner(surface, surface.indices[i + k] as number)) as unknown as [number[], number[], number[]]
    const [ax, ay, az, bx, by, bz, cx, cy, cz] = [...a, ...b, ...c] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ]
    sum += ax * (by * cz - bz * cy) + ay * (bz * cx - bx * cz) + az * (bx * cy - by * cx)
  }
  return sum / 6
}

const object = (parts: Partial<SceneObject>): SceneObject => ({
  shape: 'cube',
  colour: 'red',
  size: 'large',
  material: 'matte',
  position: [0, 0.7, 0],
  rotation: [0, 0, 0, 1],
  ...parts,
})
const scene = (objects: readonly SceneObject[]): Scene => ({
  objects,
  setting: 'meadow',
  time: 'day',
  style: 'photo',
  camera: { azimuth: 0, elevation: 0.3, distance: 6, target: [0, 0.5, 0], fieldOfView: 0.7 },
  seed: 7,
})

describe('tessellate()', () => {
  it.each([
    ['cube', 8],
    ['sphere', (4 / 3) * Math.PI],
    ['cylinder', 2 * Math.PI],
    ['cone', (2 / 3) * Math.PI],
    ['torus', 2 * Math.PI ** 2 * 0.7 * 0.09],
    ['pyramid', 8 / 3],
  ] as const)('encloses the volume of a %s, seen from outside', (shape, exact) => {
    const found = volume(tessellate(shape, 1, 96))
    expect(found / exact).toBeGreaterThan(0.99)
    expect(found / exact).toBeLessThan(1.0001)
  })

  it.each(shapes)('closes the surface of a %s: every edge has a neighbour that runs the other way', (shape) => {
    const surface = tessellate(shape, 1, 12)
    const spelled = (index: number) =>
      corner(surface, index)
        .map((value) => Math.round(value * 1e5) || 0)
        .join()
    const edges = new Map<string, number>()
    for (let i = 0; i < surface.indices.length; i++) {
      const next = i % 3 === 2 ? i - 2 : i + 1
      const [a, b] = [spelled(surface.indices[i] as number), spelled(surface.indices[next] as number)]
      expect(a).not.toBe(b)
      edges.set(`${a} ${b}`, (edges.get(`${a} ${b}`) ?? 0) + 1)
    }
    for (const [edge, count] of edges) expect([count, edges.get(edge.split(' ').reverse().join(' '))], edge).toEqual([1, 1])
  })

  it.each(shapes)('gives a %s unit normals that look the way its triangles face', (shape) => {
    const { positions, normals, indices } = tessellate(shape, 0.7, 32)
    for (let i = 0; i < normals.length; i += 3)
      expect(Math.hypot(normals[i] as number, normals[i + 1] as number, normals[i + 2] as number)).toBeCloseTo(1, 5)
    for (let i = 0; i < indices.length; i += 3) {
      const [a, b, c] = [0, 1, 2].map((k) => corner({ positions, normals, indices }, indices[i + k] as number)) as unknown as [
        number[],
        number[],
        number[],
      ]
      const [u, v] = [[0, 1, 2].map((k) => (b[k] as number) - (a[k] as number)), [0, 1, 2].map((k) => (c[k] as number) - (a[k] as number))]
      const face = [1, 2, 0].map((k) => (u[k] as number) * (v[(k + 1) % 3] as number) - (u[(k + 1) % 3] as number) * (v[k] as number))
      const size = Math.hypot(...face)
      for (const k of [0, 1, 2]) {
        const vertex = indices[i + k] as number
        const along = face.reduce((sum, value, axis) => sum + value * (normals[3 * vertex + axis] as number), 0) / size
        expect(along).toBeGreaterThan(0.9)
      }
    }
  })

  it.each(shapes)('gives a %s the box that the scene counts with', (shape) => {
    const part = { name: '', ...tessellate(shape, 0.35, 48), material: { name: '', colour: [1, 1, 1] as const, metallic: 0, roughness: 1 } }
    const { minimum, maximum } = meshBounds({ parts: [part] })
    const half = halfHeight({ shape, size: 'small' })
    for (const [found, exact] of [...minimum, ...maximum].map((value, i) => [value, [-0.35, -half, -0.35, 0.35, half, 0.35][i]] as const))
      expect(found).toBeCloseTo(exact as number, 6)
  })
})

it('disc() looks up', () => {
  const { normals, indices, positions } = disc(2, 8)
  expect([...normals].filter((_, i) => i % 3 === 1).every((y) => y === 1)).toBe(true)
  expect(indices.length).toBe(3 * 8)
  expect(Math.max(...positions)).toBe(2)
})

describe('decalPatch()', () => {
  const wide = { kind: 'text', text: 'W' } as const
  const long = { kind: 'text', text: 'MMMMMM' } as const
  const star = { kind: 'symbol', symbol: 'star' } as const
  const pictureOf = (parts: Partial<SceneObject>) => (decalPatch(object(parts), 12) as MeshPart).material.texture as Image

  it.each(shapes)('lies on the front of a %s, just off its surface', (shape) => {
    const patch = decalPatch(object({ shape, decal: star, size: 'small' }), 48) as MeshPart
    for (let i = 0; i < patch.positions.length; i += 3) {
      const [x, y, z] = [0, 1, 2].map((axis) => patch.positions[i + axis]) as [number, number, number]
      expect(localDistance(shapes.indexOf(shape), 0.35, x, y, z)).toBeGreaterThan(0.0005)
      expect(localDistance(shapes.indexOf(shape), 0.35, x, y, z)).toBeLessThan(0.003)
      expect(patch.normals?.[i + 2]).toBeGreaterThan(0)
    }
  })

  it.each(shapes.flatMap((shape) => [wide, long, star].map((decal) => [shape, decal] as const)))(
    'holds the whole decal of a %s: nothing is painted at the border',
    (shape, decal) => {
      const { data, width, height } = pictureOf({ shape, decal })
      let [inside, border] = [0, 0]
      for (let y = 0; y < height; y++)
        for (let x = 0; x < width; x++) {
          const alpha = data[4 * (y * width + x) + 3] as number
          if (x === 0 || y === 0 || x === width - 1 || y === height - 1) border += alpha
          else inside += alpha / 255
        }
      expect(border).toBe(0)
      expect(inside / (width * height)).toBeGreaterThan(0.03)
    },
  )

  it('is light on dark objects and dark on light ones', () => {
    const paint = (colour: SceneObject['colour']) => pictureOf({ colour, decal: star }).data[0] as number
    expect(paint('blue')).toBeGreaterThan(200)
    expect(paint('yellow')).toBeLessThan(60)
  })

  it('is there for objects with a decal only, and reads from left to right', () => {
    expect(decalPatch(object({}), 12)).toBeUndefined()
    const { textureCoordinates, positions } = decalPatch(object({ decal: { kind: 'text', text: 'F' } }), 12) as MeshPart
    const left = positions.findIndex((value, i) => i % 3 === 0 && value < 0) / 3
    expect(textureCoordinates?.[2 * left]).toBe(0)
    const { data, width, height } = pictureOf({ decal: { kind: 'text', text: 'L' } })
    const half = (from: number, to: number) => {
      let sum = 0
      for (let y = from; y < to; y++) for (let x = 0; x < width; x++) sum += data[4 * (y * width + x) + 3] as number
      return sum
    }
    // The foot of an L is at the bottom of the picture.
    expect(half(Math.floor(height / 2), height)).toBeGreaterThan(1.3 * half(0, Math.floor(height / 2)))
  })
})

describe('sceneMesh()', () => {
  it('puts every object where it stands, and the ground below', () => {
    const objects = [
      object({ position: [1, 0.7, -2] }),
      object({ shape: 'torus', size: 'small', position: [-1, 0.105, 0], rotation: yaw(1) }),
    ]
    const { parts } = sceneMesh(scene(objects))
    expect(parts.map(({ name }) => name)).toEqual(['large red matte cube', 'small red matte torus', 'meadow ground'])
    expect(meshBounds({ parts: parts.slice(0, 1) }).minimum.map((v) => Math.round(v * 1e4) / 1e4 || 0)).toEqual([0.3, 0, -2.7])
    const ground = meshBounds({ parts: parts.slice(2) })
    expect([ground.minimum[1], ground.maximum[1]]).toEqual([0, 0])
    expect(ground.maximum[0]).toBeCloseTo(Math.hypot(1, 2) + 2, 5)
    expect(sceneMesh(scene(objects), { ground: false }).parts).toHaveLength(2)
  })

  it('turns objects as the scene does: a quarter about the vertical takes the front face to +x', () => {
    const [part] = sceneMesh(scene([object({ rotation: yaw(Math.PI / 2) })])).parts as [Parameters<typeof placed>[0]]
    const front = part.normals?.findIndex((value, i) => i % 3 === 2 && value === 1) as number
    expect(placed(part).normals?.[front - 2]).toBeCloseTo(1, 6)
  })

  it('gives matte, metal and glass their materials, shared by objects of one look', () => {
    const { parts } = sceneMesh(
      scene([object({}), object({ shape: 'cone' }), object({ material: 'metal' }), object({ material: 'glass', colour: 'blue' })]),
    )
    const [first, second, metal, glass] = parts.map(({ material }) => material)
    expect(second).toBe(first)
    expect(first).toMatchObject({ colour: albedo.red, metallic: 0 })
    expect(metal).toMatchObject({ metallic: 1 })
    expect(glass).toMatchObject({ colour: albedo.blue, metallic: 0 })
    expect(glass?.transmission).toBeGreaterThan(0.5)
    expect(first?.transmission).toBeUndefined()
  })

  it('refuses a detail that makes no circle', () => {
    expect(() => sceneMesh(scene([]), { detail: 2 })).toThrow('Cannot build a mesh of 2 steps around a circle')
    expect(() => sceneMesh(scene([]), { detail: 1e9 })).toThrow(RangeError)
  })
})
