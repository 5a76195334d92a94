import { autoencoderKL } from '../../../backbones/index.js'
import { type GeneratorContext, type GeneratorEvent, InputError, type Made } from '../../../contract/index.js'
import { keepKnown, latentMask, type SamplerState } from '../../../generative/index.js'
import { array, GeneraError, type NDArray } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import { type Conditions, guides, readConditions } from './conditions.js'
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
import { resizeLatents } from './resize-latents.js'
import { hiresWalk, restOf, type Walk, walkOf } from './sampling.js'
import { networksFor, type TileRule } from './tiles.js'

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

/** A checkpoint with its networks. */
export interface Runnable {
  readonly model: StableDiffusionModel
  readonly networks: Networks
}

/** A part of the way, with everything that its calls need. */
interface Leg {
  readonly model: StableDiffusionModel
  readonly walk: Walk
  readonly networks: SizedNetworks
  readonly conditions: Conditions
  /** Of latents that are enlarged before this part begins. */
  readonly enlarged?: Job['shape']
}

/**
 * Text to image, image to image and inpainting (Rombach et al. 2022), one picture after the other. With a refiner, that one makes the last steps
 * (Podell et al. 2023, section 2.5).
 */
export function stableDiffusionPipeline(model: StableDiffusionModel, networks: Networks, refiner?: Runnable) {
  return async function* (input: StableDiffusionInput, { seeds, signal }: GeneratorContext): AsyncGenerator<GeneratorEvent<Image>, void> {
    const job = prepare(model, input)
    const { walk } = job
    if (walk.first === walk.sampler.times.length && input.hiresScale === undefined) return yield* kept(job, seeds)
    const { conditions, lost, larger } = await networks.readText.hold(async () => {
      const { conditions, warnings } = await readConditions(model, networks, input, job.size, job.guidanceScale)
      return { conditions, lost: warnings, larger: await enlargement(model, networks, input, job) }
    })
    const rest = refiner && (await refinement(model, refiner, input, job))
    const final = larger?.size ?? job.size
    yield { kind: 'progress', stage: 'read', done: 1, total: 1 }
    const warnings = [...job.warnings, ...lost]
    const facts = { scheduler: walk.scheduler, steps: walk.sampler.steps, guidanceScale: job.guidanceScale, ...final, warnings }
    const results: Made<Image>[] = []
    const tiles = tileRule(model, input)
    const sized = networksFor(networks, job.size, tiles)
    const enlarged = larger && networksFor(networks, larger.size, tiles)
    const refining = refiner?.networks.ofSize(job.size)
    const legs: readonly Leg[] = [
      { model, walk, networks: sized.value, conditions },
      ...(rest && refining ? [{ ...rest, networks: refining.value }] : []),
      ...(larger && enlarged ? [{ ...larger.leg, networks: enlarged.value }] : []),
    ]
    const calls = legs.reduce((sum, leg) => sum + leg.walk.calls, 0)
    try {
      for (const [index, seed] of seeds.entries()) {
        let latents: NDArray | undefined
        let done = 0
        for await (const state of denoise(legs, job, noiseOf(input.rng, seed), signal)) {
          latents = state.latents
          yield { kind: 'progress', stage: 'denoise', done: index * calls + ++done, total: calls * seeds.length }
          if (state.preview && previewIsDue(input, walk, done, calls)) {
            const { value } = state.preview.shape[3] === job.shape[3] ? sized : (enlarged ?? sized)
            yield { kind: 'preview', index, value: await picture(value, state.preview, job.source) }
            signal.throwIfAborted()
          }
        }
        results.push({ value: await picture((enlarged ?? sized).value, latents as NDArray, job.source), facts })
        yield { kind: 'progress', stage: 'decode', done: index + 1, total: seeds.length }
      }
    } finally {
      await sized.release()
      await enlarged?.release()
      await refining?.release()
    }
    yield { kind: 'result', results }
  }
}

/** @throws InputError for what this checkpoint cannot do */
function prepare(model: StableDiffusionModel, input: StableDiffusionInput): Job {
  const { size: networks, schedule, settings, defaults, notes = [] } = model
  const { latentChannels } = networks.autoencoder
  const factor = autoencoderKL.downsampling(networks.autoencoder)
  const { size, warnings } = chooseSize(system, input, { multiple: factor * (networks.unet.patch ?? 1), native: networks.native })
  const { image, mask } = input
  if (readsMask(networks) && !(image && mask))
    throw new InputError(system, [
      { field: image ? 'mask' : 'image', expected: 'given: this checkpoint only paints into pictures, behind a mask', found: 'nothing' },
    ])
  if (refines(model) && !image)
    throw new InputError(system, [
      { field: 'image', expected: 'given: this checkpoint is a refiner, which goes on from a picture', found: 'nothing' },
    ])
  const guidanceScale = input.guidanceScale ?? settings.guidanceScale
  const source = image && { image: fitted(image, size), mask: mask && maskOf(mask, size) }
  return {
    walk: walkOf(input, schedule, { ...settings, defaults, ...(input.prediction && { prediction: input.prediction }) }),
    size,
    shape: [1, latentChannels, size.height / factor, size.width / factor],
    source,
    guidanceScale,
    warnings: [
      ...notes,
      ...warnings,
      ...(source?.mask?.data.every((value) => value === 0) ? ['Nothing in the mask is white: the picture stays as it is'] : []),
      ...(input.negativePrompt && guidanceScale <= 1 ? ['negativePrompt does nothing where guidanceScale is 1 or less'] : []),
      ...(input.negativePrompt && guidanceScale > 1 && !guides(model, guidanceScale)
        ? ['negativePrompt does nothing: this model was distilled to be told the guidance scale']
        : []),
    ],
  }
}

const readsMask = ({ unet, autoencoder }: StableDiffusionModel['size']): boolean => unet.inChannels === 2 * autoencoder.latentChannels + 1

/** Checkpoints that read a score are refiners. */
const refines = ({ size }: StableDiffusionModel): boolean => size.unet.added?.numbers === 5

/** The part of the way that a refiner goes, and what it is told. */
async function refinement(
  { name, size }: StableDiffusionModel,
  { model, networks }: Runnable,
  input: StableDiffusionInput,
  job: Job,
): Promise<Omit<Leg, 'networks'>> {
  const [own, other] = [size.autoencoder, model.size.autoencoder]
  if (own.latentChannels !== other.latentChannels || own.scaling !== other.scaling)
    throw new GeneraError(
      'Refiner',
      `Cannot go on with ${model.name} where ${name} ends: expected latents of ${own.latentChannels} channels scaled by ${own.scaling}, found ${other.latentChannels} scaled by ${other.scaling}`,
      'A refiner belongs to the checkpoint that it was trained with',
    )
  const { conditions } = await networks.readText.hold(() => readConditions(model, networks, input, job.size, job.guidanceScale))
  return {
    model,
    walk: restOf({ ...input, scheduler: job.walk.scheduler, steps: job.walk.sampler.steps }, model.schedule, model.settings),
    conditions,
  }
}

const tileRule = ({ size }: StableDiffusionModel, { vaeTile }: StableDiffusionInput): TileRule => ({
  native: size.native,
  factor: autoencoderKL.downsampling(size.autoencoder),
  asked: vaeTile,
})

/** The part of the way that makes a larger picture of a finished one, and its size. */
async function enlargement(
  model: StableDiffusionModel,
  networks: Networks,
  input: StableDiffusionInput,
  { size: { width, height }, shape, guidanceScale }: Job,
): Promise<{ readonly size: PictureSize; readonly leg: Omit<Leg, 'networks'> } | undefined> {
  const { hiresScale, prediction } = input
  if (hiresScale === undefined) return undefined
  const { size: networkSizes, schedule, settings, defaults } = model
  const factor = autoencoderKL.downsampling(networkSizes.autoencoder)
  const multiple = factor * (networkSizes.unet.patch ?? 1)
  const side = (length: number): number => Math.round((length * hiresScale) / multiple) * multiple
  const { size } = chooseSize(system, { width: side(width), height: side(height) }, { multiple, native: networkSizes.native })
  const { conditions } = await readConditions(model, networks, input, size, guidanceScale)
  return {
    size,
    leg: {
      model,
      walk: hiresWalk(input, schedule, { ...settings, defaults, ...(prediction && { prediction }) }),
      conditions,
      enlarged: [1, shape[1], size.height / factor, size.width / factor],
    },
  }
}

/** Strength 0: the picture as it came. */
function* kept({ source, size, warnings }: Job, seeds: readonly number[]): Generator<GeneratorEvent<Image>, void> {
  const facts = { ...size, warnings }
  const { image } = source as Source
  yield { kind: 'progress', stage: 'keep', done: seeds.length, total: seeds.length }
  yield { kind: 'result', results: seeds.map(() => ({ value: { ...image, data: image.data.slice() }, facts })) }
}

/** The states after each call of the models; the last one holds the picture's latents. */
async function* denoise(
  legs: readonly Leg[],
  { walk, shape: own, source }: Job,
  noise: NoiseSource,
  signal: AbortSignal,
): AsyncGenerator<SamplerState, void> {
  const [{ model, networks }] = legs as readonly [Leg]
  const { begun, masked, known } = await begin(model, networks, { sampler: walk.sampler, first: walk.first, shape: own, source }, noise)
  let state = begun
  for (const [i, leg] of legs.entries()) {
    const { sampler, first, end } = leg.walk
    const shape = leg.enlarged ?? own
    if (leg.enlarged) state = sampler.startFrom(resizeLatents(state.latents, [shape[2], shape[3]]), noise('enlarged', shape), first)
    else if (i > 0) state = { call: first, first, latents: state.latents, history: [] } // what a method remembers is the other model's
    while (state.call < end) {
      signal.throwIfAborted()
      const time = array([sampler.times[state.call] as number])
      const inputs = { sample: sampler.input(state), time, ...leg.conditions, ...(masked && { masked }) }
      const predicted = await leg.networks.predict(inputs)
      state = sampler.step(
        state,
        predicted,
        sampler.drawsNoise(state.call) ? noise(`${leg.enlarged ? 'enlarged ' : ''}step ${state.call}`, shape) : undefined,
      )
      if (known) state = keepKnown(sampler, state, known)
      const { data } = state.latents
      if (!data.every((value) => Number.isFinite(value)))
        throw notFinite(`after call ${state.call} of ${sampler.times.length} the latents of ${leg.model.name} are`)
      yield state
    }
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
function previewIsDue({ previewEvery }: StableDiffusionInput, { sampler }: Walk, done: number, calls: number): boolean {
  return previewEvery > 0 && done < calls && done % (previewEvery * sampler.callsPerStep) === 0
}
