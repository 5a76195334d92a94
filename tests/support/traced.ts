import { fromBinary } from '@bufbuild/protobuf'
import type { NDArray } from '../../src/graph/ndarray.js'
import { zeros } from '../../src/graph/ndarray.js'
import type { Target } from '../../src/graph/node.js'
import { ModelProtoSchema } from '../../src/graph/onnx/generated/onnx_pb.js'
import { callShape, traceProgram } from '../../src/graph/program.js'
import type { Tensor } from '../../src/graph/tensor.js'

/** The ONNX nodes that a function becomes, in order: what the passes did can be read off them. */
export function onnxNodes(
  fn: (...inputs: Tensor[]) => unknown,
  inputs: readonly (NDArray | readonly number[])[],
  target: Partial<Target> = {},
): string[] {
  const arrays = inputs.map((input) => ('dtype' in input ? input : zeros(input)))
  const { model } = traceProgram(fn as (...args: never[]) => unknown, callShape(arrays), { device: 'cpu', fuse: true, ...target })
  return fromBinary(ModelProtoSchema, model.bytes).graph?.node.map(({ opType }) => opType) ?? []
}
