import './web-worker.js' // first: jax-js looks for threads when it is imported

import { blockUntilReady, defaultDevice, jit, nn, numpy as np, tree, valueAndGrad } from '@jax-js/jax'
import { type Measurement, type MeasureOptions, measureSteps, threads } from './measurement.js'
import { adamW, batchOf, initialValues, type Network, normEpsilon, parametersOf, transformer, unet } from './networks.js'

// jax-js counts references: an operation consumes the arrays that it reads, `.ref` keeps one for another reader.

type Arrays = { [name: string]: np.Array }

/**
 * A jitted call allocates all of its intermediate results before the first one is computed. The U-Net's would need more than
 * the 4 GiB of a wasm memory, so its gradient is summed over parts of the batch, which gives the same numbers.
 */
const parts = { transformer: 1, unet: 4 } satisfies Record<Network, number>

/** jax-js on its wasm device: loss and gradient in one `jit`, AdamW in another. */
export async function measure({ network, ...options }: MeasureOptions): Promise<Measurement> {
  defaultDevice('wasm')
  const lossOf = network === 'transformer' ? transformerLoss : unetLoss
  const addGradient = jit((sum: Arrays, parameters: Arrays, inputs: np.Array, targets: np.Array) => {
    const [loss, gradient] = valueAndGrad(lossOf)(parameters, inputs, targets)
    for (const [name, part] of Object.entries(gradient)) sum[name] = take(sum, name).add(part.div(parts[network]))
    return { loss, sum }
  })
  const update = jit(adamWUpdate)

  const batches = batchesOf(network)
  let parameters = initialParameters(network)
  let [mean, square] = [zerosLike(parameters), zerosLike(parameters)]
  let count = 0
  const step = async () => {
    let gradient = zerosLike(parameters)
    let total = 0
    for (const { inputs, targets } of batches) {
      const { loss, sum } = await blockUntilReady(addGradient(gradient, tree.ref(parameters), inputs.ref, targets.ref))
      gradient = sum
      total += Number(await loss.jsAsync())
    }
    count++
    const corrections = [1 - adamW.beta1 ** count, 1 - adamW.beta2 ** count].map((value) => np.array(value))
    ;({ parameters, mean, square } = await blockUntilReady(update(parameters, mean, square, gradient, corrections)))
    return total / batches.length
  }
  return measureSteps(step, options, `jax-js, wasm, SIMD, jit, ${threads} threads`)
}

/** The batch in its parts; images as [batch, height, width, channels]. */
function batchesOf(network: Network) {
  const { inputs, targets } = batchOf(network)
  const load = (values: typeof inputs, part: number) => {
    const size = values.length / parts[network]
    const array = np.array(values.slice(part * size, (part + 1) * size))
    if (network === 'transformer') return array.reshape([-1, transformer.context])
    return array.reshape([-1, unet.channels, unet.size, unet.size]).transpose([0, 2, 3, 1])
  }
  return Array.from({ length: parts[network] }, (_, part) => ({ inputs: load(inputs, part), targets: load(targets, part) }))
}

/** Convolution kernels are kept as matrices [height·width·in, out], see `convolution`. */
function initialParameters(network: Network): Arrays {
  const values = initialValues(network)
  const load = (shape: number[], value: Float32Array<ArrayBuffer>) => {
    const array = np.array(value).reshape(shape)
    const [out = 1] = shape
    return shape.length === 4 ? array.transpose([2, 3, 1, 0]).reshape([-1, out]) : array
  }
  return Object.fromEntries(parametersOf(network).map(({ name, shape }, i) => [name, load(shape, values[i] ?? new Float32Array())]))
}

const zerosLike = (arrays: Arrays): Arrays => {
  return Object.fromEntries(Object.entries(arrays).map(([name, array]) => [name, np.zeros(array.shape)]))
}

function adamWUpdate(parameters: Arrays, mean: Arrays, square: Arrays, gradients: Arrays, corrections: np.Array[]) {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = adamW
  const [meanCorrection, squareCorrection] = corrections as [np.Array, np.Array]
  for (const [name, gradient] of Object.entries(gradients)) {
    const m = take(mean, name)
      .mul(beta1)
      .add(gradient.ref.mul(1 - beta1))
    const v = take(square, name)
      .mul(beta2)
      .add(np.square(gradient).mul(1 - beta2))
    const direction = m.ref.div(meanCorrection.ref).div(np.sqrt(v.ref.div(squareCorrection.ref)).add(epsilon))
    parameters[name] = take(parameters, name)
      .mul(1 - learningRate * weightDecay)
      .sub(direction.mul(learningRate))
    mean[name] = m
    square[name] = v
  }
  tree.dispose(corrections)
  return { parameters, mean, square }
}

function take(arrays: Arrays, name: string): np.Array {
  const array = arrays[name]
  if (!array) throw new RangeError(`Cannot find the parameter "${name}"`)
  return array
}

function transformerLoss(p: Arrays, ids: np.Array, targets: np.Array): np.Array {
  const { layers, width, heads, vocabulary, batch, context } = transformer
  const linear = (name: string, x: np.Array) => np.matmul(x, take(p, `${name}.weight`).transpose()).add(take(p, `${name}.bias`))
  const layerNorm = (name: string, x: np.Array) => {
    return nn
      .standardize(x, -1, { epsilon: normEpsilon })
      .mul(take(p, `${name}.weight`))
      .add(take(p, `${name}.bias`))
  }
  const attention = (name: string, x: np.Array) => {
    const qkv = linear(`${name}.qkv`, x)
      .reshape([batch, context, 3, heads, width / heads])
      .transpose([2, 0, 3, 1, 4])
    const [q, k, v] = [qkv.ref.slice(0), qkv.ref.slice(1), qkv.slice(2)] // [batch, heads, context, width / heads]
    // `nn.dotProductAttention` would do the same, but its einsum needs iterator helpers, which Node 20 does not have.
    const scores = np.matmul(q, k.transpose([0, 1, 3, 2])).mul((width / heads) ** -0.5)
    const weights = nn.softmax(np.where(np.tri(context, context, 0, { dtype: np.bool }), scores, -Infinity), -1)
    return linear(
      `${name}.output`,
      np
        .matmul(weights, v)
        .transpose([0, 2, 1, 3])
        .reshape([batch * context, width]),
    )
  }

  let x = take(p, 'tokens.weight')
    .slice(ids)
    .add(take(p, 'positions.weight'))
    .reshape([batch * context, width])
  for (let i = 0; i < layers; i++) {
    x = x.ref.add(attention(`layers.${i}.attention`, layerNorm(`layers.${i}.norm_1`, x)))
    const hidden = nn.gelu(linear(`layers.${i}.feed_forward.1`, layerNorm(`layers.${i}.norm_2`, x.ref)))
    x = x.add(linear(`layers.${i}.feed_forward.2`, hidden))
  }
  const logits = np.matmul(layerNorm('norm', x), take(p, 'head.weight').transpose())
  const picked = nn.logSoftmax(logits, -1).mul(nn.oneHot(targets.reshape([batch * context]), vocabulary))
  return picked.sum().div(-batch * context)
}

function unetLoss(p: Arrays, images: np.Array, targets: np.Array): np.Array {
  const { widths, blocks, groups } = unet
  const norm = (name: string, x: np.Array) => {
    const [n = 0, height = 0, width = 0, channels = 0] = x.shape
    const grouped = x.reshape([n, height * width, groups, channels / groups])
    const normed = nn.standardize(grouped, [1, 3], { epsilon: normEpsilon }).reshape([n, height, width, channels])
    return normed.mul(take(p, `${name}.weight`)).add(take(p, `${name}.bias`))
  }
  const conv = (name: string, x: np.Array, stride = 1) => convolution(x, take(p, `${name}.weight`), stride).add(take(p, `${name}.bias`))
  const residual = (name: string, x: np.Array) => {
    const h = conv(`${name}.conv_1`, nn.silu(norm(`${name}.norm_1`, x.ref)))
    const shortcut = p[`${name}.shortcut.weight`] ? conv(`${name}.shortcut`, x) : x
    return shortcut.add(conv(`${name}.conv_2`, nn.silu(norm(`${name}.norm_2`, h))))
  }

  const skips: np.Array[] = []
  let x = conv('conv_in', images)
  for (const level of widths.keys()) {
    for (let i = 0; i < blocks; i++) x = residual(`down.${level}.${i}`, x)
    skips.push(x.ref)
    if (level < widths.length - 1) x = conv(`down.${level}.downsample`, x, 2)
  }
  x = residual('middle', x)
  for (const level of [...widths.keys()].reverse()) {
    x = np.concatenate([x, ...skips.splice(level)], 3)
    for (let i = 0; i < blocks; i++) x = residual(`up.${level}.${i}`, x)
    if (level > 0) x = conv(`up.${level}.upsample`, np.repeat(np.repeat(x, 2, 1), 2, 2))
  }
  return np.square(conv('conv_out', nn.silu(norm('norm_out', x))).sub(targets)).mean()
}

/**
 * 1×1 or padded 3×3, as one matrix product of the shifted images joined along their channels. `lax.conv` is there, but its
 * wasm kernels are scalar: 0.4 GFLOP/s, forward and backward, where this form reaches 9.
 */
function convolution(x: np.Array, kernel: np.Array, stride: number): np.Array {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const [rows = 0, out = 0] = kernel.shape
  const [h, w] = [height / stride, width / stride]
  if (rows === channels) return np.matmul(x.reshape([-1, channels]), kernel).reshape([batch, h, w, out])

  const padded = np.pad(x, [[0, 0], [1, stride], [1, stride], [0, 0]]) // biome-ignore format: one pair an axis
  const taps = [0, 1, 2].flatMap((dy) =>
    [0, 1, 2].map((dx) => {
      const shifted = padded.ref.slice([], [dy, dy + height], [dx, dx + width])
      return stride === 1 ? shifted : shifted.reshape([batch, h, stride, w, stride, channels]).slice([], [], 0, [], 0)
    }),
  )
  padded.dispose()
  return np.matmul(np.concatenate(taps, 3).reshape([-1, rows]), kernel).reshape([batch, h, w, out])
}
