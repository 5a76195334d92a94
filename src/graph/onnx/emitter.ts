import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { type Dimension, isStatic, NamedSize } from '../dimension.js'
import type { DType } from '../dtype.js'
import { GeneraError } from '../errors.js'
import { array, type NDArray, scalar } from '../ndarray.js'
import { type Node, nodesOf, type Target } from '../node.js'
import type { ByteRegion } from '../region.js'
import { isStaticShape, type Shape } from '../shape.js'
import type { Tensor } from '../tensor.js'
import {
  type AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  ModelProtoSchema,
  type NodeProtoSchema,
  TensorProto_DataLocation,
  type TensorProtoSchema,
  type ValueInfoProtoSchema,
} from './generated/onnx_pb.js'

/** ONNX's numbers for the element types. */
const elementTypes: Record<DType, number> = { float32: 1, uint8: 2, int8: 3, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 }

export type AttributeValue = number | string | readonly number[] | { readonly float: number } | { readonly floats: readonly number[] }

/** An input or output of an emitted model. */
export interface Port {
  readonly name: string
  readonly dtype: DType
  readonly shape: Shape
}

/** Bytes that the model refers to by name instead of holding them. */
export interface ExternalData {
  readonly name: string
  readonly bytes: Uint8Array
}

export interface EmittedModel {
  readonly bytes: Uint8Array
  readonly inputs: readonly Port[]
  readonly outputs: readonly Port[]
  readonly external: readonly ExternalData[]
  /** The folder below which the files lie that the model refers to, if it does. */
  readonly folder: string | undefined
  /** Those files, relative to the folder. */
  readonly files: readonly string[]
  /** How many ONNX nodes the model has. */
  readonly size: number
}

/** Constants above this many bytes stay outside the protobuf message, which may not exceed 2 GB and is parsed in one piece. */
const inlineLimit = 1024
/** Of int64, which shapes and sizes are made of: ONNX Runtime reads those from the message alone while it infers shapes. */
const inlineSizesLimit = 2 ** 16

/** Float attributes whose ONNX type is float even when the value is whole. */
const floatAttributes = new Set(['alpha', 'beta', 'epsilon', 'scale', 'value_float', 'cubic_coeff_a', 'rope_theta'])

interface TensorHead {
  readonly name: string
  readonly dims: bigint[]
  readonly dataType: number
}

type NodeInit = MessageInitShape<typeof NodeProtoSchema>
type AttributeInit = MessageInitShape<typeof AttributeProtoSchema>
type InitializerInit = MessageInitShape<typeof TensorProtoSchema>

/** Turns traced tensors into ONNX nodes. Operations call its methods; `emitModel` drives it. */
export class Emitter {
  readonly #names = new Map<Tensor, string>()
  readonly #nodes: NodeInit[] = []
  /** Nodes on the ways of branches. */
  readonly #within: NodeInit[] = []
  readonly #initializers: InitializerInit[] = []
  readonly #shared = new Map<string, string>()
  readonly #arrays = new Map<NDArray, string>()
  readonly #external = new Map<string, ExternalData>()
  readonly #regions: { tensor: TensorHead; region: ByteRegion }[] = []
  readonly #sizes = new Map<string, { input: string; axis: number }>()
  #count = 0
  /** The version of ONNX that the program needs: the oldest that will do, because engines outside this machine lag behind. */
  #opset = 21

  constructor(readonly target: Target) {}

  /** Adds a node and returns the names of its outputs. */
  node(
    type: string,
    inputs: readonly (Tensor | string)[],
    attributes: Readonly<Record<string, AttributeValue>> = {},
    { outputs = 1, domain = '', opset = 0 }: { outputs?: number; domain?: string; opset?: number } = {},
  ): string[] {
    this.#opset = Math.max(this.#opset, opset)
    const output = Array.from({ length: outputs }, () => this.#fresh())
    this.#nodes.push({
      opType: type,
      input: inputs.map((input) => (typeof input === 'string' ? input : this.name(input))),
      output,
      attribute: Object.entries(attributes).map(([name, value]) => attribute(name, value)),
      ...(domain && { domain }),
    })
    return output
  }

  /**
   * One of two ways, chosen by a boolean while the program runs; both give arrays like these. What a way adds is computed where it is taken and
   * nowhere else.
   */
  branch(condition: string, yes: () => readonly string[], no: () => readonly string[], like: readonly Tensor[]): string[] {
    const attribute = [this.#way('then_branch', yes, like), this.#way('else_branch', no, like)]
    const output = like.map(() => this.#fresh())
    this.#nodes.push({ opType: 'If', input: [condition], output, attribute })
    return output
  }

  #way(name: string, way: () => readonly string[], like: readonly Tensor[]): AttributeInit {
    const outside = this.#nodes.splice(0)
    const known = [...this.#shared]
    const output = way().map((name, i) => {
      const { dtype, shape } = like[i] as Tensor
      return valueInfo({ name, dtype, shape })
    })
    const node = this.#nodes.splice(0, this.#nodes.length, ...outside)
    this.#within.push(...node)
    // What was computed within cannot be read without.
    this.#shared.clear()
    for (const [key, value] of known) this.#shared.set(key, value)
    return { name, type: AttributeType.GRAPH, g: { name: this.#fresh('way'), node, output } }
  }

  /** The ONNX name of a tensor that has been emitted. */
  name(tensor: Tensor): string {
    const name = this.#names.get(tensor)
    if (name === undefined) throw new Error(`${tensor} is read before it is emitted: ${tensor.node.op.name}`)
    return name
  }

  elementType(dtype: DType): number {
    return elementTypes[dtype]
  }

  /** A constant; equal small ones are stored once. */
  constant(value: NDArray): string[] {
    const same = this.#arrays.get(value)
    if (same) return [same]
    const key = value.byteLength <= 64 ? `${value.dtype}[${value.shape}]:${value.bytes}` : undefined
    const known = key && this.#shared.get(key)
    if (known) return [known]
    const name = this.#fresh('c')
    this.#arrays.set(value, name)
    if (key) this.#shared.set(key, name)
    const tensor = { name, dims: value.shape.map(BigInt), dataType: elementTypes[value.dtype] }
    if (value.byteLength <= (value.dtype === 'int64' ? inlineSizesLimit : inlineLimit))
      this.#initializers.push({ ...tensor, rawData: value.bytes.slice() })
    else this.#pointTo(tensor, { source: { bytes: value.bytes, name: `${name}.bin` }, offset: 0, length: value.byteLength })
    return [name]
  }

  /** A constant that lies in a file. */
  external({ region, dtype, shape }: { region: ByteRegion; dtype: DType; shape: readonly number[] }): string[] {
    const name = this.#fresh('w')
    this.#pointTo({ name, dims: shape.map(BigInt), dataType: elementTypes[dtype] }, region)
    return [name]
  }

  #pointTo(tensor: TensorHead, region: ByteRegion): void {
    if ('bytes' in region.source) this.#external.set(region.source.name, region.source)
    this.#regions.push({ tensor, region })
  }

  /**
   * Places every region relative to the one folder that holds all the files: engines take no absolute paths. Beside files,
   * arrays in memory go into the message: ONNX Runtime looks for external data either on the disk or in memory, not in both.
   */
  #placeRegions(): { folder: string | undefined; files: string[] } {
    const folder = commonFolder(this.#regions.flatMap(({ region: { source } }) => ('path' in source ? [source.path] : [])))
    const files = new Set<string>()
    for (const { tensor, region } of this.#regions) {
      const { source, offset, length } = region
      if (folder !== undefined && 'bytes' in source) {
        this.#external.delete(source.name)
        this.#initializers.push({ ...tensor, rawData: source.bytes.subarray(offset, offset + length) })
        continue
      }
      const location = 'path' in source ? source.path.slice((folder as string).length + 1).replaceAll('\\', '/') : source.name
      if ('path' in source) files.add(location)
      this.#initializers.push({
        ...tensor,
        dataLocation: TensorProto_DataLocation.EXTERNAL,
        externalData: Object.entries({ location, offset, length }).map(([key, value]) => ({ key, value: String(value) })),
      })
    }
    return { folder, files: [...files] }
  }

  number(value: number, dtype: DType): string {
    return this.constant(scalar(value, dtype))[0] as string
  }

  /** An int64 vector of sizes. Named ones are computed when the program runs, from the inputs that carry them. */
  sizes(sizes: readonly Dimension[]): string {
    if (isStaticShape(sizes)) return this.constant(array(sizes, { dtype: 'int64', shape: [sizes.length] }))[0] as string
    return this.#once(`sizes ${sizes.join()}`, () =>
      this.node(
        'Concat',
        sizes.map((size) => this.#size(size)),
        { axis: 0 },
      ),
    )
  }

  /** Like `sizes`, for a reshape: one named size may be left to the runtime, which works it out. */
  shapeFor(shape: Shape): string {
    const namedSizes = shape.filter((size) => !isStatic(size))
    const open = namedSizes.length === 1 && !shape.includes(0)
    return this.sizes(open ? shape.map((size) => (isStatic(size) ? size : -1)) : shape)
  }

  /** 0, 1, … size - 1 as int64. */
  range(size: Dimension): string[] {
    if (isStatic(size))
      return this.constant(
        array(
          Array.from({ length: size }, (_, i) => i),
          { dtype: 'int64', shape: [size] },
        ),
      )
    const scalarSize = this.#once(`scalar ${size}`, () => this.node('Squeeze', [this.#size(size)]))
    return this.node('Range', [this.number(0, 'int64'), scalarSize, this.number(1, 'int64')])
  }

  /** The tensor's values as int64, which some operators insist on. */
  int64(tensor: Tensor): string {
    return tensor.dtype === 'int64' ? this.name(tensor) : (this.node('Cast', [tensor], { to: elementTypes.int64 })[0] as string)
  }

  /** One size as an int64 vector of one element: a sum of products of the sizes that the inputs carry. */
  #size(size: Dimension): string {
    if (isStatic(size)) return this.sizes([size])
    return this.#once(`size ${size}`, () => {
      const terms = size.terms.map(({ coefficient, atoms }) => {
        const factors = atoms.map((atom) =>
          typeof atom === 'string' ? this.#axisSize(atom) : this.#fold('Div', [this.#size(atom.dividend), this.#size(atom.divisor)]),
        )
        return this.#fold('Mul', coefficient === 1 && factors.length > 0 ? factors : [this.sizes([coefficient]), ...factors])
      })
      return [this.#fold('Add', terms)]
    })
  }

  #fold(type: string, values: readonly string[]): string {
    return values.reduce((left, right) => this.node(type, [left, right])[0] as string)
  }

  #axisSize(name: string): string {
    const found = this.#sizes.get(name)
    if (!found) throw new GeneraError('named-size', `The named size "${name}" is on no input of the program, so it cannot be computed`)
    return this.#once(`axis ${name}`, () => this.node('Shape', [found.input], { start: found.axis, end: found.axis + 1 }))
  }

  #once(key: string, make: () => readonly string[]): string {
    const known = this.#shared.get(key)
    if (known !== undefined) return known
    const [made] = make() as [string]
    this.#shared.set(key, made)
    return made
  }

  #fresh(prefix = 't'): string {
    return `${prefix}${this.#count++}`
  }

  bindInput(tensor: Tensor, name: string): Port {
    this.#names.set(tensor, name)
    tensor.shape.forEach((size, axis) => {
      if (size instanceof NamedSize && !this.#sizes.has(size.text)) this.#sizes.set(size.text, { input: name, axis })
    })
    return { name, dtype: tensor.dtype, shape: tensor.shape }
  }

  emit(node: Node): void {
    if (!node.op.emit) throw new Error(`The operation "${node.op.name}" reached the emitter without an ONNX form`)
    node.op.emit(this, node).forEach((name, i) => void this.#names.set(node.outputs[i] as Tensor, name))
  }

  /** An output needs a name of its own, also when it is an input or another output passed through. */
  bindOutput(tensor: Tensor, name: string): Port {
    this.#nodes.push({ opType: 'Identity', input: [this.name(tensor)], output: [name], attribute: [] })
    return { name, dtype: tensor.dtype, shape: tensor.shape }
  }

  finish(inputs: readonly Port[], outputs: readonly Port[]): EmittedModel {
    this.#renameOutputs(outputs)
    const { folder, files } = this.#placeRegions()
    const model = create(ModelProtoSchema, {
      irVersion: 10n,
      producerName: 'genera',
      opsetImport: [
        { domain: '', version: BigInt(this.#opset) },
        { domain: 'com.microsoft', version: 1n },
      ],
      graph: {
        name: 'program',
        node: this.#nodes,
        initializer: this.#initializers,
        input: inputs.map(valueInfo),
        output: outputs.map(valueInfo),
      },
    })
    const bytes = toBinary(ModelProtoSchema, model)
    return { bytes, inputs, outputs, external: [...this.#external.values()], folder, files, size: this.#nodes.length }
  }

  /** Lets the producing node write an output directly instead of through a copying Identity, where only one output asks for it. */
  #renameOutputs(outputs: readonly Port[]): void {
    const producers = new Map(this.#nodes.flatMap((node) => (node.output ?? []).map((name, i) => [name, { node, i }] as const)))
    const renamed = new Map<string, string>()
    const wanted = new Set(outputs.map(({ name }) => name))
    for (let i = this.#nodes.length - outputs.length; i < this.#nodes.length; i++) {
      const { input, output } = this.#nodes[i] as { input: string[]; output: string[] }
      const [from, to] = [input[0] as string, output[0] as string]
      if (wanted.has(to) && producers.has(from) && !renamed.has(from)) renamed.set(from, to)
    }
    const kept = this.#nodes.filter(
      ({ opType, input, output }) => !(opType === 'Identity' && renamed.get(input?.[0] as string) === output?.[0]),
    )
    this.#nodes.splice(0, this.#nodes.length, ...kept)
    if (renamed.size === 0) return
    for (const { input = [], output = [] } of [...kept, ...this.#within])
      for (const names of [input, output]) for (const [i, name] of names.entries()) names[i] = renamed.get(name) ?? name
  }
}

function commonFolder(paths: readonly string[]): string | undefined {
  const split = paths.map((path) => path.split(/[\\/]/).slice(0, -1))
  const [first, ...others] = split
  if (!first) return undefined
  const shared = first.findIndex((part, i) => others.some((other) => other[i] !== part))
  const kept = shared < 0 ? first.length : shared
  return (paths[0] as string).slice(0, first.slice(0, kept).join('/').length)
}

function attribute(name: string, value: AttributeValue): AttributeInit {
  if (typeof value === 'string') return { name, type: AttributeType.STRING, s: new TextEncoder().encode(value) }
  if (typeof value === 'number')
    return floatAttributes.has(name) || !Number.isInteger(value)
      ? { name, type: AttributeType.FLOAT, f: value }
      : { name, type: AttributeType.INT, i: BigInt(value) }
  if ('float' in value) return { name, type: AttributeType.FLOAT, f: value.float }
  if ('floats' in value) return { name, type: AttributeType.FLOATS, floats: [...value.floats] }
  return { name, type: AttributeType.INTS, ints: value.map(BigInt) }
}

const valueInfo = ({ name, dtype, shape }: Port): MessageInitShape<typeof ValueInfoProtoSchema> => ({
  name,
  type: {
    value: {
      case: 'tensorType',
      value: {
        elemType: elementTypes[dtype],
        shape: {
          dim: shape.map((size) => ({
            value: isStatic(size) ? { case: 'dimValue', value: BigInt(size) } : { case: 'dimParam', value: String(size) },
          })),
        },
      },
    },
  },
})

/** Writes the program that computes `outputs` from `inputs` as an ONNX model. */
export function emitModel(inputs: readonly Tensor[], outputs: readonly Tensor[], target: Target): EmittedModel {
  const emitter = new Emitter(target)
  const given = inputs.map((tensor, i) => emitter.bindInput(tensor, `in${i}`))
  for (const node of nodesOf(outputs, new Set(inputs))) emitter.emit(node)
  const results = outputs.map((tensor, i) => emitter.bindOutput(tensor, `out${i}`))
  return emitter.finish(given, results)
}
