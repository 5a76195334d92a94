import { rightOf, towardsViewer } from './camera.js'
import { dot, heights, subtract } from './geometry.js'
import { type Relation, radius, relations, type Scene, type SceneObject, type Vector } from './scene.js'

/** `scene.objects[subject]` stands in this relation to `scene.objects[object]`. */
export interface RelationFact {
  readonly subject: number
  readonly relation: Relation
  readonly object: number
}

/** How far apart two objects must be along an axis to be called left of or in front of each other, as a share of their radii. */
const margin = 0.4
/** Metres between two faces that still touch. */
const contact = 0.03

function objectAt(scene: Scene, index: number): SceneObject {
  const object = scene.objects[index]
  if (!object) throw new RangeError(`Cannot relate object ${index}: the scene has ${scene.objects.length} objects, counted from 0`)
  return object
}

/** From object `i` to object `j` in the camera's ground-plane axes, in metres: to the right, towards the viewer, and up. */
export function offset(scene: Scene, i: number, j: number): { readonly right: number; readonly towards: number; readonly up: number } {
  const between: Vector = subtract(objectAt(scene, j).position, objectAt(scene, i).position)
  return { right: dot(between, rightOf(scene.camera)), towards: dot(between, towardsViewer(scene.camera)), up: between[1] }
}

/**
 * Whether object `i` stands in a relation to object `j`, as the camera sees it: sideways and in depth along the ground, by a
 * margin that leaves close calls unsaid. "On top of" asks for contact and for the upper centre above the lower object.
 */
export function relates(scene: Scene, i: number, relation: Relation, j: number): boolean {
  if (i === j) return false
  const [a, b] = [objectAt(scene, i), objectAt(scene, j)]
  const apart = offset(scene, i, j)
  const enough = margin * (radius(a) + radius(b))
  switch (relation) {
    case 'left of':
      return apart.right > enough
    case 'right of':
      return apart.right < -enough
    case 'behind':
      return apart.towards > enough
    case 'in front of':
      return apart.towards < -enough
    case 'on top of':
      return Math.abs(heights(a).bottom - heights(b).top) < contact && Math.hypot(apart.right, apart.towards) < radius(b)
  }
}

/** Every relation that holds, for all ordered pairs of objects. */
export function relationsOf(scene: Scene): RelationFact[] {
  const all = scene.objects.map((_, i) => i)
  return all.flatMap((subject) =>
    all.flatMap((object) =>
      relations.filter((relation) => relates(scene, subject, relation, object)).map((relation) => ({ subject, relation, object })),
    ),
  )
}
