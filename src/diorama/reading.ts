import { project } from './camera.js'
import { outline } from './geometry.js'
import {
  type Colour,
  type Decal,
  type Material,
  type Relation,
  radius,
  type Scene,
  type Setting,
  type Shape,
  type Size,
  type Style,
  type Time,
} from './scene.js'

/** In parts of the picture's width and height, from its upper left corner; an object may reach beyond the frame. */
export interface PictureBox {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** One object as it is seen in a picture. */
export interface ReadObject {
  readonly shape: Shape
  readonly colour: Colour
  readonly size: Size
  readonly material: Material
  readonly decal?: Decal
  /** Around the whole object, also where another hides it. */
  readonly box: PictureBox
  /** In [0, 1]: how sure the reader is that this object is there and is what it says. */
  readonly confidence: number
}

/** What can be read off a picture: the same words as a scene's, with places in the picture in the place of metres. */
export interface Reading {
  readonly objects: readonly ReadObject[]
  readonly setting: Setting
  readonly time: Time
  readonly style: Style
  /** The picture's width over its height. */
  readonly aspect: number
}

/** What a perfect reader sees in a picture of this scene. */
export function readingOf(scene: Scene, aspect = 1): Reading {
  const objects = scene.objects.map(({ shape, colour, size, material, decal }, i): ReadObject => {
    const points = outline(scene.objects[i] as Scene['objects'][number]).map((point) =>
      project(scene.camera, point, { width: aspect, height: 1 }),
    )
    const xs = points.map(({ x }) => x / aspect)
    const ys = points.map(({ y }) => y)
    const box = { left: Math.min(...xs), top: Math.min(...ys), right: Math.max(...xs), bottom: Math.max(...ys) }
    return { shape, colour, size, material, ...(decal && { decal }), box, confidence: 1 }
  })
  return { objects, setting: scene.setting, time: scene.time, style: scene.style, aspect }
}

/** Shares of the objects' half widths by which they must lie apart in the picture: sideways, and in height for what is in depth. */
const sideways = 0.36
const inDepth = 0.15
/** Sine of a middling camera elevation: how much of a depth along the ground shows as height in a picture. */
const tilt = 0.43
/** Half the width of a box around a shape that is turned by any angle, for a shape of radius 1. */
const spread: Readonly<Record<Shape, number>> = { cube: 1.3, sphere: 1, cylinder: 1.05, cone: 1, torus: 1, pyramid: 1.2 }
/** What has a flat top to stand on. */
const carriers: ReadonlySet<Shape> = new Set(['cube', 'cylinder'])

interface Place {
  readonly x: number
  readonly top: number
  readonly bottom: number
  /** Height at which the middle of the base stands in the picture: lower down is a larger number, and nearer. */
  readonly ground: number
  readonly halfWidth: number
  /** Picture heights per metre: how near the object is, if its shape and size are read rightly. */
  readonly nearness: number
  readonly carries: boolean
}

/** All in picture heights. */
function placeOf({ box, shape, size }: ReadObject, aspect: number): Place {
  const halfWidth = ((box.right - box.left) / 2) * aspect
  return {
    x: ((box.left + box.right) / 2) * aspect,
    top: box.top,
    bottom: box.bottom,
    ground: box.bottom - halfWidth * (shape === 'sphere' ? 0.1 : tilt), // a ball touches the ground below its lowest outline
    halfWidth,
    nearness: halfWidth / (radius({ size }) * spread[shape]),
    carries: carriers.has(shape),
  }
}

/** `a` stands on `b`: above its middle, ending within its top face, and as near as `b`, which an object behind it would not be. */
function standsOn(a: Place, b: Place): boolean {
  const height = b.bottom - b.top
  const above = (a.bottom - b.top) / height
  return (
    b.carries && Math.abs(a.x - b.x) < 0.35 * b.halfWidth && above > -0.05 && above < 0.45 && a.top < b.top && a.nearness > 0.8 * b.nearness
  )
}

/**
 * Whether object `i` stands in a relation to object `j`, by their places in the picture alone: sideways by their middles, in
 * depth by where they touch the ground (what stands on another counts as standing where that one does).
 */
export function relatesInPicture(reading: Reading, i: number, relation: Relation, j: number): boolean {
  if (i === j) return false
  const places = reading.objects.map((object) => placeOf(object, reading.aspect))
  const [a, b] = [places[i], places[j]]
  if (!a || !b) throw new RangeError(`Cannot relate objects ${i} and ${j}: the reading has ${places.length} objects, counted from 0`)
  if (relation === 'on top of') return standsOn(a, b)
  const reachSideways = sideways * (a.halfWidth + b.halfWidth)
  if (relation === 'left of') return a.x < b.x - reachSideways
  if (relation === 'right of') return a.x > b.x + reachSideways
  const ground = (place: Place): Place => {
    const below = places.find((other) => other !== place && standsOn(place, other))
    return below ?? place
  }
  const [near, far] = relation === 'in front of' ? [ground(a), ground(b)] : [ground(b), ground(a)]
  return near.ground > far.ground + inDepth * (a.halfWidth + b.halfWidth)
}
