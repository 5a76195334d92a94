import {
  array,
  constant,
  crossEntropy,
  geluTanh,
  type NDArray,
  scalar,
  type Tensor,
  triangle,
  valueAndGrad,
} from '../../src/graph/index.js'
import { embedding, given, layerNorm, linear, type Parameters, type Scope } from '../../src/nn/index.js'
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
    .split(3)
    .map((part) => part.reshape([batch, context, heads, size]).transpose([0, 2, 1, 3])) as [Tensor, Tensor, Tensor]
  const future = triangle(context, context).not().cast('float32').mul(-1e9)
  const scores = q.matmul(k, { transposeB: true }).mul(size ** -0.5)
  const weights = scores.add(future).softmax()
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
