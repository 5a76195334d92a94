/**
 * The two training steps that `bench -- engine` compares. Sizes, layers, starting values, batches and floating point
 * operations are written here once; genera and every peer build their networks from this file, so all of them
 * train the same numbers under the same names and are judged by the same count.
 *
 * Weights are stored as PyTorch stores them: linear [out, in], convolution [out, in, height, width].
 *
 * Transformer, pre-norm:
 *   x = tokens[ids] + positions
 *   per layer: x += attention.output(causalAttention(attention.qkv(norm_1(x)))); x += feed_forward.2(gelu(feed_forward.1(norm_2(x))))
 *   logits = head(norm(x)); loss = mean cross entropy. GELU is the tanh form; `attention.qkv` gives q, k, v in that order.
 *
 * U-Net:
 *   residual(x) = shortcut(x) + conv_2(silu(norm_2(conv_1(silu(norm_1(x)))))); the shortcut is 1×1 where the widths differ, else x itself
 *   x = conv_in(images)
 *   down level l = 0, 1, 2: x = down.l.1(down.l.0(x)), kept as skip l; then down.l.downsample (3×3, stride 2, padding 1), except after the last
 *   x = middle(x)
 *   up level l = 2, 1, 0: x = up.l.1(up.l.0(concat(x, skip l))); then up.l.upsample (nearest ×2, then 3×3), except after level 0
 *   output = conv_out(silu(norm_out(x))); loss = mean squared error. Norms are group norms.
 */

export const networks = ['transformer', 'unet'] as const
export type Network = (typeof networks)[number]

export const transformer = { layers: 6, width: 256, heads: 4, hidden: 1024, vocabulary: 256, context: 128, batch: 16 } as const
export const unet = { size: 32, channels: 3, widths: [64, 128, 128], blocks: 2, groups: 8, batch: 16 } as const
export const normEpsilon = 1e-5
/** Weight decay applies to every parameter, which keeps the peers' optimisers simple. */
export const adamW = { learningRate: 3e-4, beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 } as const

/** `positions` is how many rows (tokens, or pixels of the output) the layer's weight is multiplied with in one step. */
export type Layer =
  | { kind: 'linear'; name: string; in: number; out: number; bias: boolean; positions: number }
  | { kind: 'convolution'; name: string; in: number; out: number; kernel: 1 | 3; positions: number }
  | { kind: 'norm'; name: string; width: number }
  | { kind: 'embedding'; name: string; rows: number; width: number }

export type Parameter = { name: string; shape: number[] }

export function layersOf(network: Network): Layer[] {
  return network === 'transformer' ? transformerLayers() : unetLayers()
}

function transformerLayers(): Layer[] {
  const { layers, width, hidden, vocabulary, context, batch } = transformer
  const norm = (name: string): Layer => ({ kind: 'norm', name, width })
  const linear = (name: string, from: number, to: number, bias = true): Layer => {
    return { kind: 'linear', name, in: from, out: to, bias, positions: batch * context }
  }
  const block = (name: string) => [
    norm(`${name}.norm_1`),
    linear(`${name}.attention.qkv`, width, 3 * width),
    linear(`${name}.attention.output`, width, width),
    norm(`${name}.norm_2`),
    linear(`${name}.feed_forward.1`, width, hidden),
    linear(`${name}.feed_forward.2`, hidden, width),
  ]
  return [
    { kind: 'embedding', name: 'tokens', rows: vocabulary, width },
    { kind: 'embedding', name: 'positions', rows: context, width },
    ...Array.from({ length: layers }, (_, i) => block(`layers.${i}`)).flat(),
    norm('norm'),
    linear('head', width, vocabulary, false),
  ]
}

function unetLayers(): Layer[] {
  const { size, channels, widths, blocks, batch } = unet
  const layers: Layer[] = []
  const norm = (name: string, width: number) => layers.push({ kind: 'norm', name, width })
  const convolution = (name: string, from: number, to: number, level: number, kernel: 1 | 3 = 3) => {
    layers.push({ kind: 'convolution', name, in: from, out: to, kernel, positions: batch * (size >> level) ** 2 })
  }
  const residual = (name: string, from: number, to: number, level: number) => {
    norm(`${name}.norm_1`, from)
    convolution(`${name}.conv_1`, from, to, level)
    norm(`${name}.norm_2`, to)
    convolution(`${name}.conv_2`, to, to, level)
    if (from !== to) convolution(`${name}.shortcut`, from, to, level, 1)
  }

  let width: number = widths[0]
  convolution('conv_in', channels, width, 0)
  for (const [level, to] of widths.entries()) {
    for (let i = 0; i < blocks; i++, width = to) residual(`down.${level}.${i}`, width, to, level)
    if (level < widths.length - 1) convolution(`down.${level}.downsample`, to, to, level + 1)
  }
  residual('middle', width, width, widths.length - 1)
  for (const [level, to] of [...widths.entries()].reverse()) {
    for (let i = 0; i < blocks; i++, width = to) residual(`up.${level}.${i}`, i === 0 ? width + to : width, to, level)
    if (level > 0) convolution(`up.${level}.upsample`, to, to, level - 1)
  }
  norm('norm_out', width)
  convolution('conv_out', width, channels, 0)
  return layers
}

export function parametersOf(network: Network): Parameter[] {
  return layersOf(network).flatMap((layer) => {
    const weight = { name: `${layer.name}.weight`, shape: weightShape(layer) }
    if (layer.kind === 'embedding' || (layer.kind === 'linear' && !layer.bias)) return [weight]
    return [weight, { name: `${layer.name}.bias`, shape: [layer.kind === 'norm' ? layer.width : layer.out] }]
  })
}

function weightShape(layer: Layer): number[] {
  switch (layer.kind) {
    case 'linear':
      return [layer.out, layer.in]
    case 'convolution':
      return [layer.out, layer.in, layer.kernel, layer.kernel]
    case 'norm':
      return [layer.width]
    case 'embedding':
      return [layer.rows, layer.width]
  }
}

export const parameterCount = (network: Network) => parametersOf(network).reduce((sum, { shape }) => sum + sizeOf(shape), 0)

/**
 * Floating point operations of one training step: matrix products and convolutions only, a multiply-add as two, and the
 * backward pass as twice the forward. Attention counts the full square, as if no product were skipped by the causal mask.
 * The images need no gradient, so the U-Net's first convolution goes without its share.
 */
export function flopsPerStep(network: Network): number {
  const layers = layersOf(network)
  const forward = layers.map(forwardFlops).reduce((a, b) => a + b, 0)
  if (network === 'transformer') {
    const { batch, context, width } = transformer
    return 3 * (forward + transformer.layers * 2 * (2 * batch * context ** 2 * width)) // q·kᵀ and weights·v
  }
  const [first] = layers
  return 3 * forward - (first === undefined ? 0 : forwardFlops(first))
}

function forwardFlops(layer: Layer): number {
  return layer.kind === 'linear' || layer.kind === 'convolution' ? 2 * sizeOf(weightShape(layer)) * layer.positions : 0
}

/** Starting values in the order of `parametersOf`: norms at one, biases at zero, every other weight uniform within ±1/√fan-in. */
export function initialValues(network: Network): Float32Array<ArrayBuffer>[] {
  const random = uniform(1)
  return parametersOf(network).map(({ name, shape }) => {
    if (shape.length === 1) return new Float32Array(sizeOf(shape)).fill(name.endsWith('.weight') ? 1 : 0)
    const bound = 1 / Math.sqrt(sizeOf(shape.slice(1)))
    return Float32Array.from({ length: sizeOf(shape) }, () => bound * (2 * random() - 1))
  })
}

/** Random text, [batch, context] each; targets are the inputs one position later. Every step sees this one batch. */
export function transformerBatch(): { inputs: Int32Array<ArrayBuffer>; targets: Int32Array<ArrayBuffer> } {
  const { batch, context, vocabulary } = transformer
  const random = uniform(2)
  const rows = Array.from({ length: batch }, () => Array.from({ length: context + 1 }, () => Math.floor(random() * vocabulary)))
  return {
    inputs: Int32Array.from(rows.flatMap((row) => row.slice(0, -1))),
    targets: Int32Array.from(rows.flatMap((row) => row.slice(1))),
  }
}

/** Noise in [-1, 1), [batch, channels, height, width] each. Every step sees this one batch. */
export function unetBatch(): { inputs: Float32Array<ArrayBuffer>; targets: Float32Array<ArrayBuffer> } {
  const { batch, channels, size } = unet
  const random = uniform(3)
  const noise = () => Float32Array.from({ length: batch * channels * size ** 2 }, () => 2 * random() - 1)
  return { inputs: noise(), targets: noise() }
}

export const batchOf = (network: Network) => (network === 'transformer' ? transformerBatch() : unetBatch())

export const sizeOf = (shape: readonly number[]) => shape.reduce((a, b) => a * b, 1)

/** mulberry32: numbers in [0, 1), the same on every machine. */
function uniform(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), state | 1)
    t ^= t + Math.imul(t ^ (t >>> 7), t | 61)
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32
  }
}
