import { type Dimension, named } from './dimension.js'
import { GeneraError } from './errors.js'
import { fingerprint, numbering } from './fingerprint.js'
import { isNDArray } from './ndarray.js'
import type { Target } from './node.js'
import { type EmittedModel, emitModel } from './onnx/emitter.js'
import { placeholder } from './ops/constant.js'
import { fuse } from './passes/fuse.js'
import { simplify } from './passes/simplify.js'
import type { Value } from './runtime/runtime.js'
import { Tensor } from './tensor.js'
import { flatten } from './tree.js'

/** A traced function: the ONNX model, and how its ports map to the trees that the function takes and returns. */
export interface Program {
  readonly model: EmittedModel
  readonly inputs: readonly Tensor[]
  /** The simplified results behind the model's outputs. */
  readonly outputs: readonly Tensor[]
  /** For each output, whether it is the input of the same number, handed on: such a state needs no port and is not copied. */
  readonly passed: readonly boolean[]
  /** Builds what the function returned, from values in the order of the outputs. */
  readonly rebuild: (values: readonly unknown[]) => unknown
}

/** One name per axis; `null` keeps the size of the array. */
type AxisNames = readonly (string | null)[]

/**
 * Names for sizes that vary from call to call, one list per argument that is a single array: `[['batch', null, null]]`. An argument
 * that is a tree whose arrays all have the same axes, such as the caches of a decoder, takes `{ each: [...] }`.
 */
export type DynamicSizes = readonly (AxisNames | { readonly each: AxisNames } | undefined)[]

/** The arguments of a call, taken apart: the arrays among them, and what the traced program depends on. */
export interface CallShape {
  readonly arrays: readonly Value[]
  readonly sizes: readonly (readonly Dimension[])[]
  readonly paths: readonly string[]
  readonly rebuild: (leaves: readonly unknown[]) => unknown
  /** Equal for two calls that one program can serve. */
  readonly signature: string
}

export function callShape(args: readonly unknown[], dynamic: DynamicSizes = []): CallShape {
  const { leaves: arrays, paths, rebuild } = flatten<Value>(args, isValue)
  const known = new Map<string, { size: number; argument: number }>()
  const sizes = arrays.map(({ shape }, i) => traceSizes(shape, paths[i] as string, dynamic, known))
  const statics = fingerprint(rebuild(arrays.map(() => hole)), identity)
  return { arrays, sizes, paths, rebuild, signature: `${statics} ${arrays.map(({ dtype }, i) => `${dtype}[${sizes[i]}]`).join(' ')}` }
}

/** Stands for an array in a fingerprint of the arguments around it. */
const hole = Symbol('array')
const identity = numbering()

/** Arrays in this process and arrays that a runtime keeps are all the same to a program. */
export const isValue = (value: unknown): value is Value =>
  isNDArray(value) || (typeof value === 'object' && value !== null && 'dtype' in value && 'shape' in value && 'read' in value)

function traceSizes(
  shape: readonly number[],
  path: string,
  dynamic: DynamicSizes,
  known: Map<string, { size: number; argument: number }>,
): readonly Dimension[] {
  const argument = Number(path.split('.', 1)[0])
  const given = dynamic[argument]
  const names = given && 'each' in given ? given.each : path.includes('.') ? undefined : given
  if (!names) return shape
  if (names.length !== shape.length)
    throw new GeneraError(
      'dynamic',
      `Cannot name the sizes of argument ${path}: ${names.length} names are given, the array has ${shape.length} axes`,
    )
  return shape.map((size, axis) => {
    const name = names[axis]
    if (name == null) return size
    const before = known.get(name) ?? { size, argument }
    known.set(name, before)
    if (before.size !== size)
      throw new GeneraError(
        'dynamic',
        `Cannot give the size "${name}" two values: it is ${before.size} in argument ${before.argument} and ${size} in argument ${argument}`,
        'Use two names where the sizes may differ',
      )
    return named(name)
  })
}

/**
 * Calls the function on placeholders, simplifies the graph that it builds and writes it as ONNX. The first `stateSize` inputs
 * and outputs are a state that may be handed on unchanged.
 */
export function traceProgram(
  fn: (...args: never[]) => unknown,
  { arrays, sizes, paths, rebuild }: CallShape,
  target: Target,
  stateSize = 0,
): Program {
  const inputs = arrays.map(({ dtype }, i) => {
    const path = paths[i] as string
    const scope = path.slice(path.indexOf('.') + 1) // argument 0's leaf "blocks.0.weight" arrives as "0.blocks.0.weight"
    return placeholder(sizes[i] as readonly Dimension[], dtype, { name: path, ...(scope !== path && { where: scope }) })
  })
  const returned = fn(...(rebuild(inputs) as never[]))
  const isTensor = (leaf: unknown): leaf is Tensor => leaf instanceof Tensor
  const { leaves, rebuild: rebuildResult } = flatten<Tensor>(returned, isTensor)
  const nextSize = stateSize === 0 ? 0 : flatten<Tensor>((returned as readonly unknown[])[0], isTensor).leaves.length
  if (nextSize !== stateSize)
    throw new GeneraError(
      'state',
      `Cannot carry a state of ${stateSize} arrays: the function returns a next state of ${nextSize}`,
      'Return [next state, result], with every array of the state in the next one',
    )
  const outputs = fuse(simplify(leaves, inputs, target), inputs, target)
  const passed = outputs.map((output, i) => i < stateSize && output === inputs[i])
  const computed = outputs.filter((_, i) => !passed[i])
  if (computed.length === 0)
    throw new GeneraError(
      'no-output',
      'Cannot compile a function that returns no tensor',
      'Return at least one, if need be inside arrays or objects',
    )
  return { model: emitModel(inputs, computed, target), inputs, outputs, passed, rebuild: rebuildResult }
}
