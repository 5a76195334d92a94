import { create, toBinary } from '@bufbuild/protobuf'
import { GraphProtoSchema, ModelProtoSchema, NodeProtoSchema, TensorProtoSchema, ValueInfoProtoSchema } from '../onnx/generated/onnx_pb.js'

/**
 * ONNX Runtime's binding for Node (1.30) makes a new array of every output that it hands out, also of one that the run has written where it
 * belongs already: for a model's parameters, or the caches of a decoder, that takes longer than many a run. It hands outputs out in their
 * order, when the run has ended, and refuses those that are no tensors. So a program gets a first output that is none: who asks for it, and
 * has given arrays for all the others, finds them written, and nothing copied.
 */
export const endOutput = 'end'

/** What the binding says of it. A binding that does not mind hands everything out, which is as good. */
export const isEnd = (error: unknown): boolean => error instanceof Error && error.message.startsWith('Non tensor type')

/** A model with the output before its own: where messages stand one behind the other, protobuf reads them as one. */
export function withEndOutput(model: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + model.length)
  joined.set(head)
  joined.set(model, head.length)
  return joined
}

const float32 = 1
const number = { case: 'tensorType', value: { elemType: float32 } } as const
const head = toBinary(
  ModelProtoSchema,
  create(ModelProtoSchema, {
    graph: create(GraphProtoSchema, {
      initializer: [create(TensorProtoSchema, { name: 'end value', dims: [1n], dataType: float32, rawData: new Uint8Array(4) })],
      node: [create(NodeProtoSchema, { opType: 'SequenceConstruct', input: ['end value'], output: [endOutput] })],
      output: [
        create(ValueInfoProtoSchema, {
          name: endOutput,
          type: { value: { case: 'sequenceType', value: { elemType: { value: number } } } },
        }),
      ],
    }),
  }),
)
