import { add, axesOf, compose, cross, dot, rotate, scale, subtract, turn } from '../geometry.js'
import { radius, type SceneObject, type Vector } from '../scene.js'
import { gravity, mass, uprightness } from './body.js'
import type { Contact, Motion, Stage } from './track.js'
import { along, up } from './vectors.js'

/**
 * Squared radius of gyration about the edge, as a multiple of r²: a cube of side 2r about an edge, and a cylinder of radius r and
 * height 2r about a tangent to its rim.
 */
const gyration = { cube: 8 / 3, cylinder: 1 / 4 + 1 / 3 + 2 } as const

/** How much more energy than needed the push gives, so that the tipping point is passed in reasonable time. */
const surplus = { topple: 0.03, tumble: 0.2 } as const

/** A quarter turn over an edge as time against angle. */
interface QuarterTurn {
  readonly duration: number
  /** Turned so far in radians, 0 to π/2, and how fast. */
  readonly at: (time: number) => { readonly angle: number; readonly turning: number }
}

/**
 * An inverted pendulum from 45° before the tipping point to 45° behind it. Its energy gives the turning speed at every angle,
 * ω² = 2k·(1 + surplus − cos φ) with k = g·L / gyration, and the integral of 1/ω gives the time; a table of both, read by
 * Hermite's cubics, answers for any instant.
 */
function quarterTurn(shape: 'cube' | 'cylinder', r: number, extra: number): QuarterTurn {
  const k = (gravity * Math.SQRT2) / (gyration[shape] * r)
  const turningAt = (phi: number): number => Math.sqrt(2 * k * (1 + extra - Math.cos(phi)))
  const steps = 64
  const step = Math.PI / 2 / steps
  const times = new Float64Array(steps + 1)
  for (let i = 0; i < steps; i++) {
    const phi = -Math.PI / 4 + i * step
    const simpson = 1 / turningAt(phi) + 4 / turningAt(phi + step / 2) + 1 / turningAt(phi + step)
    times[i + 1] = (times[i] as number) + (step / 6) * simpson
  }
  const duration = times[steps] as number
  return {
    duration,
    at(time) {
      const t = Math.min(Math.max(time, 0), duration)
      let i = 0
      while (i < steps - 1 && (times[i + 1] as number) < t) i++
      const span = (times[i + 1] as number) - (times[i] as number)
      const u = (t - (times[i] as number)) / span
      const [from, to] = [turningAt(-Math.PI / 4 + i * step) * span, turningAt(-Math.PI / 4 + (i + 1) * step) * span]
      const angle = i * step + u * u * (3 - 2 * u) * step + u * (1 - u) * ((1 - u) * from - u * to)
      return { angle, turning: turningAt(angle - Math.PI / 4) }
    },
  }
}

/** Which way an object tips that is pushed in a direction: over the edge that a cube's pushed face has, anywhere for a cylinder. */
export function tippingWay(object: SceneObject, direction: Vector): Vector | undefined {
  if (object.shape === 'cylinder') return Math.abs(uprightness(object)) > 0.99 ? direction : undefined
  const sides = axesOf(object.rotation).flatMap((axis) => [axis, scale(axis, -1)])
  const [best] = sides.filter(([, y]) => Math.abs(y) < 0.01).sort((a, b) => dot(b, direction) - dot(a, direction))
  return best
}

/** One quarter turn over the edge in direction `way`, with the blow at its end. */
export function topple(stage: Stage, way: Vector, kind: 'topple' | 'tumble'): { readonly motion: Motion; readonly contact: Contact } {
  const { object, start, index } = stage
  const r = radius(object)
  const { duration, at } = quarterTurn(object.shape === 'cube' ? 'cube' : 'cylinder', r, surplus[kind])
  const axis = cross(up, way)
  const edge = add(object.position, [r * way[0], -r, r * way[2]])
  const arm = subtract(object.position, edge)
  const end = start + duration
  const last = at(duration)
  const motion: Motion = {
    kind,
    object: index,
    start,
    end,
    limit: last.turning * r * Math.sqrt(8 + 1), // the farthest corner of a cube from the edge's end
    velocityAt(time) {
      const { angle, turning } = at(time - start)
      return scale(cross(axis, rotate(turn(axis, angle), arm)), turning)
    },
    turningAt: (time) => at(time - start).turning,
    poseAt(time) {
      const tilt = turn(axis, at(time - start).angle)
      return { position: add(edge, rotate(tilt, arm)), rotation: compose(tilt, object.rotation) }
    },
  }
  const speed = 2 * r * last.turning // of the edge that comes down
  const contact: Contact = {
    time: end,
    objects: [index, 'ground'],
    kind: 'hit',
    impulse: (mass(object) * speed) / 2,
    position: along(edge, way, r),
    speed,
  }
  return { motion, contact }
}
