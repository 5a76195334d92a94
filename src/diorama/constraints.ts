import type { Direction, Script } from './motion/story.js'
import type { Colour, Decal, Material, Relation, Setting, Shape, Size, Style, Time } from './scene.js'

/** What a sentence demands of one object, or of a group: every field that is present must hold. */
export interface ObjectConstraint {
  readonly shape?: Shape
  readonly colour?: Colour
  readonly size?: Size
  readonly material?: Material
  readonly decal?: Decal
  /** How many such objects there are, exactly; at least one if it is not said. */
  readonly count?: number
}

/** `objects[subject]` stands in this relation to `objects[object]`, seen from the camera. */
export interface RelationConstraint {
  readonly subject: number
  readonly relation: Relation
  readonly object: number
}

/** What a sentence says about a scene, in a form that truth can be checked against. */
export interface Constraints {
  /** Different entries mean different objects of the scene. */
  readonly objects: readonly ObjectConstraint[]
  readonly relations: readonly RelationConstraint[]
  /** Descriptions that no object may fit ("no red cubes"). */
  readonly absent: readonly ObjectConstraint[]
  readonly setting?: Setting
  readonly time?: Time
  readonly style?: Style
}

/** Something that happens in a film. */
export interface ActionConstraint {
  readonly script: Script
  /** Index into `objects`; left out for what the camera does. */
  readonly object?: number
  readonly direction?: Direction
  /** Index into `objects`: what an orbit goes around. */
  readonly other?: number
  /** It overlaps with the action before it; otherwise it begins later. */
  readonly meanwhile?: true
}

/** What a sentence says about a film: about the scene in which it begins, and what happens, in the order of its telling. */
export interface StoryConstraints extends Constraints {
  readonly actions: readonly ActionConstraint[]
}
