import {
  array,
  concat,
  constant,
  convolution,
  crossEntropy,
  geluTanh,
  type NDArray,
  repeatInterleave,
  scalar,
  silu,
  type Tensor,
  triangle,
  valueAndGrad,
} from '../../src/graph/index.js'
import { embedding, given, groupNorm, layerNorm, linear, type Parameters, type Scope } from '../../src/nn/index.js'
import { adamW, type OptimiserState } from '../../src/training/index.js'
import {
  initialValues,
  type Network,
  parametersOf,
  adamW as rule,
  transformer,
  transformerBatch,
  unet,
  unetBatch,
} from '../peers/networks.js'

/** The two benchmark networks in genera's own words; sizes, names and first values are the peers'. */
export function transformerLoss(scope: Scope, inputs: Tensor, targets: Tensor): Tensor {
  const { layers, width, vocabulary, context } = transformer
  let x = embedding(scope.at('tokens'), inputs, vocabulary, width).add(scope.at('positions').param('weight', [context, width]))
  for (let i = 0; i < layers; i++) {
    const layer = scope.at('layers', i)
    x = x.add(causalAttention(layer.at('attention'), layerNorm(layer.at('norm_1'), x)))
    const hidden = geluTanh(linear(layer.at('feed_forward', 1), layerNorm(layer.at('norm_2'), x), transformer.hidden))
    x = x.add(linear(layer.at('feed_forward', 2), hidden, width))
  }
  const logits = linear(scope.at('head'), layerNorm(scope.at('norm'), x), vocabulary, { bias: false })
  return crossEntropy(logits, targets).mean()
}

function causalAttention(scope: Scope, x: Tensor): Tensor {
  const { context, width, heads } = transformer
  const batch = x.size(0)
  const size = width / heads
  const [q, k, v] = linear(scope.at('qkv'), x, 3 * width)
    .reshape([batch, context, 3, heads, size])
    .transpose([2, 0, 3, 1, 4])
    .split(3, 0)
    .map((part) => part.squeeze(0)) as [Tensor, Tensor, Tensor] // [batch, heads, context, size]
  const future = triangle(context, context).not().cast('float32').mul(-1e9)
  const scores = q
    .mul(size ** -0.5)
    .matmul(k, { transposeB: true })
    .add(future)
  const weights = scores.softmax()
  return linear(scope.at('output'), weights.matmul(v).transpose([0, 2, 1, 3]).reshape([batch, context, width]), width)
}

export function initialParameters(network: Network): Parameters {
  const values = initialValues(network)
  return Object.fromEntries(parametersOf(network).map(({ name, shape }, i) => [name, array(values[i] as Float32Array, { shape })]))
}

export function batchFor(network: Network): { inputs: NDArray; targets: NDArray } {
  if (network === 'unet') {
    const shape = [unet.batch, unet.channels, unet.size, unet.size]
    const { inputs, targets } = unetBatch()
    return { inputs: array(inputs, { shape }), targets: array(targets, { shape }) }
  }
  const shape = [transformer.batch, transformer.context]
  const { inputs, targets } = transformerBatch()
  return { inputs: array(inputs, { shape, dtype: 'int64' }), targets: array(targets, { shape, dtype: 'int64' }) }
}

export interface TrainingState<T> {
  readonly parameters: Parameters<T>
  readonly optimiser: OptimiserState<T>
}

export const optimiser = adamW({ beta1: rule.beta1, beta2: rule.beta2, epsilon: rule.epsilon, weightDecay: rule.weightDecay })

/** Forward, backward and AdamW in one graph. */
export const trainingStep =
  (loss: (scope: Scope, inputs: Tensor, targets: Tensor) => Tensor) =>
  (state: TrainingState<Tensor>, inputs: Tensor, targets: Tensor): readonly [TrainingState<Tensor>, Tensor] => {
    const { value, gradients } = valueAndGrad((parameters: Parameters<Tensor>) => loss(given(parameters), inputs, targets))(
      state.parameters,
    )
    const next = optimiser.update(state.parameters, gradients, state.optimiser, constant(scalar(rule.learningRate)))
    return [{ parameters: next.parameters, optimiser: next.state }, value]
  }

/** The U-Net, channels first as the papers write it. */
export function unetLoss(scope: Scope, inputs: Tensor, targets: Tensor): Tensor {
  const { widths, blocks } = unet
  const last = widths.length - 1
  let x = convolve(scope.at('conv_in'), inputs, widths[0])
  const skips: Tensor[] = []
  for (const [level, width] of widths.entries()) {
    for (let i = 0; i < blocks; i++) x = residual(scope.at('down', level, i), x, width)
    skips.push(x)
    if (level < last) x = convolve(scope.at('down', level, 'downsample'), x, width, { stride: 2 })
  }
  x = residual(scope.at('middle'), x, widths[last] as number)
  for (const [level, width] of [...widths.entries()].reverse()) {
    x = concat([x, skips[level] as Tensor], 1)
    for (let i = 0; i < blocks; i++) x = residual(scope.at('up', level, i), x, width)
    if (level > 0) x = convolve(scope.at('up', level, 'upsample'), upsample(x), width)
  }
  const output = convolve(scope.at('conv_out'), silu(groupNorm(scope.at('norm_out'), x, unet.groups)), unet.channels)
  const difference = output.sub(targets)
  return difference.mul(difference).mean()
}

function residual(scope: Scope, x: Tensor, width: number): Tensor {
  let h = convolve(scope.at('conv_1'), silu(groupNorm(scope.at('norm_1'), x, unet.groups)), width)
  h = convolve(scope.at('conv_2'), silu(groupNorm(scope.at('norm_2'), h, unet.groups)), width)
  return h.add(x.size(1) === width ? x : convolve(scope.at('shortcut'), x, width, { kernel: 1 }))
}

const upsample = (x: Tensor): Tensor => repeatInterleave(repeatInterleave(x, 2, 2), 2, 3)

function convolve(scope: Scope, x: Tensor, width: number, { kernel = 3, stride = 1 } = {}): Tensor {
  const weight = scope.param('weight', [width, x.size(1), kernel, kernel])
  return convolution(x, weight, { bias: scope.param('bias', [width]), padding: kernel === 3 ? 1 : 0, stride })
}
