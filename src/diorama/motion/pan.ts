import type { Camera } from '../scene.js'
import type { Action } from './story.js'
import { smooth } from './turning.js'

/** Metres from its target that the camera stops at, however far it is told to come. */
const closest = 0.5

/** The camera after all of the pans up to a time, each with a gentle start and stop. */
export function cameraAt(camera: Camera, actions: readonly Action[], time: number): Camera {
  let { azimuth, distance } = camera
  for (const { script, start, duration, direction, amount } of actions) {
    if (script !== 'pan' || time <= start) continue
    const share = smooth(Math.min((time - start) / duration, 1))
    if (direction === 'left' || direction === 'right') azimuth += share * (amount ?? 0.5) * (direction === 'right' ? 1 : -1)
    else distance = Math.max(distance + share * (amount ?? 1) * (direction === 'away' ? 1 : -1), closest)
  }
  return { ...camera, azimuth, distance }
}
