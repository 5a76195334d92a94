/** The tensor graph: symbolic tensors, gradients, programs and the runtimes that run them. */
export { axes } from './axes.js'
export { type Compiled, type CompileOptions, type Concrete, compile, type Stateful, stateful } from './compile.js'
export { type Dimension, dividedBy, minus, NamedSize, named, plus, times } from './dimension.js'
export { type DataOf, type DType, dtypes } from './dtype.js'
export { GeneraError, ShapeError } from './errors.js'
export { grad, gradients, type TensorTree, valueAndGrad } from './gradients.js'
export { array, fill, isNDArray, NDArray, type Nested, scalar, zeros } from './ndarray.js'
export type { Target } from './node.js'
export * from './ops/index.js'
export * from './random/index.js'
export type { ByteRegion } from './region.js'
export { availableDevices } from './runtime/devices.js'
export {
  type Device,
  type Resident,
  type Runtime,
  RuntimeError,
  RuntimeLostError,
  type RuntimeOptions,
  type Session,
  type SessionOptions,
} from './runtime/runtime.js'
export { sharedRuntime, startRuntime } from './runtime/shared.js'
export type { Shape } from './shape.js'
export { Tensor } from './tensor.js'
export { flatten, mapTree, type Tree } from './tree.js'
