import { Document, Logger, type Node, WebIO } from '@gltf-transform/core'
import { MediaError } from './media-error.js'
import { withNormals } from './mesh.js'
import { assertMotion, frameCount, type Motion } from './motion.js'
import { type Provenance, provenanceText } from './provenance.js'

type Vector = readonly [number, number, number]

/**
 * A motion as GLB that any viewer plays: the skeleton as a tree of nodes, every bone as a slim body, and one animation over all
 * joints. The same motion gives the same bytes.
 *
 * @param provenance how the motion was made; it is kept in `asset.extras.genera`
 * @throws MediaError "MediaInvalid" for a motion without frames, or whose parts contradict each other
 */
export async function encodeMotionGlb(motion: Motion, { provenance }: { provenance?: Provenance | undefined } = {}): Promise<Uint8Array> {
  assertMotion(motion)
  const { joints, rotations, rootTranslations, frameRate } = motion
  const frames = frameCount(motion)
  if (frames === 0) throw new MediaError({ code: 'MediaInvalid', action: 'write', file: 'a motion', expected: 'a frame', found: 'none' })
  const document = new Document()
  const asset = document.getRoot().getAsset()
  asset.generator = 'genera'
  if (provenance) asset.extras = { genera: JSON.parse(provenanceText(provenance, 'a GLB motion')) }
  const buffer = document.createBuffer()
  const accessor = (type: 'SCALAR' | 'VEC3' | 'VEC4', array: Float32Array | Uint32Array) =>
    document
      .createAccessor()
      .setType(type)
      .setArray(array.slice() as Float32Array<ArrayBuffer>)
      .setBuffer(buffer)
  const material = document.createMaterial('bone').setBaseColorFactor([0.85, 0.8, 0.7, 1]).setMetallicFactor(0).setRoughnessFactor(0.6)
  const body = (to: Vector, name: string): Node => {
    const { positions, normals, indices } = bone(to)
    const primitive = document
      .createPrimitive()
      .setAttribute('POSITION', accessor('VEC3', positions))
      .setAttribute('NORMAL', accessor('VEC3', normals))
      .setIndices(accessor('SCALAR', indices))
      .setMaterial(material)
    return document.createNode(name).setMesh(document.createMesh(name).addPrimitive(primitive))
  }
  const nodes: Node[] = []
  const animation = document.createAnimation('motion')
  const times = accessor(
    'SCALAR',
    Float32Array.from({ length: frames }, (_, frame) => frame / frameRate),
  )
  const animate = (node: Node, path: 'rotation' | 'translation', values: Float32Array): void => {
    const sampler = document
      .createAnimationSampler()
      .setInput(times)
      .setOutput(accessor(path === 'rotation' ? 'VEC4' : 'VEC3', values))
    animation.addSampler(sampler).addChannel(document.createAnimationChannel().setTargetNode(node).setTargetPath(path).setSampler(sampler))
  }
  for (const [index, { name, parent, offset, tip }] of joints.entries()) {
    const node = document.createNode(name).setTranslation([...offset])
    nodes.push(node)
    nodes[parent]?.addChild(node)
    // A bone belongs to the joint that it hangs from: it turns with it.
    if (nodes[parent] && isLong(offset)) nodes[parent].addChild(body(offset, `${joints[parent]?.name} to ${name}`))
    if (tip && isLong(tip)) node.addChild(body(tip, `${name} to its tip`))
    const turns = new Float32Array(4 * frames)
    for (let frame = 0; frame < frames; frame++) {
      const at = 4 * (frame * joints.length + index)
      turns.set(rotations.subarray(at, at + 4), 4 * frame)
    }
    animate(node, 'rotation', turns)
  }
  animate(nodes[0] as Node, 'translation', rootTranslations)
  document.getRoot().setDefaultScene(document.createScene().addChild(nodes[0] as Node))
  return new WebIO().setLogger(new Logger(Logger.Verbosity.SILENT)).writeBinary(document)
}

const isLong = (bone: Vector): boolean => Math.hypot(...bone) > 1e-6

/** A slim body with four sides, thickest near its beginning; flat shading, so that its turning shows. */
function bone(to: Vector): { positions: Float32Array; normals: Float32Array; indices: Uint32Array } {
  const length = Math.hypot(...to)
  const along = to.map((value) => value / length) as [number, number, number]
  // Any direction across the bone will do: the axis that it follows least gives a safe one.
  const least = along.map(Math.abs).indexOf(Math.min(...along.map(Math.abs)))
  const across = normalised(cross(along, [0, 1, 2].map((axis) => (axis === least ? 1 : 0)) as unknown as Vector))
  const around = cross(along, across)
  const waist = [0, 1, 2, 3].map((corner) => {
    const [cosine, sine] = [
      [1, 0],
      [0, 1],
      [-1, 0],
      [0, -1],
    ][corner] as [number, number]
    return [0, 1, 2].map((axis) => {
      const sideways = cosine * (across[axis] as number) + sine * (around[axis] as number)
      return 0.15 * (to[axis] as number) + 0.08 * length * sideways
    })
  })
  const corners = waist.flatMap((a, i) => {
    const b = waist[(i + 1) % 4] as number[]
    return [...b, ...a, 0, 0, 0, ...a, ...b, ...to]
  })
  const indices = Uint32Array.from({ length: corners.length / 3 }, (_, i) => i)
  const surface = { name: '', material: { name: '', colour: [1, 1, 1] as const, metallic: 0, roughness: 1 }, indices }
  const { positions, normals } = withNormals({ ...surface, positions: Float32Array.from(corners) })
  return { positions, normals: normals as Float32Array, indices }
}

const cross = (a: Vector, b: Vector): [number, number, number] => [
  a[1] * b[2] - a[2] * b[1],
  a[2] * b[0] - a[0] * b[2],
  a[0] * b[1] - a[1] * b[0],
]
const normalised = (a: Vector): Vector => a.map((value) => value / Math.hypot(...a)) as unknown as Vector
