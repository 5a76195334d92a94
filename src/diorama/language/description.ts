import type { Constraints, ObjectConstraint } from '../constraints.js'
import type { Decal, Scene, SceneObject } from '../scene.js'
import { withArticle } from './lexicon.js'

/** The attributes that a sentence can give an object. */
export const attributes = ['shape', 'colour', 'size', 'material', 'decal'] as const
export type Attribute = (typeof attributes)[number]

/** A constraint while it is being gathered. */
export type Description = { -readonly [Field in keyof ObjectConstraint]: ObjectConstraint[Field] }

export const sameDecal = (a: Decal | undefined, b: Decal | undefined): boolean => decalText(a) === decalText(b)

/** What is painted, in a word; texts are in capitals, so they never equal a symbol's name. */
export const decalText = (decal: Decal | undefined): string | undefined => (decal?.kind === 'text' ? decal.text : decal?.symbol)

/** Whether an object has every attribute that the description names; its count does not matter. */
export function fits(object: Omit<ObjectConstraint, 'count'>, description: ObjectConstraint): boolean {
  return (
    (description.shape === undefined || description.shape === object.shape) &&
    (description.colour === undefined || description.colour === object.colour) &&
    (description.size === undefined || description.size === object.size) &&
    (description.material === undefined || description.material === object.material) &&
    (description.decal === undefined || sameDecal(description.decal, object.decal))
  )
}

/** Positions of the objects that fit. */
export const fitting = (scene: Pick<Scene, 'objects'>, description: ObjectConstraint): number[] =>
  scene.objects.flatMap((object, i) => (fits(object, description) ? [i] : []))

/** Only these attributes of an object. */
export function only(object: SceneObject | ObjectConstraint, chosen: readonly Attribute[]): Description {
  const description: Description = {}
  for (const attribute of chosen) if (object[attribute] !== undefined) Object.assign(description, { [attribute]: object[attribute] })
  return description
}

/** The same constraints with their relations in a fixed order and without repetitions, so that equal ones compare equal. */
export function canonical<C extends Constraints>(constraints: C): C {
  const names = new Map(constraints.relations.map((fact) => [`${fact.subject} ${fact.object} ${fact.relation}`, fact]))
  const absent = new Map(constraints.absent.map((description) => [describeKey(description), description]))
  const sorted = <T>(map: Map<string, T>): T[] => [...map.keys()].sort().map((name) => map.get(name) as T)
  return { ...constraints, relations: sorted(names), absent: sorted(absent) }
}

const describeKey = (d: ObjectConstraint): string => attributes.map((a) => (a === 'decal' ? decalText(d.decal) : d[a]) ?? '').join('|')

/** A description in the world's own words: "small red metal cube that says "GO"". */
export function plainWords(description: ObjectConstraint): string {
  const { size, colour, material, shape, decal, count } = description
  const words = [count, size, colour, material, shape ?? 'object'].filter((word) => word !== undefined).join(' ')
  return decal === undefined
    ? words
    : `${words} ${decal.kind === 'text' ? `that says "${decal.text}"` : `with ${withArticle(decal.symbol)}`}`
}
