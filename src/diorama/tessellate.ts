import type { MeshPart } from '../media/mesh.js'
import type { Shape } from './scene.js'

/** A closed surface around the origin, in the upright pose. */
export type Surface = Required<Pick<MeshPart, 'positions' | 'normals' | 'indices'>>

/**
 * A shape as triangles: round sides with smooth normals, flat sides with flat ones, and a hard edge between them.
 *
 * @param radius half the width of the shape, in metres
 * @param detail steps around a full circle
 */
export function tessellate(shape: Shape, radius: number, detail: number): Surface {
  const r = radius
  const arc = Math.max(2, Math.round(detail / 2))
  switch (shape) {
    case 'cube':
      return facets([0, 1, 2, 3, 4, 5].map((side) => cubeSide(side, r)))
    case 'pyramid': {
      const base: Point[] = [
        [-r, -r, r],
        [-r, -r, -r],
        [r, -r, -r],
        [r, -r, r],
      ]
      const [a, b, c, d] = base as [Point, Point, Point, Point]
      const apex: Point = [0, r, 0]
      return facets([base, [a, d, apex], [d, c, apex], [c, b, apex], [b, a, apex]])
    }
    case 'sphere':
      return lathe([Array.from({ length: arc + 1 }, (_, i) => onCircle(0, r, (Math.PI * i) / arc))], detail)
    case 'torus':
      return lathe([Array.from({ length: arc + 1 }, (_, i) => onCircle(0.7 * r, 0.3 * r, (2 * Math.PI * i) / arc))], detail)
    case 'cylinder':
      return lathe(
        [
          [rim(0, r, 0, 1), rim(r, r, 0, 1)],
          [rim(r, r, 1, 0), rim(r, -r, 1, 0)],
          [rim(r, -r, 0, -1), rim(0, -r, 0, -1)],
        ],
        detail,
      )
    case 'cone': {
      // Twice as high as its base is wide from the axis: the side leans by one in two.
      const [out, up] = [2 / Math.sqrt(5), 1 / Math.sqrt(5)]
      // Rows of triangles towards the tip keep the shading smooth where all of them meet.
      const side = Array.from({ length: 9 }, (_, i) => rim((r * i) / 8, r - (2 * r * i) / 8, out, up))
      return lathe([side, [rim(r, -r, 0, -1), rim(0, -r, 0, -1)]], detail)
    }
  }
}

/** A flat disc that looks up, at height 0. */
export const disc = (radius: number, detail: number): Surface => lathe([[rim(0, 0, 0, 1), rim(radius, 0, 0, 1)]], detail)

type Point = readonly [x: number, y: number, z: number]

/** A ring of a turned surface: its radius and height, and the normal's parts away from the axis and upwards. */
interface Rim {
  readonly radius: number
  readonly height: number
  readonly out: number
  readonly up: number
}

const rim = (radius: number, height: number, out: number, up: number): Rim => ({ radius, height, out, up })

/** A point of a circle around (`centre`, 0), `angle` radians from its top outwards. */
function onCircle(centre: number, radius: number, angle: number): Rim {
  const [out, up] = [Math.sin(angle), Math.cos(angle)]
  return rim(centre + radius * out, radius * up, out, up)
}

/** Turns profiles about the vertical. Each goes so that the outside lies to its left when it is walked downwards facing the axis. */
function lathe(profiles: readonly (readonly Rim[])[], detail: number): Surface {
  const positions: number[] = []
  const normals: number[] = []
  const indices: number[] = []
  const onAxis = ({ radius }: Rim) => Math.abs(radius) < 1e-9
  for (const profile of profiles) {
    const start = positions.length / 3
    const row = detail + 1 // the seam has its vertices twice, so that textures may be laid around it
    for (const { radius, height, out, up } of profile)
      for (let step = 0; step <= detail; step++) {
        const angle = (2 * Math.PI * (step % detail)) / detail
        positions.push(radius * Math.sin(angle), height, radius * Math.cos(angle))
        normals.push(out * Math.sin(angle), up, out * Math.cos(angle))
      }
    for (let ring = 0; ring + 1 < profile.length; ring++)
      for (let step = 0; step < detail; step++) {
        const upper = start + ring * row + step
        const lower = upper + row
        // A ring on the axis is a point: one of the two triangles would have no area.
        if (!onAxis(profile[ring + 1] as Rim)) indices.push(upper, lower, lower + 1)
        if (!onAxis(profile[ring] as Rim)) indices.push(upper, lower + 1, upper + 1)
      }
  }
  return { positions: Float32Array.from(positions), normals: Float32Array.from(normals), indices: Uint32Array.from(indices) }
}

/** Flat convex sides, their corners counter-clockwise seen from outside. */
function facets(sides: readonly (readonly Point[])[]): Surface {
  const positions: number[] = []
  const normals: number[] = []
  const indices: number[] = []
  for (const corners of sides) {
    const start = positions.length / 3
    const [a, b, c] = corners as readonly [Point, Point, Point]
    const [u, v] = [minus(b, a), minus(c, a)]
    const across = [u[1] * v[2] - u[2] * v[1], u[2] * v[0] - u[0] * v[2], u[0] * v[1] - u[1] * v[0]] as const
    const length = Math.hypot(...across)
    for (const corner of corners) {
      positions.push(...corner)
      normals.push(...across.map((value) => value / length))
    }
    for (let i = 1; i + 1 < corners.length; i++) indices.push(start, start + i, start + i + 1)
  }
  return { positions: Float32Array.from(positions), normals: Float32Array.from(normals), indices: Uint32Array.from(indices) }
}

const minus = (a: Point, b: Point): Point => [a[0] - b[0], a[1] - b[1], a[2] - b[2]]

/** The corners of one of a cube's six sides: along x, y and z, first the positive one. */
function cubeSide(side: number, r: number): Point[] {
  const axis = side >> 1
  const sign = side % 2 === 0 ? 1 : -1
  return [
    [-1, -1],
    [1, -1],
    [1, 1],
    [-1, 1],
  ].map(([u = 0, v = 0]) => {
    const corner: [number, number, number] = [0, 0, 0]
    corner[axis] = sign * r
    corner[(axis + 1) % 3] = sign * u * r
    corner[(axis + 2) % 3] = v * r
    return corner
  })
}
