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

/** Shares of the objects' half widths by which centres must lie apart sideways, and lowest points in height. */
const sideways = 0.35
const inDepth = 0.12

interface Place {
  readonly x: number
  /** Height of the lowest point in the picture, as a share of its height; lower in the picture is larger, and nearer. */
  readonly base: number
  /** Of the box, in picture heights. */
  readonly halfWidth: number
  readonly height: number
  readonly top: number
  /** Picture heights per metre: how near the object is, if its size is read rightly. */
  readonly nearness: number
}

function placeOf({ box, size }: ReadObject, aspect: number): Place {
  const halfWidth = ((box.right - box.left) / 2) * aspect
  return {
    x: ((box.left + box.right) / 2) * aspect,
    base: box.bottom,
    halfWidth,
    height: box.bottom - box.top,
    top: box.top,
    nearness: halfWidth / radius({ size }),
  }
}

/** `a` stands on `b`: it ends within `b`'s top, above its middle, and it is as near as `b`, which an object behind would not be. */
const standsOn = (a: Place, b: Place): boolean =>
  Math.abs(a.x - b.x) < b.halfWidth &&
  a.base > b.top - 0.05 * b.height &&
  a.base < b.top + 0.5 * b.height &&
  a.top < b.top &&
  a.nearness > 0.78 * b.nearness

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
  return near.base > far.base + inDepth * (a.halfWidth + b.halfWidth)
}
