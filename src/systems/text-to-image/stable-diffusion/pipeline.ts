import { autoencoderKL } from '../../../backbones/index.js'
import { type GeneratorContext, type GeneratorEvent, InputError, type Made } from '../../../contract/index.js'
import { keepKnown, latentMask, type SamplerState } from '../../../generative/index.js'
import { array, type NDArray, scalar } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import type { StableDiffusionInput } from './input.js'
import type { StableDiffusionModel } from './model.js'
import type { Networks, SizedNetworks } from './networks.js'
import { type NoiseSource, noiseOf } from './noise.js'
import {
  chooseSize,
  fitted,
  joined,
  maskedPixels,
  maskOf,
  notFinite,
  type PictureSize,
  pastedInto,
  pictureOf,
  pixelsOf,
} from './picture.js'
import { encodePrompt, paired, readWindows } from './prompt.js'
import { type Walk, walkOf } from './sampling.js'

const system = 'stable-diffusion'

/** A request made ready for one checkpoint: everything that its pictures have in common. */
interface Job {
  readonly walk: Walk
  readonly size: PictureSize
  /** Of the latents [1, channels, height, width]. */
  readonly shape: readonly [number, number, number, number]
  /** What the pictures begin with, at their size. */
  readonly source: Source | undefined
  readonly guidanceScale: number
  readonly warnings: readonly string[]
}

interface Source {
  readonly image: Image
  /** [1, 1, height, width], 1 where the picture is painted anew. */
  readonly mask: NDArray | undefined
}

/** What the U-Net is told at every call: the states of the texts, and how far to go from the one to the other. */
interface Words {
  readonly context: NDArray
  readonly guidance?: { readonly scale: NDArray; readonly rescale?: NDArray }
  readonly warnings: readonly string[]
}

/** Text to image, image to image and inpainting (Rombach et al. 2022), one picture after the other. */
export function stableDiffusionPipeline(model: StableDiffusionModel, networks: Networks) {
  return async function* (input: StableDiffusionInput, { seeds, signal }: GeneratorContext): AsyncGenerator<GeneratorEvent<Image>, void> {
    const job = prepare(model, input)
    const { calls } = job.walk
    if (calls === 0) return yield* kept(job, seeds)
    const words = await read(model, networks, input, job.guidanceScale)
    yield { kind: 'progress', stage: 'read', done: 1, total: 1 }
    const { scheduler, steps } = input
    const warnings = [...job.warnings, ...words.warnings]
    const facts = { scheduler, steps, guidanceScale: job.guidanceScale, ...job.size, warnings }
    const results: Made<Image>[] = []
    const sized = networks.ofSize(job.size)
    try {
      for (const [index, seed] of seeds.entries()) {
        let latents: NDArray | undefined
        let done = 0
        for await (const state of denoise(model, sized.value, job, words, noiseOf(input.rng, seed), signal)) {
          latents = state.latents
          yield { kind: 'progress', stage: 'denoise', done: index * calls + ++done, total: calls * seeds.length }
          if (state.preview && previewIsDue(input, job.walk, done)) {
            yield { kind: 'preview', index, value: await picture(sized.value, state.preview, job.source) }
            signal.throwIfAborted()
          }
        }
        results.push({ value: await picture(sized.value, latents as NDArray, job.source), facts })
        yield { kind: 'progress', stage: 'decode', done: index + 1, total: seeds.length }
      }
    } finally {
      await sized.release()
    }
    yield { kind: 'result', results }
  }
}

/** @throws InputError for what this checkpoint cannot do */
function prepare({ size: networks, schedule, settings, notes = [] }: StableDiffusionModel, input: StableDiffusionInput): Job {
  const { latentChannels } = networks.autoencoder
  const factor = autoencoderKL.downsampling(networks.autoencoder)
  const { size, warnings } = chooseSize(system, input, { multiple: factor * (networks.unet.patch ?? 1), native: networks.native })
  const { image, mask } = input
  if (readsMask(networks) && !(image && mask))
    throw new InputError(system, [
      { field: image ? 'mask' : 'image', expected: 'given: this checkpoint only paints into pictures, behind a mask', found: 'nothing' },
    ])
  const guidanceScale = input.guidanceScale ?? settings.guidanceScale
  const source = image && { image: fitted(image, size), mask: mask && maskOf(mask, size) }
  return {
    walk: walkOf(input, schedule, { ...settings, ...(input.prediction && { prediction: input.prediction }) }),
    size,
    shape: [1, latentChannels, size.height / factor, size.width / factor],
    source,
    guidanceScale,
    warnings: [
      ...notes,
      ...warnings,
      ...(source?.mask?.data.every((value) => value === 0) ? ['Nothing in the mask is white: the picture stays as it is'] : []),
      ...(input.negativePrompt && guidanceScale <= 1 ? ['negativePrompt does nothing where guidanceScale is 1 or less'] : []),
    ],
  }
}

const readsMask = ({ unet, autoencoder }: StableDiffusionModel['size']): boolean => unet.inChannels === 2 * autoencoder.latentChannels + 1

/** Strength 0: the picture as it came. */
function* kept({ source, size, warnings }: Job, seeds: readonly number[]): Generator<GeneratorEvent<Image>, void> {
  const facts = { ...size, warnings }
  const { image } = source as Source
  yield { kind: 'progress', stage: 'keep', done: seeds.length, total: seeds.length }
  yield { kind: 'result', results: seeds.map(() => ({ value: { ...image, data: image.data.slice() }, facts })) }
}

async function read(
  { tokenizer, published = false }: StableDiffusionModel,
  { readText }: Networks,
  { prompt, negativePrompt, guidanceRescale }: StableDiffusionInput,
  guidanceScale: number,
): Promise<Words> {
  const wanted = encodePrompt(tokenizer, prompt, 'prompt', { weighted: published })
  if (guidanceScale <= 1) return { context: await readWindows(readText, wanted.windows), warnings: wanted.warnings }
  const unwanted = encodePrompt(tokenizer, negativePrompt, 'negativePrompt', { weighted: published })
  const [no, yes] = paired(tokenizer, unwanted.windows, wanted.windows)
  return {
    context: joined([await readWindows(readText, no), await readWindows(readText, yes)], 0),
    guidance: { scale: scalar(guidanceScale), ...(guidanceRescale > 0 && { rescale: scalar(guidanceRescale) }) },
    warnings: [...wanted.warnings, ...unwanted.warnings],
  }
}

/** The states after each call of the model; the last one holds the picture's latents. */
async function* denoise(
  model: StableDiffusionModel,
  networks: SizedNetworks,
  { walk: { sampler, first }, shape, source }: Job,
  { context, guidance }: Words,
  noise: NoiseSource,
  signal: AbortSignal,
): AsyncGenerator<SamplerState, void> {
  const { begun, masked, known } = await begin(model, networks, { sampler, first, shape, source }, noise)
  let state = begun
  while (state.call < sampler.times.length) {
    signal.throwIfAborted()
    const time = array([sampler.times[state.call] as number])
    const inputs = { sample: sampler.input(state), time, context, ...(masked && { masked }), ...(guidance && { guidance }) }
    const predicted = await networks.predict(inputs)
    state = sampler.step(state, predicted, sampler.drawsNoise(state.call) ? noise(`step ${state.call}`, shape) : undefined)
    if (known) state = keepKnown(sampler, state, known)
    const { data } = state.latents
    if (!data.every((value) => Number.isFinite(value)))
      throw notFinite(`after call ${state.call} of ${sampler.times.length} the latents of ${model.name} are`)
    yield state
  }
}

type Beginning = Pick<Job, 'shape' | 'source'> & Pick<Walk, 'sampler' | 'first'>

/** The first state, and what inpainting keeps or reads. Draws noise in the order of the reference. */
async function begin(
  { size }: StableDiffusionModel,
  { encodePicture }: SizedNetworks,
  { sampler, first, shape, source }: Beginning,
  noise: NoiseSource,
) {
  if (!source) return { begun: sampler.start(noise('start', shape)) }
  const { image, mask } = source
  const pixels = pixelsOf(image)
  const fromNoise = mask !== undefined && first === 0 // behind a mask, full strength forgets even the picture's brightness
  const forInpainting = readsMask(size)
  const picture = fromNoise && forInpainting ? undefined : await encodePicture(pixels, noise('picture', shape))
  const start = noise('start', shape)
  const begun = picture && !fromNoise ? sampler.startFrom(picture, start, first) : sampler.start(start)
  if (!mask) return { begun }
  const hiding = noise('masked picture', shape)
  const small = latentMask(mask, image.width / (shape[3] as number))
  if (!forInpainting) return { begun, known: picture && { picture, noise: start, mask: small } }
  return { begun, masked: joined([small, await encodePicture(maskedPixels(pixels, mask), hiding)], 1) }
}

async function picture({ decodePicture }: SizedNetworks, latents: NDArray, source: Source | undefined): Promise<Image> {
  const painted = pictureOf(await decodePicture(latents))
  return source?.mask ? pastedInto(source.image, painted, source.mask) : painted
}

/** Counted in steps, of which some methods make two calls; the last one is the result. */
function previewIsDue({ previewEvery }: StableDiffusionInput, { sampler, calls }: Walk, done: number): boolean {
  return previewEvery > 0 && done < calls && done % (previewEvery * sampler.callsPerStep) === 0
}
