import { autoencoderKL, clipText, unet } from '../../../backbones/index.js'
import { guide, levelOfAlphaBar, mix, toNoise, toPicture } from '../../../generative/index.js'
import {
  array,
  compile,
  concat,
  type Key,
  key,
  leakyRelu,
  normal,
  pixelUnshuffle,
  placeholder,
  relu,
  type Tensor,
  uniform,
} from '../../../graph/index.js'
import { conv2d, frozen, groupNorm, initialise, initialisers, type Parameters, type Scope } from '../../../nn/index.js'
import { muon, type RunOptions, schedules, type TrainingEvent, train } from '../../../training/index.js'
import { clipTokens } from './diorama-clip.js'
import type { StableDiffusionModel } from './model.js'
import type { CaptionedPictures, Captions } from './pictures.js'
import { weightsOf } from './thing-weights.js'
import { cut, pictureDistance } from './train-autoencoder.js'

const { decode, downsampling, fromLatents } = autoencoderKL
type AutoencoderSize = autoencoderKL.AutoencoderSize

export interface DecoderTraining extends RunOptions {
  readonly size: AutoencoderSize
  /** The decoder to start from, under the names of the autoencoder. */
  readonly initial: Parameters
  readonly pictures: Pick<CaptionedPictures, 'count' | 'size' | 'pixels' | 'boxes'>
  /** Scaled latents [count, latent channels, cells, cells] of each picture: as the encoder makes them, and as the U-Net leaves them. */
  readonly encoded: Float32Array
  readonly drawn: Float32Array
}

interface Batch<T = Tensor> {
  /** [batch, latent channels, cells, cells]. */
  readonly latents: T
  /** [batch, 3, side, side] in [-1, 1]: the same part of the pictures. */
  readonly pixels: T
  /** [batch, 1, side, side]: 1 where pixels count, 0 where they do not. */
  readonly counts: T
  /** [batch, 1, side, side]: how much the distance of each counts beside that of the others. */
  readonly weights: T
}

/** How much it counts to pass for a real picture. */
const adversaryWeight = 0.05
/** One latent in five is as the encoder makes it, or changed pictures would no longer be like those that they were changed from. */
const untouched = 0.2
/** Where a part was cut out of a picture, the decoder cannot know what lies beyond: so many px count for nothing. A picture's own edges do count. */
const margin = 8
/** Parts that would lie up to so many cells beyond their picture are moved to its edge: edges are few, and everybody sees them. */
const edgeBound = 2
const judge = 'discriminator'

/**
 * Stage 3: the decoder learns to draw crisply, what a mean distance alone never teaches: where an edge may lie here or there, the mean of both is
 * soft. A judge of patches that learns beside it tells its pictures from real ones (Isola et al. 2017; Rombach et al. 2022, appendix G), and the
 * latents are those that the U-Net leaves, which lack some of what the encoder's hold. The encoder stays as it is, so latents mean the same.
 */
export function decoderLoss(scope: Scope, { latents, pixels: real, counts, weights }: Batch, size: AutoencoderSize) {
  const error = decode(scope, fromLatents(latents, size), size).sub(real).mul(counts)
  const made = real.add(error) // nothing is wrong where nothing counts
  const distance = pictureDistance(error.mul(weights)).div(weights.mean())
  const doubt = patchJudge(frozen(scope).at(judge), made).mean().neg()
  const [judgedReal, judgedMade] = patchJudge(scope.at(judge), concat([real, made.stopGradient()], 0)).split(2, 0) as [Tensor, Tensor]
  const hinge = relu(judgedReal.neg().add(1))
    .mean()
    .add(relu(judgedMade.add(1)).mean())
  return { loss: distance.add(doubt.mul(adversaryWeight)).add(hinge.mul(0.5)), metrics: { distance, doubt, hinge } }
}

/** Of pictures [batch, 3, height, width], how real each patch is: [batch, 1, height / 8, width / 8]. It has no opinion at first. */
function patchJudge(scope: Scope, pictures: Tensor): Tensor {
  let x = leakyRelu(conv2d(scope.at('conv_in'), pixelUnshuffle(pictures, 2), 48, 3, { padding: 1 }), 0.2)
  for (const [i, width] of [96, 128].entries()) {
    x = conv2d(scope.at('convs', i), x, width, 3, { stride: 2, padding: 1 })
    x = leakyRelu(groupNorm(scope.at('norms', i), x, 8), 0.2)
  }
  return conv2d(scope.at('conv_out'), x, 1, 3, { padding: 1, bias: false, initialiser: initialisers.zeros })
}

export async function* trainDecoder({
  size,
  initial,
  pictures,
  encoded,
  drawn,
  steps = 6000,
  batch = 8,
  learningRate = 1e-3,
  seed = 5,
  checkpoint,
  signal,
}: DecoderTraining): AsyncGenerator<TrainingEvent, void, undefined> {
  const root = key(seed).child('decoder')
  const whole = pictures.size / downsampling(size)
  const side = pictures.size
  const fresh = initialise((scope) => patchJudge(scope.at(judge), placeholder([1, 3, side, side])), { seed })
  yield* train<Batch>(
    {
      name: 'stable-diffusion-decoder',
      loss: (scope, given) => decoderLoss(scope, given, size),
      parameters: { ...fresh, ...Object.fromEntries(Object.entries(initial).filter(([name]) => isDecoders(name))) },
      // As for the autoencoder: quarters of pictures, then whole ones.
      batch: (step) =>
        partsOf({ pictures, encoded, drawn }, root.child(step), { batch, size, cells: step < 0.95 * steps ? whole / 2 : whole }),
      optimiser: muon({ weightDecay: 0.01, beta2: 0.99 }),
      schedule: schedules.warmUp(Math.min(50, steps / 10), schedules.cosine(learningRate, steps, learningRate / 100)),
      steps,
      clip: 1,
      average: 0.995,
      ...(checkpoint && { checkpoint: { path: checkpoint, every: 500 } }),
    },
    signal ? { signal } : {},
  )
}

/** What belongs to the decoder, of an autoencoder or of a run. */
export const isDecoders = (name: string): boolean => name.startsWith('decoder.') || name.startsWith('post_quant_conv.')

/** The same part of the latents and of the pixels of some pictures, and where the pixels count. */
export function partsOf(
  { pictures, encoded, drawn }: Pick<DecoderTraining, 'pictures' | 'encoded' | 'drawn'>,
  chance: Key,
  { batch, size, cells }: { readonly batch: number; readonly size: AutoencoderSize; readonly cells: number },
) {
  const factor = downsampling(size)
  const whole = pictures.size / factor
  const [channels, side] = [size.latentChannels, cells * factor]
  const latents = new Float32Array(batch * channels * cells * cells)
  const pixels = new Float32Array(batch * 3 * side * side)
  const counts = new Float32Array(batch * side * side)
  const weights = new Float32Array(batch * side * side)
  const place = (luck: number): number => {
    const last = whole - cells
    return Math.max(0, Math.min(last, Math.floor(luck * (last + 1 + 2 * edgeBound)) - edgeBound))
  }
  const draws = uniform(chance, [batch, 4]).data
  let to = 0
  for (let i = 0; i < batch; i++) {
    const [pick = 0, x = 0, y = 0, kind = 0] = draws.subarray(4 * i, 4 * i + 4)
    const index = Math.floor(pick * pictures.count)
    const [left, top] = [place(x), place(y)]
    const source = kind < untouched ? encoded : drawn
    for (let channel = 0; channel < channels; channel++)
      for (let row = top; row < top + cells; row++)
        for (let column = left; column < left + cells; column++)
          latents[to++] = source[((index * channels + channel) * whole + row) * whole + column] as number
    cut(pictures, index, { left: left * factor, top: top * factor, side }, pixels, i)
    const known = (at: number, first: number): boolean => (at >= margin || first === 0) && (at < side - margin || first + cells === whole)
    const places = weightsOf([pictures.boxes?.(index) ?? []], whole).data
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++) {
        const at = (i * side + row) * side + column
        counts[at] = known(row, top) && known(column, left) ? 1 : 0
        weights[at] = Number(places[(top + Math.floor(row / factor)) * whole + left + Math.floor(column / factor)])
      }
  }
  return {
    latents: array(latents, { shape: [batch, channels, cells, cells] }),
    pixels: array(pixels, { shape: [batch, 3, side, side] }),
    counts: array(counts, { shape: [batch, 1, side, side] }),
    weights: array(weights, { shape: [batch, 1, side, side] }),
  }
}

export interface Redrawing {
  readonly model: Pick<StableDiffusionModel, 'scopes' | 'size' | 'tokenizer' | 'schedule' | 'settings'>
  readonly captions: Captions
  /** [count, latent channels, cells, cells]. */
  readonly latents: Float32Array
  readonly seed?: number
  readonly onProgress?: (done: number, total: number) => void
}

/** Up to this share of the noise schedule a picture stays what it is, and only its details are drawn anew. */
const farthest = 0.3
const together = 32

/** Latents as the U-Net leaves them: noise is added to a picture's own, and taken off again in two guided steps (Meng et al. 2022). */
export async function redrawn({ model, captions, latents, seed = 5, onProgress }: Redrawing): Promise<Float32Array> {
  const { scopes, size, tokenizer, settings } = model
  const { alphaBar } = model.schedule
  const { count } = captions
  const each = latents.length / count
  const cells = Math.sqrt(each / size.autoencoder.latentChannels)
  const root = key(seed).child('redrawn')
  const predict = compile((sample: Tensor, time: Tensor, tokens: Tensor) => {
    const context = clipText(scopes.text_encoder, tokens, size.text, size.states).states
    const [unwanted, wanted] = unet(scopes.unet, { sample: concat([sample, sample], 0), time, context }, size.unet).split(2, 0)
    return guide(unwanted as Tensor, wanted as Tensor, settings.guidanceScale)
  })
  const out = new Float32Array(latents.length)
  try {
    for (let first = 0; first < count; first += together) {
      const own = root.child(first)
      const indices = Array.from({ length: Math.min(together, count - first) }, (_, i) => first + i)
      const words = indices.map((index) => captions.caption(index, own.child(index)))
      const tokens = clipTokens([...indices.map(() => ''), ...words], tokenizer)
      const shape = [indices.length, size.autoencoder.latentChannels, cells, cells]
      const start = Math.floor(uniform(own.child('time'), [1]).item() * farthest * alphaBar.length)
      let picture = array(latents.slice(first * each, (first + indices.length) * each), { shape })
      let noise = normal(own.child('noise'), shape)
      for (const at of [start, Math.floor(start / 2)]) {
        const level = levelOfAlphaBar(alphaBar[at] as number)
        const sample = mix([level.alpha, picture], [level.sigma, noise])
        const time = array(new Float32Array(2 * indices.length).fill(at), { shape: [2 * indices.length] })
        const output = await predict(sample, time, tokens)
        picture = toPicture(settings.prediction, sample, output, level) as typeof picture
        noise = toNoise(settings.prediction, sample, output, level) as typeof noise
      }
      out.set(picture.data as Float32Array, first * each)
      onProgress?.(first + indices.length, count)
    }
  } finally {
    await predict.dispose()
  }
  return out
}
