import {
  type Colour,
  colours,
  type Material,
  materials,
  type Setting,
  type Shape,
  type Size,
  type Style,
  settings,
  shapes,
  sizes,
  styles,
  type Time,
  times,
} from './scene.js'

type Range = readonly [low: number, high: number]

/** A named part of the world: which words occur in it, and how far the camera moves. */
export interface World {
  readonly name: string
  readonly shapes: readonly Shape[]
  readonly colours: readonly Colour[]
  readonly sizes: readonly Size[]
  readonly materials: readonly Material[]
  readonly settings: readonly Setting[]
  readonly times: readonly Time[]
  readonly styles: readonly Style[]
  /** How often a scene has 1, 2, 3, … objects, as weights. */
  readonly counts: readonly number[]
  /** Share of objects with something painted on the front face. */
  readonly decals: number
  /** Share of scenes with two or more objects in which one stands on another. */
  readonly stacks: number
  /** Metres that the frame shows from top to bottom where the objects are. */
  readonly view: Range
  /** Radians. */
  readonly camera: { readonly azimuth: Range; readonly elevation: Range; readonly fieldOfView: Range }
  /** How far an object may be turned about the vertical, to either side of facing the camera; radians. */
  readonly turn: number
}

const degrees = Math.PI / 180

export const diorama = {
  /** What a small network can learn well: few objects, opaque, by day or at sunset, from a camera that hardly moves. */
  simple: {
    name: 'diorama.simple',
    shapes,
    colours,
    sizes,
    materials: ['matte', 'metal'],
    settings: ['studio', 'meadow', 'desert', 'snow'],
    times: ['day', 'sunset'],
    styles: ['photo'],
    counts: [4, 5, 2],
    decals: 0,
    stacks: 0.15,
    view: [3.5, 4.1],
    camera: { azimuth: [-0.35, 0.35], elevation: [14 * degrees, 26 * degrees], fieldOfView: [36 * degrees, 40 * degrees] },
    turn: 0.6,
  },
  /** Every word of the world. */
  full: {
    name: 'diorama.full',
    shapes,
    colours,
    sizes,
    materials,
    settings,
    times,
    styles,
    counts: [2, 4, 4, 3, 2],
    decals: 0.15,
    stacks: 0.3,
    view: [3.9, 4.8],
    camera: { azimuth: [-0.8, 0.8], elevation: [7 * degrees, 30 * degrees], fieldOfView: [34 * degrees, 46 * degrees] },
    turn: 0.8,
  },
} as const satisfies Record<string, World>
