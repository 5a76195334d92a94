import { create, type MessageInitShape, toBinary } from '@bufbuild/protobuf'
import { ModelProtoSchema, type TypeProtoSchema } from '../onnx/generated/onnx_pb.js'
import type { OrtModule } from './onnx-runtime.js'

/**
 * ONNX Runtime's binding for Node (1.30) makes a new array of every output that it hands out, also of one that the run has written where it
 * belongs already: for a model's parameters, or the caches of a decoder, that takes longer than many a run. It hands outputs out in their
 * order, when the run has ended, and refuses those that are no tensors. So a program gets a first output that is none: who asks for it, and
 * has given arrays for all the others, finds them written, and nothing copied.
 */
export const endOutput = 'end'

/** What the binding says of it. */
export const isEnd = (error: unknown): boolean => error instanceof Error && error.message.startsWith('Non tensor type')

const tried = new WeakMap<OrtModule, Promise<boolean>>()

/** Whether runs of this binding end there, with everything written: tried once, because another version may do otherwise. */
export function endsThere(ort: OrtModule): Promise<boolean> {
  const known = tried.get(ort) ?? tryToEnd(ort)
  tried.set(ort, known)
  return known
}

async function tryToEnd(ort: OrtModule): Promise<boolean> {
  try {
    const session = await ort.InferenceSession.create(doubling, { executionProviders: ['cpu'] })
    const x = new ort.Tensor('float32', new Float32Array([3]), [1])
    const error = await session.run({ x }, { [endOutput]: null, y: x }).catch((error: unknown) => error)
    await session.release()
    return isEnd(error) && x.data[0] === 6
  } catch {
    return false // then outputs are handed out as copies
  }
}

/** A model with the output before its own: where messages stand one behind the other, protobuf reads them as one. */
export function withEndOutput(model: Uint8Array): Uint8Array {
  const joined = new Uint8Array(head.length + model.length)
  joined.set(head)
  joined.set(model, head.length)
  return joined
}

const float32 = 1
const number: MessageInitShape<typeof TypeProtoSchema> = {
  value: { case: 'tensorType', value: { elemType: float32, shape: { dim: [{ value: { case: 'dimValue', value: 1n } }] } } },
}
const head = toBinary(
  ModelProtoSchema,
  create(ModelProtoSchema, {
    graph: {
      initializer: [{ name: 'end value', dims: [1n], dataType: float32, rawData: new Uint8Array(4) }],
      node: [{ opType: 'SequenceConstruct', input: ['end value'], output: [endOutput] }],
      output: [{ name: endOutput, type: { value: { case: 'sequenceType', value: { elemType: number } } } }],
    },
  }),
)
/** A model to try it with: y = x + x. */
const doubling = withEndOutput(
  toBinary(
    ModelProtoSchema,
    create(ModelProtoSchema, {
      irVersion: 10n,
      opsetImport: [{ domain: '', version: 21n }],
      graph: {
        name: 'doubling',
        node: [{ opType: 'Add', input: ['x', 'x'], output: ['y'] }],
        input: [{ name: 'x', type: number }],
        output: [{ name: 'y', type: number }],
      },
    }),
  ),
)
