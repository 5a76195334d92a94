import { type ClipSize, clip } from '../../../backbones/index.js'
import { contrastiveAccuracy, contrastiveLoss, wordLoss } from '../../../generative/contrastive/index.js'
import { type Key, key, placeholder, type Tensor, uniform } from '../../../graph/index.js'
import { initialise, type Parameters, type Scope } from '../../../nn/index.js'
import type { ClipTokenizer } from '../../../tokenizers/index.js'
import { muon, type RunOptions, schedules, type TrainingEvent, train } from '../../../training/index.js'
import { clipPixels, clipTokens, dioramaClipSize } from './diorama-clip.js'
import type { CaptionedPictures } from './pictures.js'

export interface TextEncoderTraining extends RunOptions {
  /** Where pairs are drawn from, each picture as often as any other. Sizes may differ. */
  readonly pictures: readonly CaptionedPictures[]
  readonly tokenizer: ClipTokenizer
  readonly size?: ClipSize
  /** What to start from in place of chance, as far as it has the names of this run. */
  readonly initial?: Parameters
}

interface Batch<T = Tensor> {
  /** [batch, context]. */
  readonly tokens: T
  /** [batch, 3, side, side] in [-1, 1]. */
  readonly pixels: T
}

/** Where the parameters are that training alone needs. */
export const wordHead = 'caption_words'

/**
 * How well each picture of a batch finds its caption, and each caption its picture (Radford et al. 2021, section 2.3), and how well the picture tells the
 * caption's words.
 */
export function textEncoderLoss(scope: Scope, batch: Batch, size: ClipSize) {
  const { scores, pictures } = clip(scope, batch, size)
  const { rows, columns } = contrastiveAccuracy(scores)
  const contrast = contrastiveLoss(scores)
  const words = wordLoss(scope.at(wordHead), pictures, batch.tokens, size.text.vocabulary - marks)
  return { loss: contrast.add(words), metrics: { contrast, words, findsText: rows, findsPicture: columns } }
}

/** The last two entries of the vocabulary: the start and the end of a text. */
const marks = 2

/**
 * Stage 0: a text tower that knows what captions look like, learnt together with an image tower. The caption of a picture is written anew every time it is drawn.
 * Pictures are never mirrored, as left and right are words. Captions that fit several pictures of a batch need no care: the loss tends to the ratio of
 * densities, in which such pairs are already counted (van den Oord et al. 2018, section 2.3).
 */
export async function* trainTextEncoder({
  pictures,
  tokenizer,
  size = dioramaClipSize(tokenizer),
  steps = 4000,
  batch = 64,
  learningRate = 1.5e-3,
  seed = 3,
  initial = {},
  checkpoint,
  signal,
}: TextEncoderTraining): AsyncGenerator<TrainingEvent, void, undefined> {
  const side = size.vision.image
  const root = key(seed).child('text encoder')
  const shapes = { tokens: placeholder([2, size.text.context], 'int32'), pixels: placeholder([2, 3, side, side]) }
  const fresh = initialise((scope) => textEncoderLoss(scope, shapes, size).loss, { seed })
  yield* train<Batch>(
    {
      name: 'diorama-clip',
      loss: (scope, given) => textEncoderLoss(scope, given, size),
      parameters: Object.fromEntries(Object.entries(fresh).map(([name, value]) => [name, initial[name] ?? value])),
      batch: (step) => {
        const own = root.child(step)
        const pairs = Array.from(uniform(own.child('picks'), [batch]).data, (pick, i) => pairAt(pictures, Number(pick), own.child(i)))
        return {
          tokens: clipTokens(
            pairs.map(({ caption }) => caption),
            tokenizer,
          ),
          pixels: clipPixels(pairs, side),
        }
      },
      optimiser: muon({ beta2: 0.98, epsilon: 1e-6, weightDecay: 0.1, decays }),
      schedule: schedules.warmUp(100, schedules.cosine(learningRate, steps, learningRate / 100)),
      steps,
      clip: 1,
      average: 0.998,
      ...(checkpoint && { checkpoint: { path: checkpoint, every: 100 } }),
    },
    signal ? { signal } : {},
  )
}

/** Matrices decay; gains, biases and the temperature do not (Radford et al. 2021, section 2.5). */
const decays = (name: string): boolean => name.endsWith('.weight') && !/norm|layrnorm/.test(name)

/** The pair at a share of all pictures, from 0 to 1. */
function pairAt(sources: readonly CaptionedPictures[], share: number, words: Key) {
  let index = Math.floor(share * sources.reduce((sum, { count }) => sum + count, 0))
  for (const source of sources) {
    if (index < source.count) {
      const length = source.size * source.size * 3
      const data = source.pixels.subarray(index * length, (index + 1) * length)
      return { size: source.size, data, caption: source.caption(index, words) }
    }
    index -= source.count
  }
  throw new RangeError('Cannot train a text encoder: there are no pictures')
}
