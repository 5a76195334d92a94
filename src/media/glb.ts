import { Document, Logger, type Material, type Node, type Primitive, type Texture, WebIO } from '@gltf-transform/core'
import { assertContained, openGlb } from './glb-container.js'
import { TransmissionExtension, transmissionOf } from './glb-transmission.js'
import type { Image } from './image.js'
import { decodeImage } from './images.js'
import { type MediaLimits, withDefaults } from './limits.js'
import { MediaError } from './media-error.js'
import type { Mesh, MeshMaterial, MeshPart } from './mesh.js'
import { encodePng } from './png.js'
import { assertProportionate } from './proportion.js'
import { type Provenance, provenanceText } from './provenance.js'

const extensions = [TransmissionExtension]

/** WebIO is the library's door without a file system; with `readBinary` and `writeBinary` it asks no network either. */
const door = (): WebIO => new WebIO().setLogger(new Logger(Logger.Verbosity.SILENT)).registerExtensions(extensions)

/**
 * A mesh as GLB: one node per part, pictures as PNG. The same mesh gives the same bytes.
 *
 * @param provenance how the mesh was made; it is kept in `asset.extras.genera`
 * @throws MediaError "MediaInvalid" if a part contradicts itself
 */
export async function encodeGlb(mesh: Mesh, { provenance }: { provenance?: Provenance | undefined } = {}): Promise<Uint8Array> {
  const document = new Document()
  const asset = document.getRoot().getAsset()
  asset.generator = 'genera'
  if (provenance) asset.extras = { genera: JSON.parse(provenanceText(provenance, 'a GLB mesh')) }
  const buffer = document.createBuffer()
  const scene = document.createScene()
  const write = materialWriter(document, mesh)
  for (const part of mesh.parts) {
    assertConsistent(part)
    const { name, positions, normals, textureCoordinates, colours, indices, material, translation, rotation } = part
    const accessor = (type: 'SCALAR' | 'VEC2' | 'VEC3', array: Float32Array | Uint16Array | Uint32Array) =>
      document
        .createAccessor()
        .setType(type)
        .setArray(new (array.constructor as Float32ArrayConstructor)(array as Float32Array))
        .setBuffer(buffer)
    const primitive = document
      .createPrimitive()
      .setAttribute('POSITION', accessor('VEC3', positions))
      .setIndices(accessor('SCALAR', positions.length / 3 < 65535 ? new Uint16Array(indices) : indices))
      .setMaterial(write(material))
    if (normals) primitive.setAttribute('NORMAL', accessor('VEC3', normals))
    if (textureCoordinates) primitive.setAttribute('TEXCOORD_0', accessor('VEC2', textureCoordinates))
    if (colours) primitive.setAttribute('COLOR_0', accessor('VEC3', colours))
    const node = document.createNode(name).setMesh(document.createMesh(name).addPrimitive(primitive))
    if (translation) node.setTranslation([...translation])
    if (rotation) node.setRotation([...rotation])
    scene.addChild(node)
  }
  document.getRoot().setDefaultScene(scene)
  return door().writeBinary(document)
}

/** Writes each material and each picture once, however many parts share them. */
function materialWriter(document: Document, { parts }: Mesh): (material: MeshMaterial) => Material {
  const textures = new Map<Image, Texture>()
  for (const { texture } of parts.map(({ material }) => material))
    if (texture && !textures.has(texture))
      textures.set(
        texture,
        document
          .createTexture()
          .setMimeType('image/png')
          .setImage(new Uint8Array(encodePng(texture))),
      )
  const materials = new Map<MeshMaterial, Material>()
  return (look) => {
    const known = materials.get(look)
    if (known) return known
    const { name, colour, opacity = 1, metallic, roughness, transmission = 0, emissive, texture } = look
    const material = document
      .createMaterial(name)
      .setBaseColorFactor([...colour, opacity])
      .setMetallicFactor(metallic)
      .setRoughnessFactor(roughness)
    if (opacity < 1 || (texture && isTransparent(texture))) material.setAlphaMode('BLEND')
    if (emissive) material.setEmissiveFactor([...emissive])
    if (texture) material.setBaseColorTexture(textures.get(texture) as Texture)
    if (transmission > 0) {
      const extension = document.createExtension(TransmissionExtension)
      material.setExtension(extension.extensionName, extension.create(transmission))
    }
    materials.set(look, material)
    return material
  }
}

const isTransparent = ({ channels, data }: Image): boolean => channels === 4 && data.some((value, i) => i % 4 === 3 && value < 255)

/** Throws if the arrays of a part do not describe the same vertices. */
function assertConsistent({ name, positions, normals, textureCoordinates, colours, indices }: MeshPart): void {
  const fail = (expected: string, found: string): never => {
    throw new MediaError({ code: 'MediaInvalid', action: 'write', file: `part "${name}" of a mesh`, expected, found })
  }
  const vertices = positions.length / 3
  if (!Number.isInteger(vertices) || vertices === 0) fail('three numbers per vertex, and a vertex', `${positions.length} numbers`)
  if (!positions.every(Number.isFinite)) fail('finite positions', 'NaN or Infinity')
  for (const [what, array, each] of [
    ['normals', normals, 3],
    ['texture coordinates', textureCoordinates, 2],
    ['colours', colours, 3],
  ] as const)
    if (array && array.length !== each * vertices)
      fail(`${each * vertices} numbers as ${what} of ${vertices} vertices`, String(array.length))
  if (indices.length === 0 || indices.length % 3 !== 0) fail('three indices per triangle, and a triangle', String(indices.length))
  const beyond = indices.find((index) => index >= vertices)
  if (beyond !== undefined) fail(`indices below ${vertices}`, String(beyond))
}

/**
 * The triangles of a GLB file's default scene: one part per primitive, in the order of the tree. Skins, morph targets and
 * animations are left in their rest pose. Where a node is scaled or mirrored, its place is worked into the positions.
 *
 * @throws MediaError for files that are damaged, oversized, lead to other files or need extensions
 */
export async function decodeGlb(
  bytes: Uint8Array,
  { limits: given, name: file = 'a GLB mesh' }: { limits?: Partial<MediaLimits>; name?: string } = {},
): Promise<Mesh> {
  const limits = withDefaults(given)
  const opened = openGlb(bytes, limits, file)
  const size = { limits, fileSize: bytes.length, file }
  assertContained(opened, { ...size, extensions: extensions.map(({ EXTENSION_NAME }) => EXTENSION_NAME) })
  const document = await readDocument(bytes, file)
  const root = document.getRoot()
  const look = await materialReader(root.listMaterials(), limits, file)
  const parts: MeshPart[] = []
  let unfolded = 0
  const scene = root.getDefaultScene() ?? root.listScenes()[0]
  scene?.traverse((node) => {
    const primitives = node.getMesh()?.listPrimitives() ?? []
    for (const [index, primitive] of primitives.entries()) {
      const name = node.getName() || node.getMesh()?.getName() || `part ${parts.length}`
      const part = readPrimitive(primitive, { name: primitives.length > 1 ? `${name} ${index}` : name, look, file })
      // One mesh may hang from any number of nodes, and each of them becomes a part of its own.
      unfolded += 4 * (part.positions.length + (part.normals?.length ?? 0) + part.indices.length)
      assertProportionate(unfolded, size)
      parts.push(standing(part, node))
    }
  })
  return { parts }
}

/** Lets the library read what has been checked; what it still trips over is the file's fault. */
async function readDocument(bytes: Uint8Array, file: string): Promise<Document> {
  try {
    // It looks at the container as 32-bit words, which a view into a larger buffer may not be aligned for.
    return await door().readBinary(new Uint8Array(bytes))
  } catch (cause) {
    const found = cause instanceof Error ? cause.message : String(cause)
    throw new MediaError({ code: 'MediaInvalid', file, expected: 'a document after the glTF 2.0 specification', found, cause })
  }
}

async function materialReader(
  materials: readonly Material[],
  limits: MediaLimits,
  file: string,
): Promise<(material: Material | null) => MeshMaterial> {
  const textures = new Map<Texture, Image>()
  let { decodedBytes } = limits
  for (const texture of new Set(materials.map((material) => material.getBaseColorTexture()))) {
    const picture = texture?.getImage()
    if (!texture || !picture) continue
    const image = await decodeImage(picture, { limits: { ...limits, decodedBytes }, name: `${file} (a texture)` })
    textures.set(texture, image)
    decodedBytes = Math.max(1, decodedBytes - image.data.length)
  }
  const looks = new Map<Material | null, MeshMaterial>([[null, { name: 'default', colour: [1, 1, 1], metallic: 1, roughness: 1 }]])
  for (const material of materials) {
    const [red, green, blue, alpha] = material.getBaseColorFactor()
    const [r, g, b] = material.getEmissiveFactor()
    const transmission = transmissionOf(material)?.factor ?? 0
    const texture = material.getBaseColorTexture()
    const image = texture && textures.get(texture)
    looks.set(material, {
      name: material.getName(),
      colour: [red, green, blue],
      metallic: material.getMetallicFactor(),
      roughness: material.getRoughnessFactor(),
      ...(material.getAlphaMode() === 'BLEND' && alpha < 1 && { opacity: alpha }),
      ...(transmission > 0 && { transmission }),
      ...((r || g || b) && { emissive: [r, g, b] as const }),
      ...(image && { texture: image }),
    })
  }
  return (material) => looks.get(material) as MeshMaterial
}

function readPrimitive(
  primitive: Primitive,
  { name, look, file }: { name: string; look: (material: Material | null) => MeshMaterial; file: string },
): MeshPart {
  const fail = (expected: string, found: string): never => {
    throw new MediaError({ code: 'MediaInvalid', file, expected: `${expected} in "${name}"`, found })
  }
  const position = primitive.getAttribute('POSITION') ?? fail('positions', 'none')
  const vertices = position.getCount()
  /** Components per vertex: the first `each` of what the file gives, as floating-point numbers. */
  const floats = (semantic: string, each: number): Float32Array | undefined => {
    const accessor = primitive.getAttribute(semantic)
    if (!accessor) return undefined
    const given = accessor.getElementSize()
    if (accessor.getCount() !== vertices || given < each)
      return fail(`${vertices} × ${each} numbers as ${semantic}`, `${accessor.getCount()} × ${given}`)
    const array = new Float32Array(vertices * each)
    const element: number[] = []
    for (let i = 0; i < vertices; i++) array.set(accessor.getElement(i, element).slice(0, each), i * each)
    return array
  }
  const given = primitive.getIndices()?.getArray()
  const indices = triangles(given ? Uint32Array.from(given) : Uint32Array.from({ length: vertices }, (_, i) => i), primitive.getMode())
  if (!indices) return fail('triangles', 'points or lines')
  const beyond = indices.find((index) => index >= vertices)
  if (beyond !== undefined) fail(`indices below ${vertices}`, String(beyond))
  const [positions, normals, textureCoordinates, colours] = [
    floats('POSITION', 3),
    floats('NORMAL', 3),
    floats('TEXCOORD_0', 2),
    floats('COLOR_0', 3),
  ]
  return {
    name,
    positions: positions as Float32Array,
    ...(normals && { normals }),
    ...(textureCoordinates && { textureCoordinates }),
    ...(colours && { colours }),
    indices,
    material: look(primitive.getMaterial()),
  }
}

/** Strips and fans written out as single triangles; undefined for points and lines. Incomplete triangles at the end are dropped. */
function triangles(indices: Uint32Array, mode: number): Uint32Array | undefined {
  if (mode === 4) return indices.subarray(0, indices.length - (indices.length % 3))
  if (mode !== 5 && mode !== 6) return undefined
  const count = Math.max(0, indices.length - 2)
  const at = (index: number) => indices[index] as number
  return Uint32Array.from(
    Array.from({ length: count }, (_, i) =>
      mode === 6 ? [at(0), at(i + 1), at(i + 2)] : i % 2 ? [at(i + 1), at(i), at(i + 2)] : [at(i), at(i + 1), at(i + 2)],
    ).flat(),
  )
}

/**
 * A part where its node stands. A node of its own, unscaled, is kept as rotation and translation; anything else (trees, scales,
 * mirrors, shears) is worked into the positions.
 */
function standing(part: MeshPart, node: Node): MeshPart {
  if (!node.getParentNode() && node.getScale().every((factor) => factor === 1)) {
    const [translation, rotation] = [node.getTranslation(), node.getRotation()]
    return {
      ...part,
      ...(translation.some((value) => value !== 0) && { translation }),
      ...(rotation[3] !== 1 && { rotation }),
    }
  }
  const [a, b, c, , d, e, f, , g, h, i, , x, y, z] = node.getWorldMatrix() as unknown as number[] as Matrix
  const cofactors: Matrix3 = [
    e * i - f * h,
    f * g - d * i,
    d * h - e * g,
    c * h - b * i,
    a * i - c * g,
    b * g - a * h,
    b * f - c * e,
    c * d - a * f,
    a * e - b * d,
  ]
  const mirrored = a * cofactors[0] + b * cofactors[1] + c * cofactors[2] < 0
  const positions = transformed(part.positions, [a, b, c, d, e, f, g, h, i]).map((value, k) => value + ([x, y, z][k % 3] as number))
  return {
    ...part,
    positions,
    // Normals lean the other way than the surface when it is stretched: the cofactors are the inverse transposed, times the volume.
    ...(part.normals && { normals: unit(transformed(part.normals, cofactors), mirrored ? -1 : 1) }),
    // A mirror turns every triangle's front to the back, unless its corners change their order.
    ...(mirrored && { indices: part.indices.map((_, k, all) => all[k % 3 === 0 ? k : k % 3 === 1 ? k + 1 : k - 1] as number) }),
  }
}

type Matrix3 = [number, number, number, number, number, number, number, number, number]
type Matrix = [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
  number,
]

/** x, y, z triples times a matrix, which is given column by column. */
function transformed(vectors: Float32Array, [a, b, c, d, e, f, g, h, i]: Matrix3): Float32Array {
  const result = new Float32Array(vectors.length)
  for (let k = 0; k < vectors.length; k += 3) {
    const [x, y, z] = [vectors[k] as number, vectors[k + 1] as number, vectors[k + 2] as number]
    result.set([a * x + d * y + g * z, b * x + e * y + h * z, c * x + f * y + i * z], k)
  }
  return result
}

function unit(vectors: Float32Array, sign: 1 | -1): Float32Array {
  for (let k = 0; k < vectors.length; k += 3) {
    const length = sign * (Math.hypot(vectors[k] as number, vectors[k + 1] as number, vectors[k + 2] as number) || 1)
    for (let axis = 0; axis < 3; axis++) (vectors[k + axis] as number) /= length
  }
  return vectors
}
