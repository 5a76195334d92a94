import ort, { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { expect, test } from 'vitest'
import { emitModel } from '../onnx/emitter.js'
import { placeholder } from '../ops/constant.js'
import { endOutput, endsThere, isEnd, withEndOutput } from './end-output.js'
import type { OrtModule } from './onnx-runtime.js'

const x = placeholder([3])
const { bytes } = emitModel([x], [x.add(1), x.mul(2)], { device: 'cpu', fuse: true })
const open = () => InferenceSession.create(withEndOutput(bytes), { executionProviders: ['cpu'] })
const tensor = (...values: number[]) => new OrtTensor('float32', new Float32Array(values), [3])

test('withEndOutput() puts one output before those of the model', async () => {
  expect((await open()).outputNames).toEqual([endOutput, 'out0', 'out1'])
})

test('a run that asks for the end has written all arrays that it was given, one of them over its input, when it stops', async () => {
  const session = await open()
  const [state, other] = [tensor(1, 2, 3), tensor(0, 0, 0)]
  for (const expected of [
    [2, 3, 4],
    [3, 4, 5],
  ]) {
    const running = session.run({ in0: state }, { [endOutput]: null, out0: state, out1: other } as unknown as string[])
    expect(isEnd(await running.catch((error) => error))).toBe(true)
    expect([...(state.data as Float32Array)]).toEqual(expected)
  }
  await expect(session.run({ in0: tensor(1, 2, 3) })).rejects.toSatisfy(isEnd) // asking for every output asks for the end
})

test('isEnd() is not taken in by other failures', async () => {
  const session = await open()
  const wrong = new OrtTensor('float32', new Float32Array(2), [2])
  const failure = await session.run({ in0: wrong }, { [endOutput]: null } as unknown as string[]).catch((error) => error)
  expect(failure).toBeInstanceOf(Error)
  expect(isEnd(failure)).toBe(false)
})

test('endsThere() finds that this binding does, and that one does not that hands sequences out or fails otherwise', async () => {
  const real = ort as unknown as OrtModule
  expect(await endsThere(real)).toBe(true)
  const saying = (run: () => Promise<unknown>): OrtModule => ({
    Tensor: real.Tensor,
    InferenceSession: { create: async () => ({ run, release: async () => undefined }) as unknown as InferenceSession },
  })
  expect(await endsThere(saying(async () => ({})))).toBe(false)
  expect(await endsThere(saying(() => Promise.reject(new Error('No sequences here'))))).toBe(false)
  expect(await endsThere(saying(() => Promise.reject(new Error('Non tensor type'))))).toBe(false) // but wrote nothing
})
