import { InferenceSession, Tensor as OrtTensor } from 'onnxruntime-node'
import { compile, fill, gradients, type NDArray, stateful, type Tensor } from '../../src/graph/index.js'
import { callShape, traceProgram } from '../../src/graph/program.js'
import { median, seconds } from './measure.js'

/** A few milliseconds of work per call, so that what is added around it would show. */
const chain = (x: Tensor, w: Tensor): Tensor => {
  for (let i = 0; i < 16; i++) x = x.matmul(w).mul(0.5).tanh()
  return x
}

/** The time of a compiled program's call over that of the bare session on the same model, taken in turns. */
export async function measureOverhead({ warmup = 100, rounds = 200 } = {}): Promise<number> {
  const [x, w] = [fill('float32', [64, 256], (i) => Math.sin(i)), fill('float32', [256, 256], (i) => Math.cos(i) / 16)]
  const program = compile(chain)
  const { model } = traceProgram(chain, callShape([x, w]), { device: 'cpu', fuse: true })
  const session = await InferenceSession.create(model.bytes, {
    graphOptimizationLevel: 'basic',
    extra: { session: { intra_op: { allow_spinning: '1' } } },
  })
  const feed = ({ data, shape }: NDArray): OrtTensor => new OrtTensor('float32', data as Float32Array, shape)
  const feeds = Object.fromEntries([x, w].map((array, i) => [`in${i}`, feed(array)]))
  const [own, bare]: [number[], number[]] = [[], []]
  for (let i = 0; i < warmup; i++) await Promise.all([program(x, w), session.run(feeds)])
  for (let i = 0; i < rounds; i++) {
    own.push(await seconds(() => program(x, w)))
    bare.push(await seconds(() => session.run(feeds)))
  }
  await program.dispose()
  await session.release()
  return median(own) / median(bare)
}

/** Milliseconds to trace, simplify and write a program of about 2,000 ONNX nodes, once the code is warm. */
export async function measureTrace(): Promise<number> {
  const deep = (x: Tensor, w: Tensor): Tensor => {
    for (let i = 0; i < 500; i++)
      x = x
        .matmul(w)
        .add(x)
        .tanh()
        .mul(1 + 1 / (i + 2))
    return x
  }
  const call = callShape([fill('float32', [8, 8], () => 0), fill('float32', [8, 8], () => 0)])
  const times: number[] = []
  for (let i = 0; i < 7; i++) {
    const began = performance.now()
    const { model } = traceProgram(deep, call, { device: 'cpu', fuse: true })
    if (model.size < 2000) throw new Error(`The program to trace has ${model.size} nodes, not 2,000`)
    times.push(performance.now() - began)
  }
  return median(times.slice(2))
}

/** Growth of the resident memory over 1,000 training steps of a small network, as a share of what it was after the first 100. */
export async function measureDrift(steps = 1000): Promise<number> {
  const [x, y] = [fill('float32', [128, 128], (i) => Math.sin(i)), fill('float32', [128, 128], (i) => Math.cos(i))]
  const program = stateful(
    (w: Tensor, input: Tensor, target: Tensor) => {
      const error = input.matmul(w).tanh().sub(target)
      const loss = error.mul(error).mean()
      return [w.sub((gradients(loss, [w])[0] as Tensor).mul(0.1)), loss] as const
    },
    fill('float32', [128, 128], (i) => Math.sin(i * 7) / 16),
  )
  let before = 0
  for (let i = 0; i < steps + 100; i++) {
    if (i === 100) before = process.memoryUsage().rss
    await program.run(x, y)
  }
  const growth = process.memoryUsage().rss / before - 1
  await program.dispose()
  return growth
}
