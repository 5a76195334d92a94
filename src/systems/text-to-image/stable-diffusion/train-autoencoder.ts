import { autoencoderKL } from '../../../backbones/index.js'
import { array, compile, type Key, key, type NDArray, normal, placeholder, type Tensor, uniform } from '../../../graph/index.js'
import { given, initialise, type Parameters, type Scope } from '../../../nn/index.js'
import { muon, type RunOptions, schedules, type TrainingEvent, train } from '../../../training/index.js'
import type { CaptionedPictures, DioramaPictures } from './pictures.js'

const { decode, divergence, downsampling, encode, fromLatents, toLatents } = autoencoderKL
type AutoencoderSize = autoencoderKL.AutoencoderSize

export interface AutoencoderTraining extends RunOptions {
  readonly pictures: CaptionedPictures
  readonly size?: AutoencoderSize
  /** What to start from in place of chance. */
  readonly initial?: Parameters
}

interface Batch<T = Tensor> {
  /** [batch, 3, size, size] in [-1, 1]. */
  readonly pixels: T
  /** One draw for the latents. */
  readonly noise: T
}

/** Published models weigh the divergence so lightly that latents keep their detail (Rombach et al. 2022, appendix G). */
const divergenceWeight = 1e-6

/** Of errors [batch, 3, height, width]: their size, and that of their differences to the right and below, so that edges stay where they are. */
export function pictureDistance(error: Tensor): Tensor {
  const step = (axis: number): Tensor => error.slice(axis, 1).sub(error.slice(axis, 0, -1))
  return error.abs().mean().add(step(2).abs().mean()).add(step(3).abs().mean())
}

/** Stage 1: pixels to latents and back. What it draws is soft, as the mean of all that is likely; the decoder learns better in stage 3. */
export function autoencoderLoss(scope: Scope, { pixels, noise }: Batch, size: AutoencoderSize) {
  const moments = encode(scope, pixels, size)
  const latents = moments.mean.add(moments.logVariance.mul(0.5).exp().mul(noise))
  const distance = pictureDistance(decode(scope, latents, size).sub(pixels))
  const prior = divergence(moments).mean()
  return { loss: distance.add(prior.mul(divergenceWeight)), metrics: { distance, prior } }
}

export async function* trainAutoencoder({
  pictures,
  size = autoencoderKL.autoencoderSizes.diorama,
  steps = 12_000,
  batch = 8,
  learningRate = 2e-3,
  seed = 2,
  initial = {},
  checkpoint,
  signal,
}: AutoencoderTraining): AsyncGenerator<TrainingEvent, void, undefined> {
  const whole = pictures.size
  const root = key(seed).child('autoencoder')
  yield* train<Batch>(
    {
      name: 'stable-diffusion-autoencoder',
      loss: (scope, given) => autoencoderLoss(scope, given, size),
      parameters: { ...initialise((scope) => autoencoder(scope, placeholder([1, 3, whole, whole]), size), { seed }), ...initial },
      // A quarter of a picture is a quarter of the work, and steps are what the network needs; the last tenth sees whole pictures.
      batch: (step) => {
        const own = root.child(step)
        const crop = step < 0.9 * steps ? whole / 2 : whole
        const cells = crop / downsampling(size)
        const picks = Array.from(uniform(own.child('picks'), [batch]).data, (pick) => Math.floor(Number(pick) * pictures.count))
        return {
          pixels: planes(pictures, picks, own, crop),
          noise: normal(own.child('noise'), [batch, size.latentChannels, cells, cells]),
        }
      },
      optimiser: muon({ weightDecay: 0.01, beta2: 0.99 }),
      schedule: schedules.warmUp(Math.min(100, steps / 10), schedules.cosine(learningRate, steps, learningRate / 100)),
      steps,
      clip: 1,
      average: 0.998,
      ...(checkpoint && { checkpoint: { path: checkpoint, every: 500 } }),
    },
    signal ? { signal } : {},
  )
}

const autoencoder = (scope: Scope, pixels: Tensor, size: AutoencoderSize): Tensor => decode(scope, encode(scope, pixels, size).mean, size)

/**
 * Pictures as [batch, 3, side, side] in [-1, 1]. With a key each is mirrored or not and cut to a square of `crop` pixels somewhere in
 * it; without one they are whole and as they are.
 */
export function planes(pictures: CaptionedPictures, indices: readonly number[], chance?: Key, crop = pictures.size): NDArray {
  const out = new Float32Array(indices.length * 3 * crop * crop)
  const draws = chance && uniform(chance.child('crops'), [3 * indices.length]).data
  indices.forEach((index, i) => {
    const [turn = 1, x = 0, y = 0] = draws?.subarray(3 * i, 3 * i + 3) ?? []
    const [left, top] = [Math.floor(x * (pictures.size - crop + 1)), Math.floor(y * (pictures.size - crop + 1))]
    cut(pictures, index, { left, top, side: crop, mirrored: turn < 0.5 }, out, i)
  })
  return array(out, { shape: [indices.length, 3, crop, crop] })
}

/** A square of a picture, in px. */
export interface Square {
  readonly left: number
  readonly top: number
  readonly side: number
  readonly mirrored?: boolean
}

/** Writes a square of a picture as the `place`-th [3, side, side] of `out`. */
export function cut(
  { size, pixels }: Pick<CaptionedPictures, 'size' | 'pixels'>,
  index: number,
  { left, top, side, mirrored = false }: Square,
  out: Float32Array,
  place: number,
): void {
  const area = side * side
  const stride = mirrored ? -3 : 3
  for (let row = 0; row < side; row++) {
    let from = 3 * ((index * size + top + row) * size + (mirrored ? left + side - 1 : left))
    let to = 3 * place * area + row * side
    for (let column = 0; column < side; column++, from += stride, to++)
      for (let c = 0; c < 3; c++) out[to + c * area] = (pixels[from + c] as number) / 127.5 - 1
  }
}

/** The mean latents of pictures, 32 at a time: [count, latent channels, cells, cells]. */
export async function latentsOf(
  parameters: Parameters,
  pictures: CaptionedPictures,
  size: AutoencoderSize,
  { onProgress }: Pick<DioramaPictures, 'onProgress'> = {},
): Promise<Float32Array> {
  const program = compile((pixels: Tensor) => toLatents(encode(given(parameters), pixels, size), size))
  const cells = pictures.size / downsampling(size)
  const each = size.latentChannels * cells * cells
  const out = new Float32Array(pictures.count * each)
  try {
    for (let first = 0; first < pictures.count; first += 32) {
      const indices = Array.from({ length: Math.min(32, pictures.count - first) }, (_, i) => first + i)
      out.set((await program(planes(pictures, indices))).data as Float32Array, first * each)
      onProgress?.(first + indices.length, pictures.count)
    }
  } finally {
    await program.dispose()
  }
  return out
}

/** Means and deviations of a channel are known well enough from so many pictures. */
const statisticsPictures = 1000

/**
 * The same autoencoder with latents whose every channel has mean 0 and deviation 1 on these pictures: the 1×1 convolutions on
 * either side of the latents take the change in, so the model needs no scaling factor.
 */
export async function normalised(parameters: Parameters, pictures: CaptionedPictures, size: AutoencoderSize): Promise<Parameters> {
  const count = Math.min(pictures.count, statisticsPictures)
  const latents = await latentsOf(parameters, { ...pictures, count }, size)
  const channels = size.latentChannels
  const area = latents.length / count / channels
  const [mean, square] = [new Float64Array(channels), new Float64Array(channels)]
  const places = count * area
  for (let i = 0; i < latents.length; i++) {
    const channel = Math.floor(i / area) % channels
    mean[channel] = (mean[channel] as number) + (latents[i] as number) / places
    square[channel] = (square[channel] as number) + (latents[i] as number) ** 2 / places
  }
  const scale = Array.from(square, (value, channel) => 1 / Math.sqrt(value - (mean[channel] as number) ** 2))
  const changed = (name: string, change: (value: number, index: number) => number): NDArray => {
    const { data, shape } = parameters[name] as NDArray
    return array(Float32Array.from(data as Float32Array, change), { shape })
  }
  const inputs = 2 * channels
  const isMean = (output: number): boolean => output < channels
  const before = parameters['post_quant_conv.weight'] as NDArray
  return {
    ...parameters,
    // The first half of the outputs are means (scaled and moved), the second are log-variances (moved alone).
    'quant_conv.weight': changed('quant_conv.weight', (value, i) => {
      const output = Math.floor(i / inputs)
      return isMean(output) ? value * (scale[output] as number) : value
    }),
    'quant_conv.bias': changed('quant_conv.bias', (value, output) =>
      isMean(output)
        ? (value - (mean[output] as number)) * (scale[output] as number)
        : value + 2 * Math.log(scale[output - channels] as number),
    ),
    'post_quant_conv.weight': changed('post_quant_conv.weight', (value, i) => value / (scale[i % channels] as number)),
    'post_quant_conv.bias': changed('post_quant_conv.bias', (value, output) => {
      let moved = value
      for (let input = 0; input < channels; input++) moved += (before.data[output * channels + input] as number) * (mean[input] as number)
      return moved
    }),
  }
}

/** What the autoencoder makes of pictures: [batch, 3, size, size] in [-1, 1]. */
export async function reconstruct(parameters: Parameters, pixels: NDArray, size: AutoencoderSize): Promise<NDArray> {
  const scope = given(parameters)
  const program = compile((given: Tensor) => decode(scope, fromLatents(toLatents(encode(scope, given, size), size), size), size))
  const out = await program(pixels)
  await program.dispose()
  return out
}
