import { describe, expect, it } from 'vitest'
import { readDocumentProvenance } from './document-tags.js'
import { decodeGlb, encodeGlb } from './glb.js'
import type { Image } from './image.js'
import { encodeImage } from './images.js'
import type { Mesh, MeshPart } from './mesh.js'
import { readProvenance } from './read-provenance.js'

const picture: Image = { width: 2, height: 1, channels: 4, data: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 255) }
const plain = { name: 'plain', colour: [1, 0.5, 0.25], metallic: 0.5, roughness: 0.75 } as const
const triangle: MeshPart = {
  name: 'triangle',
  positions: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0),
  indices: Uint32Array.of(0, 1, 2),
  material: plain,
}
const mesh: Mesh = {
  parts: [
    {
      ...triangle,
      normals: Float32Array.of(0, 0, 1, 0, 0, 1, 0, 0, 1),
      textureCoordinates: Float32Array.of(0, 0, 1, 0, 0, 1),
      colours: Float32Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1),
      translation: [1, 2, 3],
      rotation: [0, 0.6, 0, 0.8],
      material: { ...plain, name: 'glass', opacity: 0.5, transmission: 0.75, emissive: [0.25, 0, 0], texture: picture },
    },
    triangle,
  ],
}
const provenance = { generator: 'genera', version: '0.1.0', system: 'diorama', options: { size: 64, prompt: 'ä' }, seed: 7 } as const

/** A GLB of any JSON and any binary chunk; `lie` changes the finished bytes. */
function glb(json: object | string, binary: Uint8Array = new Uint8Array(0), lie: (view: DataView) => void = () => {}): Uint8Array {
  const text = typeof json === 'string' ? json : JSON.stringify({ asset: { version: '2.0' }, ...json })
  const head = new TextEncoder().encode(text.padEnd(Math.ceil(text.length / 4) * 4))
  const bytes = new Uint8Array(12 + 8 + head.length + 8 + binary.length)
  const view = new DataView(bytes.buffer)
  for (const [at, word] of [0x46546c67, 2, bytes.length, head.length, 0x4e4f534a].entries()) view.setUint32(4 * at, word, true)
  bytes.set(head, 20)
  view.setUint32(20 + head.length, binary.length, true)
  view.setUint32(24 + head.length, 0x004e4942, true)
  bytes.set(binary, 28 + head.length)
  lie(view)
  return bytes
}
/** A document with one triangle of its own, to be changed. */
const document = (parts: object = {}, accessor: object = {}, view: object = {}) => ({
  buffers: [{ byteLength: 36 }],
  bufferViews: [{ buffer: 0, byteLength: 36, ...view }],
  accessors: [{ bufferView: 0, componentType: 5126, count: 3, type: 'VEC3', ...accessor }],
  meshes: [{ primitives: [{ attributes: { POSITION: 0 } }] }],
  nodes: [{ mesh: 0 }],
  scenes: [{ nodes: [0] }],
  scene: 0,
  ...parts,
})
const binary = new Uint8Array(triangle.positions.buffer)

describe('encodeGlb()', () => {
  it('keeps every part, place, material and picture', async () => {
    expect(await decodeGlb(await encodeGlb(mesh))).toEqual(mesh)
  })

  it('gives the same bytes for the same mesh, and writes what is shared once', async () => {
    const shared: Mesh = { parts: [mesh.parts[0] as MeshPart, { ...(mesh.parts[0] as MeshPart), name: 'twin' }] }
    const bytes = await encodeGlb(shared)
    expect(await encodeGlb(shared)).toEqual(bytes)
    const json = JSON.parse(new TextDecoder().decode(bytes.subarray(20, 20 + new DataView(bytes.buffer).getUint32(12, true))))
    expect([json.materials.length, json.images.length, json.nodes.length]).toEqual([1, 1, 2])
    expect(json.extensionsUsed).toEqual(['KHR_materials_transmission'])
  })

  it('embeds how the mesh was made', async () => {
    const bytes = await encodeGlb(mesh, { provenance })
    expect(await readDocumentProvenance(bytes)).toEqual(provenance)
    expect(await readProvenance(bytes, 'scene.glb')).toEqual({ own: provenance })
    expect(await readDocumentProvenance(await encodeGlb(mesh))).toBeUndefined()
  })

  it.each([
    ['an index beyond the vertices', { indices: Uint32Array.of(0, 1, 3) }, 'indices below 3, found 3'],
    ['half a triangle', { indices: Uint32Array.of(0, 1) }, 'three indices per triangle'],
    ['half a vertex', { positions: Float32Array.of(0, 0) }, 'three numbers per vertex'],
    ['a hole in space', { positions: new Float32Array(9).fill(Number.NaN) }, 'finite positions'],
    ['too few normals', { normals: new Float32Array(3) }, '9 numbers as normals of 3 vertices, found 3'],
  ])('refuses %s', async (_, parts, sentence) => {
    await expect(encodeGlb({ parts: [{ ...triangle, ...parts }] })).rejects.toThrow(
      `Cannot write part "triangle" of a mesh: expected ${sentence}`,
    )
  })
})

describe('decodeGlb()', () => {
  const positions = async (json: object) => [...((await decodeGlb(glb(json, binary))).parts[0] as MeshPart).positions]

  it('works scales, mirrors and trees of nodes into the positions', async () => {
    expect(await positions(document({ nodes: [{ mesh: 0, scale: [2, 3, 1], translation: [1, 0, 0] }] }))).toEqual([
      1, 0, 0, 3, 0, 0, 1, 3, 0,
    ])
    const tree = document({
      nodes: [
        { children: [1], translation: [0, 0, 5] },
        { mesh: 0, rotation: [0, 0, Math.SQRT1_2, Math.SQRT1_2] },
      ],
    })
    expect((await positions(tree)).map((value) => Math.round(value * 1e6) / 1e6 || 0)).toEqual([0, 0, 5, 0, 1, 5, -1, 0, 5])
    const [mirrored] = (await decodeGlb(glb(document({ nodes: [{ mesh: 0, scale: [-1, 1, 1] }] }), binary))).parts
    expect([...(mirrored?.indices ?? [])]).toEqual([0, 2, 1])
  })

  it('writes strips and fans out as triangles', async () => {
    const four = new Uint8Array(Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0, 1, 1, 0).buffer)
    const read = async (mode: number) => {
      const json = document(
        { buffers: [{ byteLength: 48 }], meshes: [{ primitives: [{ mode, attributes: { POSITION: 0 } }] }] },
        { count: 4 },
        { byteLength: 48 },
      )
      return [...((await decodeGlb(glb(json, four))).parts[0] as MeshPart).indices]
    }
    expect(await read(5)).toEqual([0, 1, 2, 2, 1, 3])
    expect(await read(6)).toEqual([0, 1, 2, 0, 2, 3])
    await expect(read(1)).rejects.toThrow('expected triangles in "part 0", found points or lines')
  })

  it('reads JPEG textures, and bytes that lie anywhere in a larger buffer', async () => {
    const jpeg = await encodeImage({ width: 8, height: 8, channels: 3, data: new Uint8Array(192).fill(128) }, { format: 'jpeg' })
    const all = new Uint8Array(36 + jpeg.length)
    all.set(binary)
    all.set(jpeg, 36)
    const json = document({
      buffers: [{ byteLength: all.length }],
      bufferViews: [
        { buffer: 0, byteLength: 36 },
        { buffer: 0, byteOffset: 36, byteLength: jpeg.length },
      ],
      images: [{ bufferView: 1, mimeType: 'image/jpeg' }],
      textures: [{ source: 0 }],
      materials: [{ pbrMetallicRoughness: { baseColorTexture: { index: 0 } } }],
      meshes: [{ primitives: [{ attributes: { POSITION: 0 }, material: 0 }] }],
    })
    const bytes = glb(json, all)
    const shifted = new Uint8Array(bytes.length + 3)
    shifted.set(bytes, 3)
    const { parts } = await decodeGlb(shifted.subarray(3), { name: 'chair.glb' })
    expect(parts[0]?.material.texture).toMatchObject({ width: 8, height: 8 })
    await expect(decodeGlb(bytes, { limits: { pixels: 63 } })).rejects.toMatchObject({ code: 'MediaTooLarge', limit: 'pixels' })
  })

  it.each([
    [
      'a path',
      document({ buffers: [{ byteLength: 36, uri: '../../etc/passwd' }] }),
      'everything inside the file, found the address "../../etc/passwd"',
    ],
    ['a network address', document({ images: [{ uri: 'https://example.com/a.png' }] }), 'the address "https://example.com/a.png"'],
    ['an address that only looks like data', document({ images: [{ uri: 'http://x/?data:image/png;base64,AA' }] }), 'the address'],
    [
      'a data address that holds too little',
      document({ buffers: [{ byteLength: 36, uri: 'data:;base64,AAAA' }] }),
      '36 bytes in buffer 0, found 3 bytes',
    ],
    ['a key of every object as an address', document({ buffers: [{ byteLength: 36, uri: 'toString' }] }), 'the address "toString"'],
    ['an accessor beyond its view', document({}, { count: 4 }), 'accessor 0 within its view of 36 bytes, found its end at byte 48'],
    ['a view beyond its buffer', document({}, {}, { byteOffset: 4 }), 'view 0 within its buffer of 36 bytes'],
    ['a buffer beyond the chunk', document({ buffers: [{ byteLength: 1000 }] }), '1,000 bytes in buffer 0, found 36 bytes'],
    ['zeros without end', document({}, { bufferView: undefined, count: 10_000_000 }), 'content of at most 100 times'],
    ['a negative count', document({}, { count: -1 }), 'a whole number as the count of accessor 0'],
    ['a type of its own', document({}, { type: 'constructor' }), 'an element type of accessor 0'],
    [
      'a ring of nodes',
      document({ nodes: [{ children: [1], mesh: 0 }, { children: [0] }] }),
      'expected a tree of nodes, found nodes in a ring',
    ],
    ['a node with two parents', document({ nodes: [{ children: [2] }, { children: [2] }, { mesh: 0 }] }), 'node 2 with two parents'],
    ['a compressed mesh', document({ extensionsRequired: ['KHR_draco_mesh_compression'] }), 'the extension "KHR_draco_mesh_compression"'],
    ['another version', { ...document(), asset: { version: '1.0' } }, 'Unsupported glTF version'],
    ['a list that is none', document({ nodes: 7 }), 'a list of nodes'],
    ['a mesh that is not there', document({ nodes: [{ mesh: 5 }] }), 'expected a mesh for node 0, found none'],
  ])('refuses %s', async (_, json, sentence) => {
    const reading = decodeGlb(glb(json, binary))
    await expect(reading).rejects.toMatchObject({ name: 'MediaError' })
    await expect(reading).rejects.toThrow(sentence)
  })

  it('refuses a tree that is a thousand levels deep', async () => {
    const nodes = Array.from({ length: 1000 }, (_, i) => (i < 999 ? { children: [i + 1] } : { mesh: 0 }))
    await expect(decodeGlb(glb(document({ nodes }), binary))).rejects.toThrow('deeper than 256 levels')
  })

  it('refuses a document of a million values before it is parsed', async () => {
    const bytes = glb(`{"asset":{"version":"2.0"},"nodes":[${'{},'.repeat(600_000)}{}]}`)
    await expect(decodeGlb(bytes)).rejects.toThrow('expected a document of at most 1,000,000 values, found 1,200,005')
  })

  it('counts a mesh as often as it is shown', async () => {
    const nodes = Array.from({ length: 2000 }, () => ({ mesh: 0 }))
    const json = document({ nodes, scenes: [{ nodes: nodes.map((_, i) => i) }] })
    await expect(decodeGlb(glb(json, binary), { limits: { decodedBytes: 5e4 } })).rejects.toMatchObject({ limit: 'decodedBytes' })
  })

  it.each([
    ['a chunk that is longer than the file', (view: DataView) => view.setUint32(12, 0xfffffff0, true), 'MediaInvalid'],
    ['a header that is longer than the file', (view: DataView) => view.setUint32(8, 1e9, true), 'MediaTruncated'],
    ['another first chunk', (view: DataView) => view.setUint32(16, 7, true), 'MediaInvalid'],
    ['version 1', (view: DataView) => view.setUint32(4, 1, true), 'MediaUnsupported'],
  ])('refuses %s', async (_, lie, code) => {
    await expect(decodeGlb(glb(document(), binary, lie))).rejects.toMatchObject({ name: 'MediaError', code })
  })

  it('ends every cut and every flipped byte in a typed error or in a mesh', async () => {
    const bytes = await encodeGlb(mesh, { provenance })
    for (let cut = 0; cut < bytes.length; cut += 7)
      await expect(decodeGlb(bytes.subarray(0, cut)), `cut at ${cut}`).rejects.toMatchObject({ name: 'MediaError' })
    for (let at = 0; at < bytes.length; at += 3) {
      const harmed = bytes.slice()
      harmed[at] = (at * 37 + 11) & 255
      await decodeGlb(harmed).catch((error: unknown) => expect(error, `byte ${at}`).toMatchObject({ name: 'MediaError' }))
    }
  })
})
