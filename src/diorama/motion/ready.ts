import { heights } from '../geometry.js'
import type { Camera, Scene, SceneObject } from '../scene.js'
import { onRim } from './body.js'
import { groundDirection, room } from './frame.js'
import { cameraAt } from './pan.js'
import type { Action } from './story.js'
import { laidOnRim } from './travels.js'
import { up } from './vectors.js'

/** Metres that something falls, if the frame leaves room. */
const usualFall = 2

/**
 * A scene as its story wants it at the beginning: what will fall hangs as high as the frame allows, and a cylinder or a torus
 * that will roll lies on its rim across its way. Everything else stays as it is.
 */
export function readyScene(scene: Scene, actions: readonly Action[]): Scene {
  const objects = scene.objects.map((object, i) => {
    const own = actions.filter((action) => action.object === i)
    const rolling = own.find(({ script }) => script === 'roll')
    const laid =
      rolling?.direction && (object.shape === 'cylinder' || object.shape === 'torus') && !onRim(object)
        ? laidOnRim(object, groundDirection(cameraAt(scene.camera, actions, rolling.start), rolling.direction))
        : object
    return own.some(({ script }) => script === 'fall') && heights(laid).bottom < 0.01 ? hung(laid, scene.camera) : laid
  })
  return { ...scene, objects }
}

function hung(object: SceneObject, camera: Camera): SceneObject {
  const [x, y, z] = object.position
  return { ...object, position: [x, y + Math.max(room(camera, object, up, usualFall), 0.3), z] }
}
