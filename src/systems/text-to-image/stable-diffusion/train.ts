import { files } from '#files'
import { chooseCheckpoint, type StageEvent, type StageRuns, type TrainingOptions } from '../../../contract/index.js'
import { noiseSchedule } from '../../../generative/index.js'
import { array, GeneraError, type NDArray, sharedRuntime } from '../../../graph/index.js'
import type { Parameters } from '../../../nn/index.js'
import { type ClipTokenizer, embeddedTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import type { TrainingEvent } from '../../../training/index.js'
import { embeddedWeights, exists, openCheckpoint, writeSafetensors } from '../../../weights/index.js'
import { openStableDiffusion, writeStableDiffusion } from './checkpoint.js'
import { type CaptionedPictures, dioramaPictures, folderPictures, someOf } from './pictures.js'
import { dioramaSettings, readSettings, type StableDiffusionSettings } from './settings.js'
import type { NetworkName, StableDiffusionSize } from './sizes.js'
import type { StageName } from './stages.js'
import { latentsOf, normalised, trainAutoencoder } from './train-autoencoder.js'
import { isDecoders, redrawn, trainDecoder } from './train-decoder.js'
import { trainLora, writeLora } from './train-lora.js'
import { trainTextEncoder, wordHead } from './train-text-encoder.js'
import { tokenizerFile } from './train-tokenizer.js'
import { trained, trainUnet } from './train-unet.js'

/** What the stages leave for each other in the output folder, and the model that they end with. */
const results = {
  tokenizer: dioramaSettings.tokenizer,
  clip: 'clip.safetensors',
  autoencoder: 'autoencoder.safetensors',
  latents: 'latents.safetensors',
  model: 'stable-diffusion.safetensors',
  lora: 'pytorch_lora_weights.safetensors',
} as const

/** How many scenes are rendered; each is seen many times, with other words each time. */
const scenes = { count: 60_000, stacks: 12_000 } as const
/** Of them, those that the decoder learns from. */
const redrawnPictures = 8192
const embeddedName = 'stable-diffusion-diorama'
const embeddedModel = embeddedWeights(embeddedName)

/** What the stages of `stages.ts` do: each goes on from its own run if the folder holds one, and needs the results of those before it. */
export const runs: StageRuns<StageName> = {
  async *tokenizer(options) {
    yield { kind: 'done', files: [await writeTokenizer(options)] }
  },
  async *'text-encoder'(options) {
    const path = files.within(options.output, results.clip)
    const tokenizer = await tokenizerOf(options)
    const pictures = await picturesOf(options, dioramaSettings.size) // at which its image tower looks
    const initial = options.from === undefined ? {} : { ...(await startOf(options, 'text_encoder')), ...(await allOf(options.from)) }
    yield* stage(trainTextEncoder({ pictures: [pictures], tokenizer, initial, ...runOf(options, 'clip') }), async (average) => {
      const kept = Object.entries(average).filter(([name]) => !name.startsWith(wordHead))
      await writeSafetensors(path, kept, { dtype: 'float16' })
      return [path]
    })
  },
  async *autoencoder(options) {
    const path = files.within(options.output, results.autoencoder)
    const whole = (await settingsOf(options)).size
    const pictures = await picturesOf(options, whole)
    const size = whole.autoencoder
    const initial = await startOf(options, 'vae')
    yield* stage(trainAutoencoder({ pictures, size, initial, ...runOf(options, 'autoencoder') }), async (average) => {
      await writeSafetensors(path, Object.entries(await normalised(average, pictures, size)), { dtype: 'float16' })
      return [path]
    })
  },
  async *unet(options) {
    const path = files.within(options.output, results.model)
    const settings = await settingsOf(options)
    const tokenizer = await tokenizerOf(options)
    const autoencoder = await autoencoderOf(options)
    const { vocabulary, context, end } = tokenizer
    const size: StableDiffusionSize = { ...settings.size, text: { ...settings.size.text, vocabulary, context, end } }
    const { captions, latents } = await encoded(options, autoencoder, size)
    const tower = await startOf(options, 'text_encoder')
    const initial = {
      ...below(trained.text, Object.keys(tower).length > 0 ? tower : await towerOf(await madeBy('text-encoder', options, results.clip))),
      ...below(trained.unet, await startOf(options, 'unet')),
    }
    const run = trainUnet({
      ...{ captions, latents, tokenizer, size, prediction: settings.prediction, schedule: noiseSchedule(settings.schedule), initial },
      ...runOf(options, 'unet'),
    })
    yield* stage(run, async (average) => {
      const networks = { text_encoder: above(trained.text, average), unet: above(trained.unet, average), vae: autoencoder }
      await writeStableDiffusion(path, networks, { ...settings, size })
      return [path, files.within(options.output, results.tokenizer)]
    })
  },
  async *decoder(options) {
    const path = files.within(options.output, results.model)
    const start = options.from !== undefined && !(await exists(path)) ? options.from : await madeBy('unet', options, results.model)
    const settings = readSettings((await openCheckpoint(start)).metadata, String(start))
    await tokenizerOf(options)
    const model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', { embedded: embeddedName }, start))
    const whole = await allOf(start)
    const [text_encoder, unet, vae] = [above('text_encoder', whole), above('unet', whole), above('vae', whole)]
    const pictures = someOf(await picturesOf(options, model.size), redrawnPictures)
    const encoded = await latentsOf(vae, pictures, model.size.autoencoder, telling(options, 'encoding pictures'))
    const drawn = await redrawn({ model, captions: pictures, latents: encoded, ...telling(options, 'drawing their details anew') })
    const run = trainDecoder({ size: model.size.autoencoder, initial: vae, pictures, encoded, drawn, ...runOf(options, 'decoder') })
    yield* stage(run, async (average) => {
      const decoder = Object.fromEntries(Object.entries(average).filter(([name]) => isDecoders(name)))
      await writeStableDiffusion(path, { text_encoder, unet, vae: { ...vae, ...decoder } }, settings)
      return [path, files.within(options.output, results.tokenizer)]
    })
  },
  async *lora(options) {
    const { output, from, data } = options
    if (data === undefined)
      throw new GeneraError(
        'data',
        'Cannot train a LoRA: expected pictures to learn from, found none',
        'Pass a folder of pictures, each with its words in a file of the same name: --data FOLDER',
      )
    const path = files.within(output, results.lora)
    const finished = files.within(output, results.model)
    const base = from ?? ((await exists(finished)) ? finished : 'embedded')
    const model = await openStableDiffusion(await chooseCheckpoint('stable-diffusion', { embedded: embeddedName }, base))
    const pictures = await folderPictures(data, { size: model.size.native })
    const runtime = options.runtime ?? (await sharedRuntime())
    const run = trainLora({ model, pictures, runtime, ...runOf(options, 'lora') })
    for await (const event of run) {
      if (event.kind !== 'done') yield event
      else {
        await writeLora(path, event.parameters, { base: model.name })
        yield { kind: 'done', files: [path] }
      }
    }
  },
}

/** Words are made of the pieces that the text tower knows, where one is there to start from; its tokenizer lies beside it, or is the embedded one. */
async function writeTokenizer({ output, data, from }: TrainingOptions): Promise<string> {
  const path = files.within(output, results.tokenizer)
  const own = from === undefined ? undefined : files.beside(from, results.tokenizer)
  const known = own !== undefined && (await exists(own)) ? own : embeddedTokenizer('diorama')
  const text = data === undefined && from === undefined ? tokenizerFile() : await textOf(known)
  await files.write([{ location: path, chunks: [new TextEncoder().encode(text)] }])
  return path
}

/** What the first stage has left. A model to start from brings its own, so that any stage can be the first. */
async function tokenizerOf(options: TrainingOptions): Promise<ClipTokenizer> {
  const brought = options.from !== undefined && !(await exists(files.within(options.output, results.tokenizer)))
  return openTokenizer(brought ? await writeTokenizer(options) : await madeBy('tokenizer', options, results.tokenizer))
}

/** A run's events, and at its end the files that come of its averaged parameters. */
async function* stage(
  events: AsyncIterable<TrainingEvent>,
  write: (average: Parameters) => Promise<readonly string[]>,
): AsyncGenerator<StageEvent, void> {
  for await (const event of events) {
    if (event.kind === 'done') yield { kind: 'done', files: await write(event.average ?? event.parameters) }
    else yield event
  }
}

const runOf = ({ output, steps, learningRate, seed, signal }: TrainingOptions, name: string) => ({
  checkpoint: files.within(output, `${name}-run.safetensors`),
  ...(steps !== undefined && { steps }),
  ...(learningRate !== undefined && { learningRate }),
  ...(seed !== undefined && { seed }),
  ...(signal && { signal }),
})

/** What is done before the first step is told, and ends where it is asked to: there is nothing to save yet. */
const telling = ({ onPreparation, signal }: TrainingOptions, what: string) => ({
  onProgress: (done: number, total: number) => {
    signal?.throwIfAborted()
    onPreparation?.({ what, done, total })
  },
})

/** At the height and width that the model is for. */
async function picturesOf(options: TrainingOptions, { native: size }: StableDiffusionSize): Promise<CaptionedPictures> {
  if (options.data !== undefined) return folderPictures(options.data, { size, ...telling(options, 'reading pictures') })
  const cache = files.within(options.output, 'pictures.safetensors')
  return dioramaPictures({ ...scenes, size, cache, ...telling(options, 'rendering scenes') })
}

const below = (prefix: string, parameters: Parameters): Parameters =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [`${prefix}.${name}`, value]))

const above = (prefix: string, parameters: Parameters): Parameters =>
  Object.fromEntries(
    Object.entries(parameters).flatMap(([name, value]) =>
      name.startsWith(`${prefix}.`) ? [[name.slice(prefix.length + 1), value] as const] : [],
    ),
  )

/** Every tensor of a file, as float32. */
async function allOf(location: string | URL): Promise<Parameters> {
  const file = await openCheckpoint(location)
  const read = async (name: string): Promise<readonly [string, NDArray]> => [name, (await file.read(name)).cast('float32')]
  return Object.fromEntries(await Promise.all(file.names.map(read)))
}

/** What was asked for, or for a user's own pictures the embedded model, where there is one. Diorama's training starts from chance. */
const startFrom = async ({ data, from }: TrainingOptions): Promise<string | URL | undefined> =>
  from ?? (data !== undefined && (await exists(embeddedModel)) ? embeddedModel : undefined)

async function startOf(options: TrainingOptions, network: NetworkName): Promise<Parameters> {
  const start = await startFrom(options)
  return start === undefined ? {} : above(network, await allOf(start))
}

/** A model that starts from another has its sizes, which need not be the embedded ones. */
async function settingsOf(options: TrainingOptions): Promise<StableDiffusionSettings> {
  const start = await startFrom(options)
  return start === undefined ? dioramaSettings : readSettings((await openCheckpoint(start)).metadata, String(start))
}

/** The result of the stage before, or else that of the model to start from. */
async function autoencoderOf(options: TrainingOptions): Promise<Parameters> {
  const made = await exists(files.within(options.output, results.autoencoder))
  return options.from !== undefined && !made ? startOf(options, 'vae') : allOf(await madeBy('autoencoder', options, results.autoencoder))
}

/** Where an earlier stage has left what this one needs. */
async function madeBy(stage: StageName, { output }: TrainingOptions, name: string): Promise<string> {
  const path = files.within(output, name)
  if (await exists(path)) return path
  throw new GeneraError(
    'stage-order',
    `Cannot train this stage: expected ${path}, which the stage "${stage}" makes, found nothing there`,
    `First: genera train stable-diffusion ${stage} -o ${output}`,
  )
}

/** All that the U-Net learns from. The pictures themselves, gigabytes of them, can go when they have been encoded. */
async function encoded(options: TrainingOptions, autoencoder: Parameters, size: StableDiffusionSize) {
  const pictures = await picturesOf(options, size)
  const { pixels: _, ...captions } = pictures
  return { captions, latents: await keptLatents(options, autoencoder, pictures, size) }
}

/** Latents take minutes, so they stay beside the pictures that they were made of, for as long as neither those nor the autoencoder change. */
async function keptLatents(
  options: TrainingOptions,
  autoencoder: Parameters,
  pictures: CaptionedPictures,
  size: StableDiffusionSize,
): Promise<Float32Array> {
  const { data, output } = options
  const make = () => latentsOf(autoencoder, pictures, size.autoencoder, telling(options, 'encoding pictures'))
  if (data !== undefined) return make()
  const path = files.within(output, results.latents)
  const { count } = pictures
  // A few pictures' latents tell whether the rest would be the same.
  const probe = await latentsOf(autoencoder, { ...pictures, count: Math.min(count, 4) }, size.autoencoder)
  if (await exists(path)) {
    const kept = (await (await openCheckpoint(path)).read('latents')).data as Float32Array
    if (
      kept.length === (probe.length / Math.min(count, 4)) * count &&
      probe.every((value, i) => Math.abs(value - (kept[i] as number)) < 1e-3)
    )
      return kept
  }
  const latents = await make()
  await writeSafetensors(path, [['latents', array(latents, { shape: [count, latents.length / count] })]])
  return latents
}

/** The text tower of a pair, without the projection into the space that it shares with pictures. */
async function towerOf(location: string): Promise<Parameters> {
  const tower = Object.entries(await allOf(location)).filter(([name]) => name.startsWith('text_model.'))
  return Object.fromEntries(tower)
}

async function textOf(location: string | URL): Promise<string> {
  const file = await files.open(location)
  return new TextDecoder().decode(await file.read(0, file.size))
}
