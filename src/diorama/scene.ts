/**
 * The words and values of the procedural world. A scene is plain data: everything that a picture, a film, a sound, a mesh or a
 * sentence about it says follows from this value, so the truth is the same in every modality.
 *
 * Metres; right-handed axes as in glTF: x to the right, y up, z towards the viewer of an unturned camera. The ground is y = 0.
 */
export const shapes = ['cube', 'sphere', 'cylinder', 'cone', 'torus', 'pyramid'] as const
export const colours = ['red', 'orange', 'yellow', 'green', 'cyan', 'blue', 'purple', 'pink', 'white', 'black'] as const
export const sizes = ['small', 'large'] as const
export const materials = ['matte', 'metal', 'glass'] as const
export const settings = ['studio', 'meadow', 'desert', 'snow', 'beach', 'night city'] as const
export const times = ['day', 'sunset', 'night'] as const
export const styles = ['photo', 'cartoon', 'pixel art', 'pencil sketch', 'oil'] as const
export const relations = ['left of', 'right of', 'in front of', 'behind', 'on top of'] as const
export const symbols = ['star', 'heart', 'arrow', 'check mark', 'smiley'] as const

export type Shape = (typeof shapes)[number]
export type Colour = (typeof colours)[number]
export type Size = (typeof sizes)[number]
export type Material = (typeof materials)[number]
export type Setting = (typeof settings)[number]
export type Time = (typeof times)[number]
export type Style = (typeof styles)[number]
export type Relation = (typeof relations)[number]
export type DecalSymbol = (typeof symbols)[number]

export type Vector = readonly [x: number, y: number, z: number]
/** A rotation as a unit quaternion. */
export type Quaternion = readonly [x: number, y: number, z: number, w: number]

/** What is painted on an object's front face: a symbol, or a letter, a digit or a short word (A-Z, 0-9, at most 6 characters). */
export type Decal = { readonly kind: 'text'; readonly text: string } | { readonly kind: 'symbol'; readonly symbol: DecalSymbol }

export interface SceneObject {
  readonly shape: Shape
  readonly colour: Colour
  readonly size: Size
  readonly material: Material
  readonly decal?: Decal
  /** Of the centre of the object's bounding box when it stands upright. */
  readonly position: Vector
  /** From the upright pose, in which cones and pyramids point up, a torus lies flat, and the front face looks along +z. */
  readonly rotation: Quaternion
}

/** An orbit around `target`; at azimuth 0 the camera looks along -z. Angles in radians, distance in metres. */
export interface Camera {
  readonly azimuth: number
  readonly elevation: number
  readonly distance: number
  readonly target: Vector
  /** Vertical, in radians. */
  readonly fieldOfView: number
}

export interface Scene {
  readonly objects: readonly SceneObject[]
  readonly setting: Setting
  /** The setting "night city" is always at night. */
  readonly time: Time
  readonly style: Style
  readonly camera: Camera
  /** Feeds whatever has no word of its own: grass, clouds, stars, brush strokes. */
  readonly seed: number
}

/** Half the height of an upright object, in metres: its distance from the ground when it stands. */
export const halfHeight = ({ shape, size }: Pick<SceneObject, 'shape' | 'size'>): number => radius({ size }) * (shape === 'torus' ? 0.3 : 1)

/** Half the width of an object's bounding box, in metres. */
export const radius = ({ size }: Pick<SceneObject, 'size'>): number => (size === 'small' ? 0.35 : 0.7)
