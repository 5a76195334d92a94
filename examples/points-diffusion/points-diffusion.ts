import { array, compile, concat, fill, type Key, key, type NDArray, normal, placeholder, silu, type Tensor, uniform } from 'genera/graph'
import { given, initialise, linear, type Parameters, type Scope } from 'genera/nn'
import { adamW, schedules, type TrainingEvent, train } from 'genera/training'

/*
 * Diffusion on points of the plane. A point x is mixed with noise ε on a quarter circle, z = cos(φ)·x + sin(φ)·ε, and the network
 * learns the direction of that circle at z, its velocity v = cos(φ)·ε - sin(φ)·x (Salimans & Ho 2022, section 4 and appendix D).
 * Sampling starts from noise at φ = π/2 and walks back to φ = 0.
 */

/** The data: points on a spiral with two arms, a little blurred. Gives [count, 2]. */
export function spirals(key: Key, count: number): NDArray {
  const along = uniform(key.child('along'), [count])
  const blur = normal(key.child('blur'), [count, 2], { std: 0.025 })
  const points = new Float32Array(2 * count)
  for (let i = 0; i < count; i++) {
    const turn = 0.35 + 2.6 * Math.PI * Math.sqrt(along.at(i)) // the root spreads the points evenly along the arm
    const radius = (i % 2 === 0 ? 1 : -1) * 0.24 * turn
    points[2 * i] = radius * Math.cos(turn) + blur.at(2 * i)
    points[2 * i + 1] = radius * Math.sin(turn) + blur.at(2 * i + 1)
  }
  return array(points, { shape: [count, 2] })
}

/** The network: which way, and how fast, do the points [batch, 2] move at their angles [batch, 1]? Gives [batch, 2]. */
export function velocity(scope: Scope, points: Tensor, angle: Tensor, width = 128): Tensor {
  const features = concat([points, ...waves(points, [1, 2, 4, 8]), ...waves(angle, [1, 2, 4, 8])], 1)
  let x = linear(scope.at('input'), features, width) // [batch, width]
  for (let i = 0; i < 3; i++) {
    const block = scope.at('blocks', i)
    const hidden = silu(linear(block.at('up'), x, width))
    x = x.add(linear(block.at('down'), hidden, width))
  }
  return linear(scope.at('output'), silu(x), 2)
}

/** Sines and cosines let a small network draw sharp lines. */
const waves = (x: Tensor, frequencies: readonly number[]): Tensor[] =>
  frequencies.flatMap((frequency) => [x.mul(frequency).sin(), x.mul(frequency).cos()])

interface Batch {
  readonly points: Tensor
  readonly noise: Tensor
  /** Evenly spread over [0, 1]. */
  readonly share: Tensor
}

/** How far the network's velocity is from the true one. */
export function loss(scope: Scope, { points, noise, share }: Batch): Tensor {
  const angle = share.mul(share).mul(Math.PI / 2) // squared: most often small, where lines become sharp
  const [near, far] = [angle.cos(), angle.sin()]
  const mixed = points.mul(near).add(noise.mul(far))
  const target = noise.mul(near).sub(points.mul(far))
  return velocity(scope, mixed, angle).sub(target).square().mean()
}

export interface Options {
  readonly steps?: number
  readonly batch?: number
  readonly seed?: number
  /** How many training steps lie between two pictures. */
  readonly every?: number
}

/** Trains the network. Every event of kind 'sample' carries a walk from noise to points. */
export function trainPoints({ steps = 3000, batch = 512, seed = 7, every = 1000 }: Options = {}): AsyncGenerator<TrainingEvent> {
  const root = key(seed)
  return train<Batch>({
    name: 'points-diffusion',
    loss,
    parameters: initialise((scope) => velocity(scope, placeholder([batch, 2]), placeholder([batch, 1])), { seed }),
    batch: (step) => ({
      points: spirals(root.child('points', step), batch),
      noise: normal(root.child('noise', step), [batch, 2]),
      share: uniform(root.child('share', step), [batch, 1]),
    }),
    optimiser: adamW(),
    schedule: schedules.warmUp(100, schedules.cosine(4e-3, steps)),
    steps,
    clip: 1,
    average: 0.99,
    sample: { every, draw: (parameters) => walk(parameters, { seed }) },
  })
}

/** The points at every stage of the way, from noise to samples. */
export type Walk = readonly NDArray[]

/** Walks back along the circle. Each stride is exact for the velocity that the network sees where the stride begins (DDIM). */
export async function walk(
  parameters: Parameters,
  { count = 5000, strides = 64, seed = 7 }: { count?: number; strides?: number; seed?: number } = {},
): Promise<Walk> {
  const stride = Math.PI / 2 / strides
  const step = compile((points: Tensor, angle: Tensor) =>
    points.mul(Math.cos(stride)).sub(velocity(given(parameters), points, angle).mul(Math.sin(stride))),
  )
  const stages = [normal(key(seed).child('start'), [count, 2]) as NDArray]
  for (let left = strides; left > 0; left--)
    stages.push(
      await step(
        stages[stages.length - 1] as NDArray,
        fill('float32', [count, 1], () => left * stride),
      ),
    )
  await step.dispose()
  return stages
}
