import { relates } from './relations.js'
import type { Colour, Relation, Scene, SceneObject, Shape } from './scene.js'

/** `train` never shows a held-out combination, `held-out` always shows at least one, `all` does not care. */
export const splits = ['train', 'held-out', 'all'] as const
export type Split = (typeof splits)[number]

/**
 * Six of the sixty pairs of shape and colour, which no training scene shows. Each shape keeps nine of its colours and each
 * colour at least five of its shapes, so a model has seen both words, only never together.
 */
export const heldOutPairs: readonly (readonly [Colour, Shape])[] = [
  ['purple', 'cube'],
  ['orange', 'sphere'],
  ['cyan', 'cylinder'],
  ['pink', 'cone'],
  ['green', 'torus'],
  ['red', 'pyramid'],
]

/** Arrangements of two shapes that no training scene shows; the first two say the same from either side. */
export const heldOutArrangements: readonly (readonly [Shape, Relation, Shape])[] = [
  ['torus', 'left of', 'cube'],
  ['cube', 'right of', 'torus'],
  ['cone', 'on top of', 'cylinder'],
]

export const isHeldOutPair = ({ colour, shape }: Pick<SceneObject, 'colour' | 'shape'>): boolean =>
  heldOutPairs.some(([c, s]) => c === colour && s === shape)

/** Whether a scene shows any held-out pair or arrangement. */
export function isHeldOut(scene: Scene): boolean {
  if (scene.objects.some(isHeldOutPair)) return true
  return scene.objects.some((a, i) =>
    scene.objects.some((b, j) =>
      heldOutArrangements.some(([first, relation, second]) => a.shape === first && b.shape === second && relates(scene, i, relation, j)),
    ),
  )
}

/** Whether a scene belongs to a split. */
export const inSplit = (scene: Scene, split: Split): boolean => split === 'all' || isHeldOut(scene) === (split === 'held-out')
