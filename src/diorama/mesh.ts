import type { Mesh, MeshMaterial, MeshPart } from '../media/mesh.js'
import { decalPatch } from './decal-patch.js'
import { albedo } from './palette.js'
import { Environment } from './render/environment.js'
import { radius, type Scene, type SceneObject } from './scene.js'
import { disc, tessellate } from './tessellate.js'

export interface SceneMeshOptions {
  /** Steps around a full circle: 12 is coarse, 48 (if it is not given) is smooth at the size of a screen. */
  readonly detail?: number
  /** Whether the objects stand on the ground of their setting; they do if it is not given. */
  readonly ground?: boolean
}

/**
 * A scene as a mesh: one part per object, where it stands, one more for its decal, and the ground, in the colours that the renderer
 * gives them. Light, sky and style are the viewer's.
 *
 * @throws RangeError for a detail below 3 or above 512
 */
export function sceneMesh(scene: Scene, { detail = 48, ground = true }: SceneMeshOptions = {}): Mesh {
  if (!Number.isInteger(detail) || detail < 3 || detail > 512)
    throw new RangeError(`Cannot build a mesh of ${detail} steps around a circle: expected a whole number from 3 to 512`)
  const materials = new Map<string, MeshMaterial>()
  /** Objects of one look share their material, so that a file holds it once. */
  const materialOf = (object: SceneObject): MeshMaterial => {
    const name = `${object.colour} ${object.material}`
    const known = materials.get(name) ?? look(object, name)
    materials.set(name, known)
    return known
  }
  const objects = scene.objects.flatMap((object): MeshPart[] => {
    const { size, colour, material, shape, position, rotation } = object
    const surface = tessellate(shape, radius(object), detail)
    const name = `${size} ${colour} ${material} ${shape}`
    const solid = { name, ...surface, material: materialOf(object), translation: position, rotation }
    const decal = decalPatch(object, detail)
    return decal ? [solid, decal] : [solid]
  })
  return { parts: ground ? [...objects, groundPart(scene, detail)] : objects }
}

function look({ colour, material }: SceneObject, name: string): MeshMaterial {
  const shared = { name, colour: albedo[colour] }
  if (material === 'metal') return { ...shared, metallic: 1, roughness: 0.2 }
  if (material === 'glass') return { ...shared, metallic: 0, roughness: 0.02, transmission: 0.95 }
  return { ...shared, metallic: 0, roughness: 0.85 }
}

/** A disc that reaches two metres beyond the outermost object, in the mean colour of the setting's ground. */
function groundPart(scene: Scene, detail: number): MeshPart {
  const reach = Math.max(1, ...scene.objects.map(({ position: [x, , z] }) => Math.hypot(x, z)))
  const { r, g, b } = new Environment(scene).ground
  const name = `${scene.setting} ground`
  return { name, ...disc(reach + 2, Math.max(detail, 24)), material: { name, colour: [r, g, b], metallic: 0, roughness: 1 } }
}
