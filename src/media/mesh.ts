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
