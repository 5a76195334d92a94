import { byteCount, quoted } from '../weights/checkpoint-error.js'
import { assertWithin, type MediaLimits } from './limits.js'
import { MediaError, type MediaErrorCode } from './media-error.js'
import { assertProportionate } from './proportion.js'

/** The parts of a glTF document that can lie about sizes or lead elsewhere; everything else is left to the library. */
export interface GlbJson {
  readonly asset?: { readonly extras?: Readonly<Record<string, unknown>> }
  readonly buffers?: readonly { readonly uri?: unknown; readonly byteLength?: unknown }[]
  readonly bufferViews?: readonly Readonly<Record<'buffer' | 'byteOffset' | 'byteLength' | 'byteStride', unknown>>[]
  readonly accessors?: readonly GlbAccessor[]
  readonly images?: readonly { readonly uri?: unknown; readonly bufferView?: unknown }[]
  readonly meshes?: readonly unknown[]
  readonly nodes?: readonly { readonly children?: unknown; readonly mesh?: unknown }[]
  readonly extensionsRequired?: readonly unknown[]
}

interface GlbAccessor extends Readonly<Record<'bufferView' | 'byteOffset' | 'componentType' | 'count' | 'type', unknown>> {
  readonly sparse?: {
    readonly count?: unknown
    readonly indices?: Readonly<Record<'bufferView' | 'byteOffset' | 'componentType', unknown>>
    readonly values?: Readonly<Record<'bufferView' | 'byteOffset', unknown>>
  }
}

const magic = 0x46546c67 // "glTF"
const jsonChunk = 0x4e4f534a // "JSON"
const binaryChunk = 0x004e4942 // "BIN\0"
/** Deeper trees than this are nobody's scene, and the library climbs them once per node. */
const deepestNode = 256
/** In the document, counted by the marks in front of them. The library spends up to 50 µs on each, so they are its running time. */
const mostValues = 1_000_000

// Maps, because a file may call a type "constructor".
const componentBytes = new Map<unknown, number>(
  Object.entries({ 5120: 1, 5121: 1, 5122: 2, 5123: 2, 5125: 4, 5126: 4 }).map(([k, v]) => [Number(k), v]),
)
const componentsOf = new Map<unknown, number>(Object.entries({ SCALAR: 1, VEC2: 2, VEC3: 3, VEC4: 4, MAT2: 4, MAT3: 9, MAT4: 16 }))
const dataAddress = /^data:[\w/+.-]*;base64,([A-Za-z0-9+/]*)={0,2}$/

/**
 * The document of a GLB file and the length of its binary chunk, after a look at the container alone.
 *
 * @throws MediaError if the chunks do not fill the file exactly, or the document is no JSON object
 */
export function openGlb(bytes: Uint8Array, limits: MediaLimits, file: string): { json: GlbJson; binaryLength: number } {
  const fail = (code: MediaErrorCode, expected: string, found: string): never => {
    throw new MediaError({ code, file, expected, found, hint: 'The file is damaged: download or export it again' })
  }
  assertWithin(limits, 'bytes', bytes.length, file)
  if (bytes.length < 20) return fail('MediaTruncated', 'a GLB header and a chunk (20 bytes or more)', byteCount(bytes.length))
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const word = (offset: number) => view.getUint32(offset, true)
  if (word(0) !== magic) return fail('MediaInvalid', 'a GLB file, which begins with "glTF"', 'other bytes')
  if (word(4) !== 2) return fail('MediaUnsupported', 'version 2 of GLB', `version ${word(4)}`)
  if (word(8) > bytes.length) return fail('MediaTruncated', `${byteCount(word(8))}, as the header says`, byteCount(bytes.length))
  const end = word(8)
  let document: { from: number; to: number } | undefined
  let binaryLength = 0
  for (let offset = 12; offset < end; ) {
    if (offset + 8 > end) return fail('MediaTruncated', `a chunk's header at byte ${offset}`, `the end at byte ${end}`)
    const [length, kind, from] = [word(offset), word(offset + 4), offset + 8]
    if (from + length > end)
      return fail('MediaInvalid', `chunks within ${byteCount(end)}`, `a chunk of ${byteCount(length)} at byte ${from}`)
    if (offset === 12) {
      if (kind !== jsonChunk) return fail('MediaInvalid', 'a first chunk of kind "JSON"', `kind 0x${kind.toString(16)}`)
      document = { from, to: from + length }
    } else if (kind === binaryChunk && document?.to === offset) binaryLength = length
    offset = from + length
  }
  if (!document) return fail('MediaTruncated', 'a chunk of kind "JSON"', 'no chunk at all')
  const text = bytes.subarray(document.from, document.to)
  let values = 0
  for (const byte of text) if (byte === 0x2c || byte === 0x5b || byte === 0x7b) values++ // , [ {
  if (values > mostValues)
    throw new MediaError({
      code: 'MediaTooLarge',
      file,
      expected: `a document of at most ${mostValues.toLocaleString('en')} values`,
      found: values.toLocaleString('en'),
      hint: 'Export it with fewer, larger meshes',
    })
  let json: unknown
  try {
    json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text))
  } catch {
    return fail('MediaInvalid', 'JSON in the first chunk', 'text that is none')
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return fail('MediaInvalid', 'a JSON object', 'another value')
  return { json: json as GlbJson, binaryLength }
}

/**
 * Checks everything that would let a document reach outside its file, unfold without measure or run in circles: addresses of
 * buffers and pictures, views and accessors against what they point into, extensions that are a must, and the tree of nodes.
 */
export function assertContained(
  { json, binaryLength }: { json: GlbJson; binaryLength: number },
  { extensions, limits, fileSize, file }: { extensions: readonly string[]; limits: MediaLimits; fileSize: number; file: string },
): void {
  const fail = (expected: string, found: string, code: MediaErrorCode = 'MediaInvalid', hint?: string): never => {
    throw new MediaError({ code, file, expected, found, hint })
  }
  for (const key of ['buffers', 'bufferViews', 'accessors', 'images', 'meshes', 'nodes', 'extensionsRequired'] as const) {
    const list: unknown = json[key]
    if (list !== undefined && !Array.isArray(list)) fail(`a list of ${key}`, 'another value')
    if (key !== 'extensionsRequired' && (json[key] ?? []).some((item) => typeof item !== 'object' || item === null))
      fail(`objects in the list of ${key}`, 'another value')
  }
  const foreign = json.extensionsRequired?.find((extension) => !extensions.includes(extension as string))
  if (foreign !== undefined)
    fail('plain glTF 2.0', `the extension ${quoted(String(foreign))}`, 'MediaUnsupported', 'Export it without compression or extensions')

  for (const { uri } of [...(json.buffers ?? []), ...(json.images ?? [])])
    if (uri !== undefined && !(typeof uri === 'string' && dataAddress.test(uri)))
      fail(
        'everything inside the file',
        `the address ${quoted(String(uri))}`,
        'MediaUnsupported',
        'Export it as one GLB file, with textures',
      )

  const whole = (value: unknown, what: string, otherwise?: number): number => {
    const number = value === undefined ? otherwise : value
    return Number.isSafeInteger(number) && (number as number) >= 0
      ? (number as number)
      : fail(`a whole number as ${what}`, quoted(String(value)))
  }
  const buffers = (json.buffers ?? []).map(({ uri, byteLength }, index) => {
    const digits = typeof uri === 'string' ? dataAddress.exec(uri)?.[1] : undefined
    const held = digits !== undefined ? Math.floor((digits.length * 3) / 4) : index === 0 ? binaryLength : 0
    const length = whole(byteLength, `the length of buffer ${index}`)
    return length <= held ? length : fail(`${byteCount(length)} in buffer ${index}`, byteCount(held), 'MediaTruncated')
  })
  const views = (json.bufferViews ?? []).map((view, index) => {
    const length = whole(view.byteLength, `the length of view ${index}`)
    const end = whole(view.byteOffset, `the start of view ${index}`, 0) + length
    const held = buffers[whole(view.buffer, `the buffer of view ${index}`)] ?? fail(`a buffer for view ${index}`, 'none')
    if (end > held) fail(`view ${index} within its buffer of ${byteCount(held)}`, `its end at byte ${end}`)
    return { length, stride: whole(view.byteStride, `the stride of view ${index}`, 0) }
  })
  const inView = (view: unknown, offset: unknown, count: number, size: number, what: string): void => {
    const { length, stride } = views[whole(view, `the view of ${what}`)] ?? fail(`a view for ${what}`, 'none')
    const end = whole(offset, `the start of ${what}`, 0) + (count === 0 ? 0 : (count - 1) * (stride || size) + size)
    if (end > length) fail(`${what} within its view of ${byteCount(length)}`, `its end at byte ${end}`)
  }
  let unfolded = 0
  for (const [index, { bufferView, byteOffset, componentType, count, type, sparse }] of (json.accessors ?? []).entries()) {
    const what = `accessor ${index}`
    const component = componentBytes.get(componentType) ?? fail(`a component type of ${what}`, quoted(String(componentType)))
    const components = componentsOf.get(type) ?? fail(`an element type of ${what}`, quoted(String(type)))
    const [number, size] = [whole(count, `the count of ${what}`), component * components]
    unfolded += number * size
    if (bufferView !== undefined) inView(bufferView, byteOffset, number, size, what)
    if (!sparse) continue
    const given = whole(sparse.count, `the sparse count of ${what}`)
    if (given > number) fail(`at most ${number} sparse values in ${what}`, String(given))
    const indexSize = componentBytes.get(sparse.indices?.componentType) ?? fail(`indices of ${what}`, 'none')
    inView(sparse.indices?.bufferView, sparse.indices?.byteOffset, given, indexSize, `the sparse indices of ${what}`)
    inView(sparse.values?.bufferView, sparse.values?.byteOffset, given, size, `the sparse values of ${what}`)
  }
  assertProportionate(unfolded, { limits, fileSize, file })
  for (const [index, { bufferView }] of (json.images ?? []).entries())
    if (bufferView !== undefined && !views[whole(bufferView, `the view of picture ${index}`)]) fail(`a view for picture ${index}`, 'none')
  for (const [index, { mesh }] of (json.nodes ?? []).entries())
    if (mesh !== undefined && json.meshes?.[whole(mesh, `the mesh of node ${index}`)] === undefined)
      fail(`a mesh for node ${index}`, 'none')
  const problem = treeProblem(json.nodes ?? [])
  if (problem) fail('a tree of nodes', problem)
}

/** What is wrong with the nodes as a forest of limited depth; undefined if nothing is. */
function treeProblem(nodes: readonly { readonly children?: unknown }[]): string | undefined {
  const parents = new Map<number, number>()
  for (const [index, { children = [] }] of nodes.entries()) {
    if (!Array.isArray(children)) return `node ${index} with children that are no list`
    for (const child of children as unknown[]) {
      if (typeof child !== 'number' || !(child in nodes)) return `node ${index} with a child that is no node`
      if (parents.has(child)) return `node ${child} with two parents`
      parents.set(child, index)
    }
  }
  let level = [...nodes.keys()].filter((index) => !parents.has(index))
  let reached = 0
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepestNode) return `one that is deeper than ${deepestNode} levels`
    reached += level.length
    level = level.flatMap((index) => (nodes[index]?.children ?? []) as number[])
  }
  return reached < nodes.length ? 'nodes in a ring' : undefined
}
