import { axesOf } from '../geometry.js'
import { halfHeight, type Material, radius, type SceneObject, type Setting, type Shape } from '../scene.js'

/** Of free fall, in m/s². */
export const gravity = 9.81

/** The share of its speed that a round object keeps when it hits the ground. */
export const restitution: Record<Material, number> = { matte: 0.72, metal: 0.55, glass: 0.62 }

/** kg/m³: wood, aluminium, window glass. */
const density: Record<Material, number> = { matte: 600, metal: 2700, glass: 2500 }

/** The object's share of its bounding box. */
const filling: Record<Shape, number> = {
  cube: 1,
  sphere: Math.PI / 6,
  cylinder: Math.PI / 4,
  cone: Math.PI / 12,
  torus: 2 * Math.PI ** 2 * 0.7 * 0.3 ** 2 * (1 / (8 * 0.3)), // 2π²·R·ρ² with R = 0.7 r, ρ = 0.3 r, in a box of 2r · 2r · 0.6r
  pyramid: 1 / 3,
}

/** In kg. */
export function mass(object: Pick<SceneObject, 'shape' | 'size' | 'material'>): number {
  const box = 8 * radius(object) ** 2 * halfHeight(object)
  return density[object.material] * filling[object.shape] * box
}

/** How much harder a rolling body is to speed up than a sliding one, because it has to turn as well: 1 + I / (m·r²). */
export function inertia(object: Pick<SceneObject, 'shape' | 'size' | 'material' | 'rotation'>): number {
  if (object.shape === 'sphere') return 1.4 * mass(object)
  if (!onRim(object)) return mass(object)
  return (object.shape === 'cylinder' ? 1.5 : 1 + 0.7 ** 2 + 0.75 * 0.3 ** 2) * mass(object) // a torus: R² + ¾·ρ², in r²
}

/** Dry sliding friction of a material on ordinary ground, and what the ground makes of it. */
const friction: Record<Material, number> = { matte: 0.4, metal: 0.28, glass: 0.24 }
const grip: Record<Setting, number> = { studio: 1, meadow: 1.25, desert: 1.4, snow: 0.55, beach: 1.4, 'night city': 1.1 }

/** How fast sliding loses speed, in m/s². */
export const slidingDeceleration = (material: Material, setting: Setting): number => gravity * friction[material] * grip[setting]

/** The same for something round that was set rolling by a hit. */
export const rollingDeceleration = (setting: Setting): number => 0.8 * grip[setting]

/** A flat landing loses most of its speed, a round one only what the material takes. */
export const landingRestitution = ({ shape, material }: Pick<SceneObject, 'shape' | 'material'>): number =>
  shape === 'sphere' ? restitution[material] : 0.4 * restitution[material]

/** The share of their approach speed with which two objects part. */
export const collisionRestitution = (a: Pick<SceneObject, 'material'>, b: Pick<SceneObject, 'material'>): number =>
  0.45 * (restitution[a.material] + restitution[b.material])

/** The upward cosine of the axis that stands upright in an unturned object. */
export const uprightness = ({ rotation }: Pick<SceneObject, 'rotation'>): number => axesOf(rotation)[1][1]

/** Whether a cylinder or a torus lies on its rim and can roll away. */
export const onRim = (object: Pick<SceneObject, 'shape' | 'rotation'>): boolean =>
  (object.shape === 'cylinder' || object.shape === 'torus') && Math.abs(uprightness(object)) < 0.01

/** Whether an object rolls when it is pushed; everything else slides. */
export const isRound = (object: Pick<SceneObject, 'shape' | 'rotation'>): boolean => object.shape === 'sphere' || onRim(object)

/** How high the centre of an object lies that rests in this pose. */
export const restingHeight = (object: Pick<SceneObject, 'shape' | 'size' | 'rotation'>): number =>
  onRim(object) ? radius(object) : halfHeight(object)
