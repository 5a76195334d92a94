import { instanceMask, type RenderOptions } from './render/render-scene.js'
import type { Scene } from './scene.js'

export interface Visibility {
  /** Pixels of the picture that show the object. */
  readonly pixels: number
  /** Their share of the pixels that would show it if nothing stood before it and the picture had no edge, from 0 to 1. */
  readonly visible: number
}

/** How much of each object can be seen; the frame's surroundings are searched to half its size on every side. */
export function visibilityOf(scene: Scene, options: RenderOptions): Visibility[] {
  const margin = Math.ceil(Math.max(options.width, options.height) / 2)
  const seen = countPixels(instanceMask(scene, options), scene.objects.length)
  return scene.objects.map((_, i) => {
    const whole = countPixels(instanceMask(scene, options, i, margin), 1)[0] as number
    const pixels = seen[i] as number
    return { pixels, visible: whole === 0 ? 0 : Math.min(1, pixels / whole) }
  })
}

function countPixels(mask: Uint8Array, objects: number): number[] {
  const counts = new Array<number>(objects + 1).fill(0)
  for (const instance of mask) counts[instance] = (counts[instance] as number) + 1
  return counts.slice(1)
}
