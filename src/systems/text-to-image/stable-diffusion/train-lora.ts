import { autoencoderKL, unet } from '../../../backbones/index.js'
import { addNoise, denoisingLoss, drawTimes, targetOf } from '../../../generative/index.js'
import { GeneraError, key, NDArray, normal, placeholder, type Runtime, type Tensor, uniform } from '../../../graph/index.js'
import { initialise, type ParameterSource, type Parameters, Scope, withAdapter } from '../../../nn/index.js'
import { adamW, type RunOptions, schedules, type TrainingEvent, train } from '../../../training/index.js'
import { writeSafetensors } from '../../../weights/index.js'
import { readConditions } from './conditions.js'
import type { StableDiffusionModel } from './model.js'
import { compileNetworks, type Networks } from './networks.js'
import { joined, pixelsOf } from './picture.js'
import type { CaptionedPictures } from './pictures.js'

export interface LoraTraining extends RunOptions {
  readonly model: StableDiffusionModel
  /** Of the size that the model was trained with. */
  readonly pictures: CaptionedPictures
  readonly rank?: number
  readonly runtime: Runtime
}

/** A picture and its words as the U-Net sees them: they do not change while only the U-Net learns. */
interface Example {
  /** Scaled latents [1, channels, cells, cells]. */
  readonly latents: NDArray
  readonly words: Words
}

/** What `Conditions` says of the words, without guidance. */
interface Words<T = NDArray> {
  readonly context: T
  readonly pooled?: T
  readonly numbers?: T
}

interface Batch<T = Tensor> {
  /** [batch, channels, cells, cells]. */
  readonly latents: T
  readonly noise: T
  /** [batch], whole. */
  readonly times: T
  readonly words: Words<T>
}

/** The attentions' matrices, as the reference's own training adapts them. */
const attended = (name: string): boolean => /\.(?:to_[qkv]|to_out\.0)\.weight$/.test(name)

/**
 * Learns a low-rank change of the U-Net from a few pictures with words (Hu et al. 2021; of diffusion models Ryu 2022). Everything else stands still,
 * so pictures and words are read once, before the first step.
 *
 * @throws GeneraError for a model that cannot learn so
 */
export async function* trainLora({
  model,
  pictures,
  rank = 8,
  steps = 1000,
  batch = 1,
  learningRate = 1e-4,
  seed = 6,
  checkpoint,
  runtime,
  signal,
}: LoraTraining): AsyncGenerator<TrainingEvent, void, undefined> {
  const { size, settings, schedule } = model
  assertLearns(model)
  const examples = await examplesOf(model, pictures, runtime, seed, signal)
  const { prediction } = settings
  const loss = (scope: Scope, { latents, noise, times, words }: Batch): Tensor => {
    const adapted = withAdapter(rooted(model.scopes.unet), scope, { rank, targets: attended })
    const sample = addNoise(schedule, latents, noise, times)
    const output = unet(adapted, { sample, time: times.cast('float32'), ...words }, size.unet)
    return denoisingLoss(output, targetOf(prediction, schedule, latents, noise, times))
  }
  const root = key(seed).child('lora')
  const batchOf = (step: number): Batch<NDArray> => {
    const own = root.child(step)
    const picks = Array.from(
      uniform(own.child('picks'), [batch]).data,
      (pick) => examples[Math.floor(Number(pick) * examples.length)] as Example,
    )
    const latents = joined(
      picks.map((pick) => pick.latents),
      0,
    )
    return {
      latents,
      noise: normal(own.child('noise'), latents.shape),
      times: drawTimes(own.child('times'), batch, schedule),
      words: wordsOf(picks.map(({ words }) => words)),
    }
  }
  const { latents, words, times } = batchOf(0)
  const shapes: Batch = {
    latents: placeholder(latents.shape),
    noise: placeholder(latents.shape),
    times: placeholder(times.shape, 'int32'),
    words: mapWords(words, ({ shape }) => placeholder(shape)),
  }
  yield* train<Batch>(
    {
      name: 'stable-diffusion-lora',
      loss,
      parameters: initialise((scope) => loss(scope, shapes), { seed }),
      batch: batchOf,
      optimiser: adamW({ weightDecay: 0.01 }),
      schedule: schedules.constant(learningRate),
      steps,
      clip: 1,
      ...(checkpoint && { checkpoint: { path: checkpoint, every: 100 } }),
    },
    { runtime, ...(signal && { signal }) },
  )
}

function assertLearns({ name, size: { unet, autoencoder } }: StableDiffusionModel): void {
  const fault = (found: string) =>
    new GeneraError(
      'LoraTraining',
      `Cannot train a LoRA of ${name}: expected a model that draws from words alone, found ${found}`,
      'Train with the model that it was made of: the LoRA then fits both',
    )
  if (unet.guidance !== undefined) throw fault('one that was distilled for few steps')
  if (unet.inChannels !== autoencoder.latentChannels) throw fault('one that reads a mask or another picture')
}

/** The same parameters without the place of the network in its file: LoRAs call matrices by their names in the network. */
function rooted({ source, path }: Scope): Scope {
  if (path === '') return new Scope(source)
  const full = (name: string) => `${path}.${name}`
  const inside: ParameterSource = {
    parameter: (request) => source.parameter({ ...request, name: full(request.name) }),
    has: (name) => source.has(full(name)),
  }
  return new Scope(inside)
}

async function examplesOf(
  model: StableDiffusionModel,
  pictures: CaptionedPictures,
  runtime: Runtime,
  seed: number,
  signal: AbortSignal | undefined,
): Promise<readonly Example[]> {
  const networks = compileNetworks(model, runtime)
  const { size: side } = pictures
  const sized = networks.ofSize({ width: side, height: side })
  const examples: Example[] = []
  const { encodePicture } = sized.value
  const readAll = async (encode: (pixels: NDArray, noise: NDArray) => Promise<NDArray>): Promise<void> => {
    for (let index = 0; index < pictures.count; index++) {
      signal?.throwIfAborted()
      const own = key(seed).child('examples', index)
      const data = pictures.pixels.subarray(3 * side * side * index, 3 * side * side * (index + 1))
      const pixels = pixelsOf({ width: side, height: side, channels: 3, data })
      const noise = normal(own.child('latents'), latentShape(model, side))
      const words = await readCaption(model, networks, pictures.caption(index, own.child('words')), side)
      examples.push({ latents: await encode(pixels, noise), words })
    }
  }
  try {
    await networks.readText.hold(() => encodePicture.hold(readAll))
  } finally {
    await sized.release()
    await networks.dispose() // training needs the memory
  }
  return examples
}

function latentShape({ size: { autoencoder } }: StableDiffusionModel, side: number): readonly number[] {
  const cells = side / autoencoderKL.downsampling(autoencoder)
  return [1, autoencoder.latentChannels, cells, cells]
}

/** Of a long caption the first window: examples of one batch are of one length. */
async function readCaption(model: StableDiffusionModel, networks: Networks, prompt: string, side: number): Promise<Words> {
  const asked = { prompt, negativePrompt: '', guidanceRescale: 0, aestheticScore: 6, negativeAestheticScore: 2.5 }
  const { conditions } = await readConditions(model, networks, asked, { width: side, height: side }, 1)
  const { context, pooled, numbers } = conditions
  const [, , width = 1] = context.shape
  const first = model.tokenizer.context
  const states = new NDArray('float32', [1, first, width], context.cast('float32').data.slice(0, first * width))
  return { context: states, ...(pooled && { pooled }), ...(numbers && { numbers }) }
}

const mapWords = <A, B>({ context, pooled, numbers }: Words<A>, change: (value: A) => B): Words<B> => ({
  context: change(context),
  ...(pooled !== undefined && { pooled: change(pooled) }),
  ...(numbers !== undefined && { numbers: change(numbers) }),
})

function wordsOf(each: readonly Words[]): Words {
  const all = (part: (words: Words) => NDArray | undefined) => each.flatMap((words) => part(words) ?? [])
  const [first] = each as readonly [Words]
  return {
    context: joined(
      all(({ context }) => context),
      0,
    ),
    ...(first.pooled && {
      pooled: joined(
        all(({ pooled }) => pooled),
        0,
      ),
    }),
    ...(first.numbers && {
      numbers: joined(
        all(({ numbers }) => numbers),
        0,
      ),
    }),
  }
}

/** Writes a LoRA as diffusers does, whose `load_lora_weights` reads it. Alpha is the rank, which is what is meant where a file does not say it. */
export async function writeLora(path: string, parameters: Parameters, metadata: Readonly<Record<string, string>> = {}): Promise<void> {
  const entries = Object.entries(parameters).map(([name, value]) => [`unet.${name}`, value] as const)
  await writeSafetensors(path, entries, { metadata: { format: 'pt', ...metadata } })
}
