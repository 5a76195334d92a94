import { createRequire } from 'node:module'
import os from 'node:os'
import workerThreads from 'node:worker_threads'
import tf from '@tensorflow/tfjs'
import wasm from '@tensorflow/tfjs-backend-wasm'
import { type Measurement, type MeasureOptions, measureSteps, threads } from './measurement.js'
import { adamW, batchOf, initialValues, type Network, normEpsilon, parametersOf, transformer, unet } from './networks.js'

type Variables = { [name: string]: tf.Variable }
type Loss = (parameters: Variables, inputs: tf.Tensor, targets: tf.Tensor) => tf.Scalar

/** tensorflow.js on its wasm backend, with SIMD and two threads. */
export async function measure({ network, ...options }: MeasureOptions): Promise<Measurement> {
  await startThreads()
  const parameters = initialParameters(network)
  const { inputs, targets } = tensorsOf(network)
  const lossOf: Loss = network === 'transformer' ? transformerLoss : unetLoss
  const { learningRate, beta1, beta2, epsilon, weightDecay } = adamW
  const adam = tf.train.adam(learningRate, beta1, beta2, epsilon)

  const step = async () => {
    const { value, grads } = tf.variableGrads(() => lossOf(parameters, inputs, targets))
    tf.tidy(() => {
      for (const parameter of Object.values(parameters)) parameter.assign(parameter.mul(1 - learningRate * weightDecay))
    })
    adam.applyGradients(grads as tf.NamedTensorMap & Variables)
    tf.dispose(grads)
    const [loss = Number.NaN] = await value.data()
    value.dispose()
    return loss
  }
  const simd = (await tf.env().getAsync('WASM_HAS_SIMD_SUPPORT')) ? 'SIMD' : 'no SIMD'
  return measureSteps(step, options, `tensorflow.js ${tf.version.tfjs}, ${tf.getBackend()}, ${simd}, ${wasm.getThreadsCount()} threads`)
}

/**
 * In Node, tensorflow.js does not turn its threads on, because the scripts of its workers are blobs, which Node's workers cannot
 * load. Here the workers are given the same scripts from the package's files. The thread count is capped at half of
 * the processors that Node reports, so they are reported twice while the backend starts.
 */
async function startThreads() {
  const folder = '@tensorflow/tfjs-backend-wasm/wasm-out/tfjs-backend-wasm-threaded-simd'
  const require = createRequire(import.meta.url)
  const { wasmWorkerContents } = require(`${folder}.worker.js`) as { wasmWorkerContents: string }
  const worker = wasmWorkerContents.replaceAll('\n', '\\n')
  class BlobFreeWorker extends workerThreads.Worker {
    constructor() {
      super(worker, { eval: true })
    }
    override postMessage(message: object) {
      super.postMessage('urlOrBlob' in message ? { ...message, urlOrBlob: require.resolve(`${folder}.js`) } : message)
    }
  }

  const { Worker } = workerThreads
  const { cpus } = os
  Object.assign(workerThreads, { Worker: BlobFreeWorker })
  Object.assign(os, { cpus: () => Array(2 * threads).fill(cpus()[0]) })
  tf.env().set('WASM_HAS_MULTITHREAD_SUPPORT', true)
  wasm.setThreadsCount(threads)
  await tf.setBackend('wasm')
  Object.assign(workerThreads, { Worker })
  Object.assign(os, { cpus })
}

/** The batch; images as [batch, height, width, channels], the one layout of the wasm backend. */
function tensorsOf(network: Network) {
  const { inputs, targets } = batchOf(network)
  const load = (values: typeof inputs) => {
    if (network === 'transformer') return tf.tensor(values, [transformer.batch, transformer.context], 'int32')
    return tf.tensor(values, [unet.batch, unet.channels, unet.size, unet.size]).transpose([0, 2, 3, 1])
  }
  return { inputs: load(inputs), targets: load(targets) }
}

/** Linear weights become [in, out], kernels [height, width, in, out], embeddings stay. */
function initialParameters(network: Network): Variables {
  const values = initialValues(network)
  const load = (name: string, shape: number[], value: Float32Array) => {
    const tensor = tf.tensor(value, shape)
    if (shape.length === 4) return tensor.transpose([2, 3, 1, 0])
    return shape.length === 2 && !embeddings.has(name) ? tensor.transpose() : tensor
  }
  const embeddings = new Set(['tokens.weight', 'positions.weight'])
  return Object.fromEntries(
    parametersOf(network).map(({ name, shape }, i) => [name, tf.variable(load(name, shape, values[i] ?? new Float32Array()), true, name)]),
  )
}

function take(variables: Variables, name: string): tf.Tensor {
  const variable = variables[name]
  if (!variable) throw new RangeError(`Cannot find the parameter "${name}"`)
  return variable
}

function transformerLoss(p: Variables, ids: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  const { layers, width, heads, vocabulary, batch, context } = transformer
  const mask = tf.linalg
    .bandPart(tf.ones([context, context]), -1, 0)
    .sub(1)
    .mul(1e9)
  const linear = (name: string, x: tf.Tensor) => product(x, take(p, `${name}.weight`)).add(take(p, `${name}.bias`))
  const layerNorm = (name: string, x: tf.Tensor) =>
    standardise(x, [-1])
      .mul(take(p, `${name}.weight`))
      .add(take(p, `${name}.bias`))
  const attention = (name: string, x: tf.Tensor) => {
    const qkv = tf.split(linear(`${name}.qkv`, x), 3, -1)
    const [q, k, v] = qkv.map((y) => y.reshape([batch, context, heads, width / heads]).transpose([0, 2, 1, 3])) as [
      tf.Tensor,
      tf.Tensor,
      tf.Tensor,
    ]
    const weights = tf.softmax(
      tf
        .matMul(q, k, false, true)
        .mul((width / heads) ** -0.5)
        .add(mask),
    )
    return linear(
      `${name}.output`,
      tf
        .matMul(weights, v)
        .transpose([0, 2, 1, 3])
        .reshape([batch * context, width]),
    )
  }

  let x = embedding(take(p, 'tokens.weight'), ids)
    .add(take(p, 'positions.weight'))
    .reshape([batch * context, width])
  for (let i = 0; i < layers; i++) {
    x = x.add(attention(`layers.${i}.attention`, layerNorm(`layers.${i}.norm_1`, x)))
    const hidden = gelu(linear(`layers.${i}.feed_forward.1`, layerNorm(`layers.${i}.norm_2`, x)))
    x = x.add(linear(`layers.${i}.feed_forward.2`, hidden))
  }
  const logits = product(layerNorm('norm', x), take(p, 'head.weight'))
  return tf.losses.softmaxCrossEntropy(tf.oneHot(targets.reshape([-1]).toInt(), vocabulary), logits) as tf.Scalar
}

function unetLoss(p: Variables, images: tf.Tensor, targets: tf.Tensor): tf.Scalar {
  const { widths, blocks, groups } = unet
  const norm = (name: string, x: tf.Tensor) => {
    const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
    const grouped = x.reshape([batch, height * width, groups, channels / groups])
    return standardise(grouped, [1, 3])
      .reshape(x.shape)
      .mul(take(p, `${name}.weight`))
      .add(take(p, `${name}.bias`))
  }
  const conv = (name: string, x: tf.Tensor, stride: 1 | 2 = 1) =>
    convolution(x, take(p, `${name}.weight`), stride).add(take(p, `${name}.bias`))
  const residual = (name: string, x: tf.Tensor) => {
    const h = conv(`${name}.conv_1`, silu(norm(`${name}.norm_1`, x)))
    const shortcut = p[`${name}.shortcut.weight`] ? conv(`${name}.shortcut`, x) : x
    return shortcut.add(conv(`${name}.conv_2`, silu(norm(`${name}.norm_2`, h))))
  }

  const skips: tf.Tensor[] = []
  let x = conv('conv_in', images)
  for (const level of widths.keys()) {
    for (let i = 0; i < blocks; i++) x = residual(`down.${level}.${i}`, x)
    skips.push(x)
    if (level < widths.length - 1) x = conv(`down.${level}.downsample`, x, 2)
  }
  x = residual('middle', x)
  for (const level of [...widths.keys()].reverse()) {
    x = tf.concat([x, ...skips.splice(level)], 3)
    for (let i = 0; i < blocks; i++) x = residual(`up.${level}.${i}`, x)
    const [, height = 0, width = 0] = x.shape
    if (level > 0) x = conv(`up.${level}.upsample`, tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [2 * height, 2 * width]))
  }
  return tf.losses.meanSquaredError(targets, conv('conv_out', silu(norm('norm_out', x)))) as tf.Scalar
}

const silu = (x: tf.Tensor) => x.mul(tf.sigmoid(x))

/** The tanh form, (1 + tanh u) / 2 written as sigmoid(2u): the backend's sigmoid is vectorised, its tanh is not. */
const gelu = (x: tf.Tensor) =>
  x.mul(
    tf.sigmoid(
      x
        .square()
        .mul(0.044715)
        .add(1)
        .mul(x)
        .mul(2 * Math.sqrt(2 / Math.PI)),
    ),
  )

function standardise(x: tf.Tensor, axes: number[]): tf.Tensor {
  const { mean, variance } = tf.moments(x, axes, true)
  return x.sub(mean).mul(tf.rsqrt(variance.add(normEpsilon)))
}

// Gradients that the wasm backend lacks, or has in a slow form only, built of its fast kernels.

/** Only a product without transposed arguments reaches XNNPACK: 28 GFLOP/s, where the transposed ones of the gradient reach 0.5 and 1.5. */
const product = withGradient(
  (a, b) => tf.matMul(a, b),
  (dy, a, b) => [tf.matMul(dy, tf.transpose(b)), tf.matMul(tf.transpose(a), dy)],
)

/** The gradient of `gather` is not there (UnsortedSegmentSum): rows of equal ids are added by a product with their one-hot rows. */
function embedding(table: tf.Tensor, ids: tf.Tensor): tf.Tensor {
  const [rows = 0, width = 0] = table.shape
  const chosen = () => tf.oneHot(ids.reshape([-1]).toInt(), rows).toFloat()
  return tf.customGrad((weight) => ({
    value: tf.gather(weight as tf.Tensor, ids.toInt()),
    gradFunc: (dy: tf.Tensor) => tf.matMul(chosen().transpose(), dy.reshape([-1, width])),
  }))(table)
}

/**
 * 1×1 or padded 3×3. The kernel's gradient is not there (Conv2DBackpropFilter): it is the convolution of x with dy in which channels
 * and images change places, 20 GFLOP/s. The input's gradient is there at 1.5 GFLOP/s: as a convolution of dy with the
 * turned kernel it reaches 38, and with stride 2 dy is spread over zeros first.
 */
function convolution(x: tf.Tensor, kernel: tf.Tensor, stride: 1 | 2): tf.Tensor {
  const [size = 0] = kernel.shape
  return (size === 1 ? pointwise : stride === 1 ? convolution1 : convolution2)(x, kernel)
}

const pointwise = withGradient(
  (x, kernel) => conv2d(x, kernel, 1, 0),
  (dy, x, kernel) => {
    const [, , channels = 0, out = 0] = kernel.shape
    const dx = conv2d(dy, kernel.transpose([0, 1, 3, 2]), 1, 0)
    return [dx, tf.matMul(x.reshape([-1, channels]).transpose(), dy.reshape([-1, out])).reshape(kernel.shape)]
  },
)
const convolution1 = paddedConvolution(1)
const convolution2 = paddedConvolution(2)

function paddedConvolution(stride: 1 | 2) {
  const turned = (kernel: tf.Tensor) => tf.reverse(kernel, [0, 1]).transpose([0, 1, 3, 2])
  return withGradient(
    (x, kernel) => conv2d(x, kernel, stride, 1),
    (dy, x, kernel) => {
      const dx = conv2d(stride === 1 ? dy : spread(dy), turned(kernel), 1, 1)
      const dKernel = conv2d(x.transpose([3, 1, 2, 0]), dy.transpose([1, 2, 0, 3]), 1, 1, stride) // [in, 3 or more, 3 or more, out]
      return [dx, dKernel.slice([0, 0, 0, 0], [-1, 3, 3, -1]).transpose([1, 2, 0, 3])]
    },
  )
}

/** [batch, height, width, channels] → twice the height and width, a zero after every row and column. */
function spread(x: tf.Tensor): tf.Tensor {
  const [batch = 0, height = 0, width = 0, channels = 0] = x.shape
  const rows = tf.pad(x.reshape([batch * height, width, 1, channels]), [[0, 0], [0, 0], [0, 1], [0, 0]]) // biome-ignore format: one pair an axis
  return tf
    .pad(rows.reshape([batch, height, 1, 2 * width * channels]), [
      [0, 0],
      [0, 0],
      [0, 1],
      [0, 0],
    ])
    .reshape([batch, 2 * height, 2 * width, channels])
}

function conv2d(x: tf.Tensor, kernel: tf.Tensor, stride: number, padding: number, dilation = 1): tf.Tensor {
  return tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, stride, padding, 'NHWC', dilation)
}

type Binary = (a: tf.Tensor, b: tf.Tensor) => tf.Tensor

function withGradient(forward: Binary, backward: (dy: tf.Tensor, a: tf.Tensor, b: tf.Tensor) => [tf.Tensor, tf.Tensor]): Binary {
  return tf.customGrad((...args) => {
    const [a, b, save] = args as [tf.Tensor, tf.Tensor, (tensors: tf.Tensor[]) => void]
    save([a, b])
    return { value: forward(a, b), gradFunc: (dy: tf.Tensor, saved) => backward(dy, ...(saved as [tf.Tensor, tf.Tensor])) }
  })
}
