import { GeneraError } from '../graph/errors.js'
import { key } from '../graph/random/index.js'
import type { Image } from '../media/image.js'
import type { Mesh } from '../media/mesh.js'
import type { Constraints } from './constraints.js'
import { type CaptionLength, captionOf } from './language/caption.js'
import { sceneMesh } from './mesh.js'
import { renderScene } from './render/render-scene.js'
import { sampleScene } from './sample.js'
import type { Scene } from './scene.js'
import type { Split } from './splits.js'
import { type Truth, truthOf } from './truth.js'
import { diorama } from './worlds.js'

/** What a record of a scene can hold beside the scene itself. */
interface SceneParts {
  readonly image: { readonly image: Image }
  /** A true sentence, and what it says. */
  readonly caption: { readonly caption: string; readonly constraints: Constraints }
  readonly truth: { readonly truth: Truth }
  /** Metres along the line of sight, row by row; infinite for the sky. */
  readonly depth: { readonly depth: Float32Array }
  /** Unit x, y, z per pixel in the world's axes; zeros for the sky. */
  readonly normals: { readonly normals: Float32Array }
  /** 0 for ground and sky, else the object's index plus one. */
  readonly mask: { readonly mask: Uint8Array }
  readonly mesh: { readonly mesh: Mesh }
}

export type SceneKind = keyof SceneParts
export const sceneKinds = ['image', 'caption', 'truth', 'depth', 'normals', 'mask', 'mesh'] as const satisfies readonly SceneKind[]

export type WorldName = keyof typeof diorama

export interface SceneRecordOptions<Kind extends SceneKind> {
  readonly world: WorldName
  readonly seed: number
  readonly split: Split
  /** Width and height in pixels. */
  readonly size: number
  readonly kinds: readonly Kind[]
  /** Of the captions; drawn if it is not said. */
  readonly captionLength?: CaptionLength
}

export type SceneRecord<Kind extends SceneKind> = { readonly index: number; readonly scene: Scene } & Together<SceneParts[Kind]>

/** All members of a union at once. */
export type Together<Union> = (Union extends unknown ? (part: Union) => void : never) extends (all: infer All) => void ? All : never

/** The records of a dataset of scenes, as a pure function of their index. */
export function sceneRecords<Kind extends SceneKind>(options: SceneRecordOptions<Kind>): (index: number) => SceneRecord<Kind> {
  const { world, seed, split, size, kinds, captionLength } = options
  const wanted: ReadonlySet<SceneKind> = new Set(kinds)
  const unknown = kinds.find((kind) => !sceneKinds.includes(kind))
  if (unknown !== undefined) throw new GeneraError('diorama', `Cannot make "${unknown}" of a scene: there is ${sceneKinds.join(', ')}`)
  if (!Object.hasOwn(diorama, world))
    throw new GeneraError('diorama', `Cannot find the world "${world}": there is ${Object.keys(diorama).join(', ')}`)
  // Records of two splits or two worlds have nothing in common, not even by accident.
  const root = key(seed).child('diorama', world, split)
  const rendered = (['image', 'depth', 'normals', 'mask'] as const).filter((kind) => wanted.has(kind))
  return (index) => {
    const own = root.child(index)
    const scene = sampleScene(own.child('scene'), diorama[world], { split })
    const parts: Partial<Record<string, unknown>> = { index, scene }
    if (rendered.length > 0) {
      const rendering = renderScene(scene, { width: size, height: size, samples: wanted.has('image') ? 4 : 1 })
      for (const kind of rendered) parts[kind] = rendering[kind]
    }
    if (wanted.has('caption')) {
      const { text, constraints } = captionOf(scene, own.child('caption'), { split, ...(captionLength && { length: captionLength }) })
      Object.assign(parts, { caption: text, constraints })
    }
    if (wanted.has('truth')) parts.truth = truthOf(scene, { width: size, height: size })
    if (wanted.has('mesh')) parts.mesh = sceneMesh(scene)
    return parts as SceneRecord<Kind>
  }
}
