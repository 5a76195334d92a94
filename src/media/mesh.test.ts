import { describe, expect, it } from 'vitest'
import { type MeshPart, mergeMeshes, meshBounds, placed, triangleCount, withNormals } from './mesh.js'

const quarter = Math.SQRT1_2
const square: MeshPart = {
  name: 'square',
  positions: Float32Array.of(0, 0, 0, 2, 0, 0, 2, 1, 0, 0, 1, 0),
  indices: Uint32Array.of(0, 1, 2, 0, 2, 3),
  material: { name: 'paint', colour: [1, 1, 1], metallic: 0, roughness: 1 },
}
const rounded = (values: Iterable<number>) => [...values].map((value) => Math.round(value * 1e5) / 1e5 || 0)

it('placed() turns first and moves then, normals without moving', () => {
  // A quarter about z takes x to y; then everything goes 10 along x.
  const part = placed({ ...withNormals(square), translation: [10, 0, 0], rotation: [0, 0, quarter, quarter] })
  expect(rounded(part.positions)).toEqual([10, 0, 0, 10, 2, 0, 9, 2, 0, 9, 0, 0])
  expect(rounded(part.normals ?? [])).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 1, 0, 0, 1])
  expect(part.translation).toBeUndefined()
  expect(rounded(placed({ ...withNormals(square), rotation: [quarter, 0, 0, quarter] }).normals?.slice(0, 3) ?? [])).toEqual([0, -1, 0])
})

it('meshBounds() holds every part where it stands', () => {
  const moved = { ...square, translation: [0, 5, -1] as const }
  expect(meshBounds({ parts: [square, moved] })).toEqual({ minimum: [0, 0, -1], maximum: [2, 6, 0] })
  expect(meshBounds({ parts: [] }).minimum[0]).toBe(Number.POSITIVE_INFINITY)
})

it('mergeMeshes() and triangleCount() count all parts', () => {
  const both = mergeMeshes([{ parts: [square] }, { parts: [square, square] }])
  expect(both.parts).toHaveLength(3)
  expect(triangleCount(both)).toBe(6)
})

describe('withNormals()', () => {
  it('weights the faces around a vertex by their areas', () => {
    // A floor of area 2 and a wall of area 1/2 meet in the first vertex.
    const positions = Float32Array.of(0, 0, 0, 0, 0, 2, 2, 0, 0, 0, 1, 0)
    const [x, y, z] = withNormals({ ...square, positions, indices: Uint32Array.of(0, 1, 2, 0, 2, 3) }).normals as Float32Array
    const length = Math.hypot(4, 2)
    expect(rounded([x, y, z] as number[])).toEqual(rounded([0, 4 / length, 2 / length]))
  })

  it('gives vertices without a face a direction all the same', () => {
    const positions = Float32Array.of(...square.positions, 9, 9, 9)
    expect([...(withNormals({ ...square, positions }).normals?.slice(12) ?? [])]).toEqual([0, 1, 0])
  })
})
