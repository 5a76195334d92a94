import type { Image } from './image.js'

/** A surface's look in glTF's metallic-roughness terms; colours are linear RGB in [0, 1]. */
export interface MeshMaterial {
  readonly name: string
  readonly colour: readonly [number, number, number]
  readonly opacity?: number
  readonly metallic: number
  readonly roughness: number
  /** Share of the light that passes through, for glass. */
  readonly transmission?: number
  readonly emissive?: readonly [number, number, number]
  readonly texture?: Image
}

/** Triangles with one material. Metres, y up, right-handed, counter-clockwise seen from outside. */
export interface MeshPart {
  readonly name: string
  /** x, y, z per vertex. */
  readonly positions: Float32Array
  /** Unit x, y, z per vertex. */
  readonly normals?: Float32Array
  /** u, v per vertex; v grows downwards, as in glTF. */
  readonly textureCoordinates?: Float32Array
  /** Linear r, g, b per vertex in [0, 1]. */
  readonly colours?: Float32Array
  /** Three per triangle. */
  readonly indices: Uint32Array
  readonly material: MeshMaterial
  /** Where the part stands: translation in metres and rotation as a unit quaternion x, y, z, w. */
  readonly translation?: readonly [number, number, number]
  readonly rotation?: readonly [number, number, number, number]
}

export interface Mesh {
  readonly parts: readonly MeshPart[]
}

/** The box around some points, in metres; `minimum` is above `maximum` where there are none. */
export interface Bounds {
  readonly minimum: readonly [number, number, number]
  readonly maximum: readonly [number, number, number]
}

/** The box around a whole mesh, every part where it stands. */
export function meshBounds(mesh: Mesh): Bounds {
  const minimum: [number, number, number] = [Infinity, Infinity, Infinity]
  const maximum: [number, number, number] = [-Infinity, -Infinity, -Infinity]
  for (const { positions } of mesh.parts.map(placed)) {
    for (let i = 0; i < positions.length; i++) {
      const axis = i % 3
      const value = positions[i] as number
      if (value < (minimum[axis] as number)) minimum[axis] = value
      if (value > (maximum[axis] as number)) maximum[axis] = value
    }
  }
  return { minimum, maximum }
}

export const triangleCount = (mesh: Mesh): number => mesh.parts.reduce((count, { indices }) => count + indices.length / 3, 0)

/** Several meshes in one space. */
export const mergeMeshes = (meshes: readonly Mesh[]): Mesh => ({ parts: meshes.flatMap(({ parts }) => parts) })

/** The same part in the space of the mesh: rotation and translation are worked into its positions and normals. */
export function placed(part: MeshPart): MeshPart {
  const { translation = [0, 0, 0], rotation = [0, 0, 0, 1], ...rest } = part
  const positions = rotated(part.positions, rotation).map((value, i) => value + (translation[i % 3] as number))
  return { ...rest, positions, ...(part.normals && { normals: rotated(part.normals, rotation) }) }
}

/** The same part with a unit normal per vertex: the mean of its triangles' normals, weighted by their areas. */
export function withNormals(part: MeshPart): MeshPart {
  const { positions, indices } = part
  const normals = new Float32Array(positions.length)
  const point = (vertex: number): [number, number, number] => [
    positions[3 * vertex] as number,
    positions[3 * vertex + 1] as number,
    positions[3 * vertex + 2] as number,
  ]
  for (let i = 0; i + 2 < indices.length; i += 3) {
    const corners = [indices[i] as number, indices[i + 1] as number, indices[i + 2] as number]
    const [a, b, c] = corners.map(point) as [[number, number, number], [number, number, number], [number, number, number]]
    const [ux, uy, uz] = [b[0] - a[0], b[1] - a[1], b[2] - a[2]]
    const [vx, vy, vz] = [c[0] - a[0], c[1] - a[1], c[2] - a[2]]
    const across = [uy * vz - uz * vy, uz * vx - ux * vz, ux * vy - uy * vx] // twice the area long
    for (const corner of corners) for (let axis = 0; axis < 3; axis++) (normals[3 * corner + axis] as number) += across[axis] as number
  }
  for (let i = 0; i < normals.length; i += 3) {
    const length = Math.hypot(normals[i] as number, normals[i + 1] as number, normals[i + 2] as number)
    if (length === 0)
      normals[i + 1] = 1 // a vertex without a face looks up: normals of length nought are not allowed in glTF
    else for (let axis = 0; axis < 3; axis++) (normals[i + axis] as number) /= length
  }
  return { ...part, normals }
}

/** x, y, z triples turned by a unit quaternion: v + 2w(q × v) + 2q × (q × v). */
function rotated(vectors: Float32Array, [x, y, z, w]: readonly [number, number, number, number]): Float32Array {
  const turned = new Float32Array(vectors.length)
  for (let i = 0; i < vectors.length; i += 3) {
    const [a, b, c] = [vectors[i] as number, vectors[i + 1] as number, vectors[i + 2] as number]
    const [tx, ty, tz] = [2 * (y * c - z * b), 2 * (z * a - x * c), 2 * (x * b - y * a)]
    turned[i] = a + w * tx + y * tz - z * ty
    turned[i + 1] = b + w * ty + z * tx - x * tz
    turned[i + 2] = c + w * tz + x * ty - y * tx
  }
  return turned
}
