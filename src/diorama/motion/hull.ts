import { add, axesOf, cross, dot, length, scale, subtract } from '../geometry.js'
import { halfHeight, radius, type SceneObject, type Vector } from '../scene.js'

/**
 * An object's convex hull as the points within `margin` metres of a core. Rounded shapes have a sharp core (a sphere's is a
 * point, a torus's a disc), which keeps distances to them exact.
 */
interface Hull {
  readonly margin: number
  /** The core's farthest point in a direction, both in the object's own axes. */
  readonly support: (direction: Vector) => Vector
}

/** The farthest point of a horizontal disc around the origin. */
function disc(size: number, x: number, z: number, y: number): Vector {
  const across = Math.hypot(x, z)
  return across > 1e-12 ? [(size * x) / across, y, (size * z) / across] : [0, y, 0]
}

const sign = (x: number, size: number): number => (x < 0 ? -size : size)

function hullOf(object: Pick<SceneObject, 'shape' | 'size'>): Hull {
  const r = radius(object)
  const h = halfHeight(object)
  switch (object.shape) {
    case 'sphere':
      return { margin: r, support: () => [0, 0, 0] }
    case 'torus':
      return { margin: h, support: ([x, , z]) => disc(r - h, x, z, 0) }
    case 'cube':
      return { margin: 0, support: ([x, y, z]) => [sign(x, r), sign(y, r), sign(z, r)] }
    case 'cylinder':
      return { margin: 0, support: ([x, y, z]) => disc(r, x, z, sign(y, h)) }
    case 'cone':
      return { margin: 0, support: ([x, y, z]) => (2 * h * y > r * Math.hypot(x, z) ? [0, h, 0] : disc(r, x, z, -h)) }
    case 'pyramid':
      return {
        margin: 0,
        support: ([x, y, z]) => (2 * h * y > r * (Math.abs(x) + Math.abs(z)) ? [0, h, 0] : [sign(x, r), -h, sign(z, r)]),
      }
  }
}

const hulls = new Map<string, Hull>()

function cachedHull(object: Pick<SceneObject, 'shape' | 'size'>): Hull {
  const name = `${object.size} ${object.shape}`
  const known = hulls.get(name) ?? hullOf(object)
  hulls.set(name, known)
  return known
}

/** The farthest point of a placed object's core in a world direction, as a function of the direction. */
function placed(hull: Hull, { position: [px, py, pz], rotation }: SceneObject): (direction: Vector) => Vector {
  const [ex, ey, ez] = axesOf(rotation)
  return (direction) => {
    const [x, y, z] = hull.support([dot(direction, ex), dot(direction, ey), dot(direction, ez)])
    return [px + x * ex[0] + y * ey[0] + z * ez[0], py + x * ex[1] + y * ey[1] + z * ez[1], pz + x * ex[2] + y * ey[2] + z * ez[2]]
  }
}

/** How far apart two objects are, in metres. */
export interface Gap {
  /** Negative where rounded shapes run into one another, 0 where sharp ones do. */
  readonly distance: number
  /** Unit vector from the first object's nearest point to the second's; undefined once their cores meet. */
  readonly normal?: Vector
  /** The first object's nearest point. */
  readonly point: Vector
}

/**
 * The distance between the convex hulls of two placed objects (Gilbert, Johnson and Keerthi, 1988). Holes count as filled: a
 * ball does not fit into a ring.
 */
export function gapBetween(a: SceneObject, b: SceneObject): Gap {
  const hullA = cachedHull(a)
  const hullB = cachedHull(b)
  const [supportA, supportB] = [placed(hullA, a), placed(hullB, b)]
  let nearest = subtract(b.position, a.position) // of the difference B − A to the origin
  let simplex: Corner[] = []
  for (let round = 0; round < 64; round++) {
    const size = dot(nearest, nearest)
    if (size < 1e-18) return { distance: -hullA.margin - hullB.margin, point: a.position }
    const onA = supportA(nearest)
    const corner: Corner = { at: subtract(supportB(scale(nearest, -1)), onA), onA, share: 1 }
    if (simplex.length > 0 && size - dot(nearest, corner.at) <= 1e-9 * size) break
    const next = closest([...simplex, corner])
    const point = combine(next, (c) => c.at)
    if (simplex.length > 0 && dot(point, point) >= size) break // rounding has taken over
    simplex = next
    nearest = point
  }
  const far = length(nearest)
  const normal = scale(nearest, 1 / far)
  return {
    distance: far - hullA.margin - hullB.margin,
    normal,
    point: add(
      combine(simplex, (c) => c.onA),
      scale(normal, hullA.margin),
    ),
  }
}

/** A corner of the simplex: a point of B − A, the point of A that it came from, and its weight in the nearest point. */
interface Corner {
  readonly at: Vector
  readonly onA: Vector
  readonly share: number
}

const combine = (corners: readonly Corner[], pick: (corner: Corner) => Vector): Vector =>
  corners.reduce<Vector>((sum, corner) => add(sum, scale(pick(corner), corner.share)), [0, 0, 0])

const weighted = (corner: Corner, share: number): Corner => ({ ...corner, share })

/** The smallest face of a simplex that holds its point nearest to the origin, with that point's weights. */
function closest(corners: readonly Corner[]): Corner[] {
  const [a, b, c, d] = corners
  if (!a || !b) return [...corners]
  if (!c) return onSegment(a, b)
  return d ? onTetrahedron(a, b, c, d) : onTriangle(a, b, c)
}

function onSegment(a: Corner, b: Corner): Corner[] {
  const ab = subtract(b.at, a.at)
  const t = -dot(a.at, ab) / dot(ab, ab)
  if (!(t > 0)) return [weighted(a, 1)]
  return t >= 1 ? [weighted(b, 1)] : [weighted(a, 1 - t), weighted(b, t)]
}

/** By the regions of Voronoi: corners first, then edges, then the face (Ericson, Real-Time Collision Detection, 5.1.5). */
function onTriangle(a: Corner, b: Corner, c: Corner): Corner[] {
  const ab = subtract(b.at, a.at)
  const ac = subtract(c.at, a.at)
  const d1 = -dot(ab, a.at)
  const d2 = -dot(ac, a.at)
  if (d1 <= 0 && d2 <= 0) return [weighted(a, 1)]
  const d3 = -dot(ab, b.at)
  const d4 = -dot(ac, b.at)
  if (d3 >= 0 && d4 <= d3) return [weighted(b, 1)]
  const vc = d1 * d4 - d3 * d2
  if (vc <= 0 && d1 >= 0 && d3 <= 0) return onSegment(a, b)
  const d5 = -dot(ab, c.at)
  const d6 = -dot(ac, c.at)
  if (d6 >= 0 && d5 <= d6) return [weighted(c, 1)]
  const vb = d5 * d2 - d1 * d6
  if (vb <= 0 && d2 >= 0 && d6 <= 0) return onSegment(a, c)
  const va = d3 * d6 - d5 * d4
  if (va <= 0 && d4 - d3 >= 0 && d5 - d6 >= 0) return onSegment(b, c)
  const whole = va + vb + vc
  return [weighted(a, va / whole), weighted(b, vb / whole), weighted(c, vc / whole)]
}

/** Metres; a tetrahedron that is lower than this has no trustworthy inside. */
const flatness = 1e-6

/** The nearest of the faces that the origin lies outside of; within, the hulls overlap and all four corners stay, at the origin. */
function onTetrahedron(a: Corner, b: Corner, c: Corner, d: Corner): Corner[] {
  let best: Corner[] | undefined
  let bestSize = Number.POSITIVE_INFINITY
  for (const [p, q, r, opposite] of [
    [a, b, c, d],
    [a, c, d, b],
    [a, d, b, c],
    [b, d, c, a],
  ] as const) {
    const normal = cross(subtract(q.at, p.at), subtract(r.at, p.at))
    const height = dot(normal, subtract(p.at, opposite.at))
    // The origin is on the inner side. In a flat tetrahedron that says nothing, and every face is looked at.
    if (dot(normal, p.at) * height > 0 && Math.abs(height) > flatness * length(normal)) continue
    const face = onTriangle(p, q, r)
    const point = combine(face, (corner) => corner.at)
    const size = dot(point, point)
    if (size < bestSize) {
      best = face
      bestSize = size
    }
  }
  return best ?? [weighted(a, 0), weighted(b, 0), weighted(c, 0), weighted(d, 0)]
}
