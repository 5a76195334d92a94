import { instanceMask, type RenderOptions, silhouette } from './render/render-scene.js'
import type { Scene } from './scene.js'

export interface Visibility {
  /** Pixels of the picture that show the object. */
  readonly pixels: number
  /** Their share of the pixels that would show it if nothing stood before it and the picture had no edge, from 0 to 1. */
  readonly visible: number
}

/** How much of each object can be seen. A mask that is at hand already (`instanceMask` of the same view) saves making it again. */
export function visibilityOf(scene: Scene, options: RenderOptions, mask = instanceMask(scene, options)): Visibility[] {
  const counts = new Array<number>(scene.objects.length + 1).fill(0)
  for (const instance of mask) counts[instance] = (counts[instance] as number) + 1
  return scene.objects.map((_, i) => {
    const whole = silhouette(scene, i, options)
    const pixels = counts[i + 1] as number
    return { pixels, visible: whole === 0 ? 0 : Math.min(1, pixels / whole) }
  })
}
