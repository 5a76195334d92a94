import { project, rightOf, towardsViewer } from '../camera.js'
import { outline, scale } from '../geometry.js'
import type { Camera, SceneObject, Vector } from '../scene.js'
import type { Direction } from './story.js'
import { along } from './vectors.js'

/** A direction of a story as a unit vector along the ground. */
export function groundDirection(camera: Camera, direction: Direction): Vector {
  switch (direction) {
    case 'right':
      return rightOf(camera)
    case 'left':
      return scale(rightOf(camera), -1)
    case 'closer':
      return towardsViewer(camera)
    case 'away':
      return scale(towardsViewer(camera), -1)
  }
}

/** Whether all of an object lies within a square picture, and keeps off its border by a share of its side. */
export function inFrame(camera: Camera, object: SceneObject, rim = 0.03): boolean {
  return outline(object).every((point) => {
    const { x, y, depth } = project(camera, point, { width: 1, height: 1 })
    return depth > 0.1 && Math.max(Math.abs(x - 0.5), Math.abs(y - 0.5)) < 0.5 - rim
  })
}

/** How far an object can move along a unit direction before it leaves a square picture, up to `most` metres. */
export function room(camera: Camera, object: SceneObject, direction: Vector, most: number): number {
  const step = 0.05
  let far = 0
  while (far + step <= most && inFrame(camera, { ...object, position: along(object.position, direction, far + step) })) far += step
  return far
}
