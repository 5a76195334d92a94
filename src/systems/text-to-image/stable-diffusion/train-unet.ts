import { type ClipTextSize, clipText, type UnetSize, unet } from '../../../backbones/index.js'
import { addNoise, drawTimes, type NoiseSchedule, type Prediction, placedLoss, targetOf } from '../../../generative/index.js'
import { array, type Key, key, normal, placeholder, type Tensor, uniform } from '../../../graph/index.js'
import { initialise, type Parameters, type Scope } from '../../../nn/index.js'
import type { ClipTokenizer } from '../../../tokenizers/index.js'
import { muon, type RunOptions, schedules, type TrainingEvent, train } from '../../../training/index.js'
import { clipTokens } from './diorama-clip.js'
import { misspell } from './misspell.js'
import type { Captions } from './pictures.js'
import type { StableDiffusionSize } from './sizes.js'
import { weightsOf } from './thing-weights.js'

export interface UnetTraining extends RunOptions {
  readonly captions: Captions
  /** Scaled latents of the pictures in their order: [count, latent channels, cells, cells]. */
  readonly latents: Float32Array
  readonly tokenizer: ClipTokenizer
  readonly size: StableDiffusionSize
  readonly prediction: Prediction
  readonly schedule: NoiseSchedule
  /** What to start from in place of chance, under the names of the run: a text tower that learnt from contrast, or all of a trained model. */
  readonly initial?: Parameters
  readonly sample?: { readonly every: number; readonly draw: (parameters: Parameters, step: number) => unknown }
}

interface Batch<T = Tensor> {
  /** [batch, latent channels, cells, cells]. */
  readonly latents: T
  readonly noise: T
  /** [batch], whole. */
  readonly times: T
  /** [batch, context]. */
  readonly tokens: T
  /** [batch, 1, cells, cells]: how much each place counts. */
  readonly weights: T
}

/** How often a picture is shown without its words, so that the model also knows what pictures look like in general (Ho & Salimans 2022). */
const wordless = 0.1
/**
 * How often words are left out, "a red thing left of a cube": no picture shows a held-out pair, and a model that always reads both words
 * together learns that they exclude each other.
 */
const vague = 0.5
/** How often words are misspelt, as those who type prompts misspell them. */
const hasty = 0.1

/** The names of the two networks in one run, as in the checkpoint that comes of it. */
export const trained = { text: 'text_encoder', unet: 'unet' } as const

/**
 * Stage 2: what was added to the latents, told from the noisy latents and the words (Rombach et al. 2022, equation 3). All times count
 * alike: of velocities, those of nearly pure noise say what the picture shows, which is what the words are about. Other than in the
 * published models the text tower is not frozen: a small one that was taught by contrast alone knows which words occur, but not well
 * which of them belong together.
 */
export function unetLoss(
  scope: Scope,
  { latents, noise, times, tokens, weights }: Batch,
  { text, unet: size }: { readonly text: ClipTextSize; readonly unet: UnetSize },
  { prediction, schedule }: Pick<UnetTraining, 'prediction' | 'schedule'>,
): Tensor {
  const context = clipText(scope.at(trained.text), tokens, text).states
  const sample = addNoise(schedule, latents, noise, times)
  const output = unet(scope.at(trained.unet), { sample, time: times.cast('float32'), context }, size)
  return placedLoss(output, targetOf(prediction, schedule, latents, noise, times), weights)
}

/** A trained U-Net goes on gently: at the full rate it would spend thousands of steps on learning again what it knew. */
const learningRateFor = (initial: Parameters): number =>
  Object.keys(initial).some((name) => name.startsWith(`${trained.unet}.`)) ? 6e-4 : 2e-3

export async function* trainUnet({
  captions,
  latents,
  tokenizer,
  size,
  prediction,
  schedule,
  initial = {},
  steps = 50_000,
  batch = 32,
  learningRate = learningRateFor(initial),
  seed = 4,
  checkpoint,
  signal,
  sample,
}: UnetTraining): AsyncGenerator<TrainingEvent, void, undefined> {
  const { latentChannels } = size.autoencoder
  const cells = Math.sqrt(latents.length / captions.count / latentChannels)
  const each = latentChannels * cells * cells
  const root = key(seed).child('unet')
  const shape = [batch, latentChannels, cells, cells]
  const shapes: Batch = {
    latents: placeholder(shape),
    noise: placeholder(shape),
    times: placeholder([batch], 'int32'),
    tokens: placeholder([batch, size.text.context], 'int32'),
    weights: placeholder([batch, 1, cells, cells]),
  }
  const fresh = initialise((scope) => unetLoss(scope, shapes, size, { prediction, schedule }), { seed })
  yield* train<Batch>(
    {
      name: 'stable-diffusion-unet',
      loss: (scope, given) => unetLoss(scope, given, size, { prediction, schedule }),
      parameters: { ...fresh, ...initial },
      batch: (step) => {
        const own = root.child(step)
        const picks = Array.from(uniform(own.child('picks'), [batch]).data, (pick) => Math.floor(Number(pick) * captions.count))
        const chosen = new Float32Array(batch * each)
        picks.forEach((index, i) => void chosen.set(latents.subarray(index * each, (index + 1) * each), i * each))
        return {
          latents: array(chosen, { shape }),
          noise: normal(own.child('noise'), shape),
          times: drawTimes(own.child('times'), batch, schedule),
          tokens: clipTokens(
            picks.map((index, i) => captionFor(captions, index, own.child('words', i))),
            tokenizer,
          ),
          weights: weightsOf(
            picks.map((index) => captions.boxes?.(index) ?? []),
            cells,
          ),
        }
      },
      optimiser: muon({ beta2: 0.99, weightDecay: 0.01, decays: (name) => name.endsWith('.weight') && !name.includes('norm') }),
      schedule: schedules.warmUp(Math.min(300, steps / 10), schedules.cosine(learningRate, steps, 1e-5)),
      steps,
      clip: 1,
      average: 0.999,
      ...(checkpoint && { checkpoint: { path: checkpoint, every: 500 } }),
      ...(sample && { sample }),
    },
    signal ? { signal } : {},
  )
}

function captionFor(captions: Captions, index: number, words: Key): string {
  const luck = uniform(words.child('wordless'), [1]).item()
  if (luck < wordless) return ''
  const caption = captions.caption(index, words, { vague: luck < wordless + vague })
  const haste = words.child('haste')
  return uniform(haste, [1]).item() < hasty ? misspell(caption, haste) : caption
}
