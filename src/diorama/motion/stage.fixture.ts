import { yaw } from '../geometry.js'
import { type Camera, halfHeight, type Scene, type SceneObject, type Shape } from '../scene.js'
import { playStory } from './play.js'
import { readyScene } from './ready.js'
import type { Action } from './story.js'

/** A small matte object on the ground, for tests. */
export function standing(shape: Shape, x: number, z: number, changes: Partial<SceneObject> = {}): SceneObject {
  const look = { shape, size: 'small', material: 'matte', colour: 'red', ...changes } as const
  return { rotation: yaw(0), position: [x, halfHeight(look), z], ...look }
}

/** Sees everything that tests put on the ground. */
export const camera: Camera = { azimuth: 0, elevation: 0.4, distance: 14, target: [0, 0.5, 0], fieldOfView: 0.7 }

export const sceneOf = (...objects: SceneObject[]): Scene => ({
  objects,
  setting: 'studio',
  time: 'day',
  style: 'photo',
  camera,
  seed: 5,
})

export function filmOf(objects: SceneObject[], actions: Action[], duration = 8) {
  return playStory({ scene: readyScene(sceneOf(...objects), actions), actions, duration })
}
