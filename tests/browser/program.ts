import { type Concrete, stateful } from '../../src/graph/compile.js'
import { valueAndGrad } from '../../src/graph/gradients.js'
import { array, fill, type NDArray, scalar, zeros } from '../../src/graph/ndarray.js'
import { gelu } from '../../src/graph/ops/activations.js'
import { gather } from '../../src/graph/ops/gather.js'
import { crossEntropy, layerNormalise } from '../../src/graph/ops/normalisation.js'
import { key } from '../../src/graph/random/key.js'
import { normal } from '../../src/graph/random/normal.js'
import type { Runtime } from '../../src/graph/runtime/runtime.js'
import type { Tensor } from '../../src/graph/tensor.js'
import { flatten } from '../../src/graph/tree.js'

// A transformer of one layer learns a short text by heart, one whole training step per program.
// Sizes: B texts, T tokens, W features, H heads, V tokens known.
const [B, T, W, H, V] = [4, 12, 32, 2, 17]

const parameters = {
  embedding: drawn('embedding', [V, W], 0.1),
  position: drawn('position', [T, W], 0.1),
  attentionNorm: norm(),
  query: drawn('query', [W, W]),
  key: drawn('key', [W, W]),
  value: drawn('value', [W, W]),
  out: drawn('out', [W, W]),
  feedNorm: norm(),
  up: drawn('up', [W, 4 * W]),
  upBias: zeros([4 * W]),
  down: drawn('down', [4 * W, W], (4 * W) ** -0.5),
  lastNorm: norm(),
}

function drawn(name: string, shape: readonly number[], std = W ** -0.5): NDArray {
  return normal(key(7).child(name), shape, { std })
}

function norm(): { scale: NDArray; bias: NDArray } {
  return { scale: fill('float32', [W], () => 1), bias: zeros([W]) }
}

type Traced<P> = P extends NDArray ? Tensor : { [K in keyof P]: Traced<P[K]> }
type Parameters = Traced<typeof parameters>

function loss(p: Parameters, tokens: Tensor, next: Tensor): Tensor {
  let x = gather(p.embedding, tokens).add(p.position) // [B, T, W]
  x = x.add(attention(p, layerNormalise(x, p.attentionNorm.scale, p.attentionNorm.bias)))
  const hidden = gelu(layerNormalise(x, p.feedNorm.scale, p.feedNorm.bias).matmul(p.up).add(p.upBias)) // [B, T, 4W]
  x = layerNormalise(x.add(hidden.matmul(p.down)), p.lastNorm.scale, p.lastNorm.bias)
  return crossEntropy(x.matmul(p.embedding.transpose([1, 0])), next).mean()
}

function attention(p: Parameters, x: Tensor): Tensor {
  const heads = (y: Tensor) => y.reshape([B, T, H, W / H]).transpose([0, 2, 1, 3]) // [B, H, T, W/H]
  const [q, k, v] = [heads(x.matmul(p.query)), heads(x.matmul(p.key)), heads(x.matmul(p.value))]
  const past = fill('float32', [T, T], (i) => (i % T > Math.floor(i / T) ? -1e4 : 0))
  const weights = q
    .matmul(k.transpose([0, 1, 3, 2]))
    .mul((W / H) ** -0.5)
    .add(past)
    .softmax() // [B, H, T, T]
  return weights.matmul(v).transpose([0, 2, 1, 3]).reshape([B, T, W]).matmul(p.out)
}

interface State {
  readonly parameters: Parameters
  readonly mean: Parameters
  readonly square: Parameters
  readonly step: Tensor
}

/** One step of Adam (Kingma & Ba 2014, algorithm 1). */
function step(state: State, tokens: Tensor, next: Tensor): readonly [State, Tensor] {
  const { value, gradients } = valueAndGrad(loss)(state.parameters, tokens, next)
  const isTensor = (leaf: unknown): leaf is Tensor => leaf instanceof Object && 'node' in leaf
  const leaves = (tree: Parameters) => flatten<Tensor>(tree, isTensor).leaves
  const [p, m, v, g] = [leaves(state.parameters), leaves(state.mean), leaves(state.square), leaves(gradients)]
  const t = state.step.add(1)
  const zip = (from: readonly Tensor[], change: (leaf: Tensor, gradient: Tensor) => Tensor): Tensor[] =>
    from.map((leaf, i) => change(leaf, g[i] as Tensor))
  const mean = zip(m, (leaf, gradient) => leaf.mul(0.9).add(gradient.mul(0.1)))
  const square = zip(v, (leaf, gradient) => leaf.mul(0.99).add(gradient.square().mul(0.01)))
  const bias = (beta: number) => t.mul(Math.log(beta)).exp().neg().add(1)
  const rate = bias(0.99).sqrt().div(bias(0.9)).mul(0.01)
  const moved = p.map((leaf, i) => leaf.sub(rate.mul((mean[i] as Tensor).div((square[i] as Tensor).sqrt().add(1e-8)))))
  const { rebuild } = flatten<Tensor>(state.parameters, isTensor)
  const tree = (tensors: readonly Tensor[]) => rebuild(tensors) as Parameters
  return [{ parameters: tree(moved), mean: tree(mean), square: tree(square), step: t }, value]
}

export interface TrainingRun {
  readonly runtime: string
  /** The loss of each step. */
  readonly losses: readonly number[]
  /** A sum over the trained parameters: the state is read back too. */
  readonly checksum: number
  /** The time of each step; the first loads the program. */
  readonly milliseconds: readonly number[]
}

/** Trains from the same start on any runtime. */
export async function train(runtime: Runtime, steps = 8): Promise<TrainingRun> {
  const isArray = (leaf: unknown): leaf is NDArray => leaf instanceof Object && 'data' in leaf
  const { leaves, rebuild } = flatten<NDArray>(parameters, isArray)
  const blank = () => rebuild(leaves.map(({ shape }) => zeros(shape))) as typeof parameters
  const initial = { parameters, mean: blank(), square: blank(), step: scalar(0) } as Concrete<State>
  const training = stateful(step, initial, { runtime, label: 'a training step' })
  const text = Array.from({ length: B * (T + 1) }, (_, i) => (i * i * 5 + i * 3) % V)
  const tokensFrom = (offset: number) =>
    array(
      Array.from({ length: B * T }, (_, i) => text[Math.floor(i / T) * (T + 1) + (i % T) + offset] as number),
      { shape: [B, T], dtype: 'int64' },
    )
  const losses: number[] = []
  const milliseconds: number[] = []
  for (let i = 0; i < steps; i++) {
    const start = performance.now()
    losses.push((await training.run(tokensFrom(0), tokensFrom(1))).item())
    milliseconds.push(performance.now() - start)
  }
  const state = await training.read()
  let checksum = 0
  for (const leaf of flatten<NDArray>(state.parameters, isArray).leaves)
    for (let i = 0; i < leaf.length; i++) checksum += Math.abs(leaf.at(i))
  await training.dispose()
  return { runtime: runtime.name, losses, checksum, milliseconds }
}
