import { inView, project } from './camera.js'
import { heights } from './geometry.js'
import { type RelationFact, relationsOf } from './relations.js'
import { instanceMask, type RenderOptions } from './render/render-scene.js'
import type { Scene, SceneObject } from './scene.js'
import { visibilityOf } from './visibility.js'

/** A box in pixels: its left and upper edge, and the first column and row beyond it. */
export interface Box {
  readonly left: number
  readonly top: number
  readonly right: number
  readonly bottom: number
}

/** What is true of one object in one picture. */
export interface ObjectTruth extends SceneObject {
  /** Of the pixels that show it; absent if none does. */
  readonly box?: Box
  /** Where its centre is projected to, in pixels from the upper left corner; it may be hidden or outside. */
  readonly centre: { readonly x: number; readonly y: number }
  /** Of its centre along the line of sight, in metres. */
  readonly depth: number
  /** Pixels that show it, and their share of its whole silhouette. */
  readonly pixels: number
  readonly visible: number
  /** Metres above the ground. */
  readonly bottom: number
  readonly top: number
}

/** Everything that is true of a picture of a scene, as JSON. */
export interface Truth extends Omit<Scene, 'objects'> {
  readonly width: number
  readonly height: number
  readonly objects: readonly ObjectTruth[]
  readonly relations: readonly RelationFact[]
}

export function truthOf(scene: Scene, options: RenderOptions): Truth {
  const { width, height, camera = scene.camera } = options
  const shown: Scene = { ...scene, camera }
  const mask = instanceMask(shown, options)
  const seen = visibilityOf(shown, options, mask)
  const objects = scene.objects.map((object, i): ObjectTruth => {
    const box = boxOf(mask, width, i + 1)
    const { x, y } = project(camera, object.position, { width, height })
    const { pixels, visible } = seen[i] as (typeof seen)[number]
    const place = { centre: { x, y }, depth: inView(camera, object.position).depth, pixels, visible, ...heights(object) }
    return box ? { ...object, box, ...place } : { ...object, ...place }
  })
  return { ...shown, width, height, objects, relations: relationsOf(shown) }
}

/** The smallest box that holds every pixel of an instance. */
function boxOf(mask: Uint8Array, width: number, instance: number): Box | undefined {
  let [left, top, right, bottom] = [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY, -1, -1]
  for (let i = 0; i < mask.length; i++) {
    if (mask[i] !== instance) continue
    const x = i % width
    const y = Math.floor(i / width)
    left = Math.min(left, x)
    top = Math.min(top, y)
    right = Math.max(right, x + 1)
    bottom = Math.max(bottom, y + 1)
  }
  return right < 0 ? undefined : { left, top, right, bottom }
}
