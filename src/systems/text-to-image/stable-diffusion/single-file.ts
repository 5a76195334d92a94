import { files } from '#files'
import { noiseSchedule } from '../../../generative/index.js'
import { checkCheckpoint, fromCheckpoint, parametersOf } from '../../../nn/index.js'
import { type ClipTokenizer, embeddedTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import { type Checkpoint, CheckpointError, exists } from '../../../weights/index.js'
import { pointable, type StableDiffusionModel } from './model.js'
import type { StableDiffusionSettings } from './settings.js'
import { type SingleFileFamily, type StoredPart, storedInSingleFile } from './single-file-names.js'
import { sizeOf } from './single-file-size.js'
import { viewAt } from './single-file-view.js'
import { type NetworkName, networksOf, type StableDiffusionSize } from './sizes.js'

/** What published pipelines are run with. */
const guidanceScale = 7.5
/** The noise that 1.x and 2.x were trained with, and how the published schedulers space their steps: in no file, and the same for all. */
const schedule = { betas: 'scaled_linear', betaStart: 0.00085, betaEnd: 0.012 } as const
const sampling = { stepsOffset: 1, setAlphaToOne: false } as const

/**
 * Opens a single file in the layout of the original code (CompVis/stable-diffusion, Stability-AI/stablediffusion), as most community models are
 * published. Its tensors have other names than the networks ask for, and 2.x fuses three matrices in one; nothing is converted: the
 * networks are given a view of the file under their own names.
 *
 * @throws MissingParametersError, WeightShapeError or CheckpointError
 */
export async function openLdm(
  opened: Checkpoint,
  family: SingleFileFamily,
  { name, location }: { readonly name: string; readonly location: string },
): Promise<StableDiffusionModel> {
  const file = await pointable(opened, location)
  const { prediction, native, notes } = await howToRun(file, family, location)
  const size = sizeOf(file, family, native)
  const networks = networksOf(size)
  const scopeOf = (network: NetworkName) => {
    const view = viewOf(file, network, size)
    checkCheckpoint(networks[network], view)
    return fromCheckpoint(view)
  }
  return {
    name,
    scopes: { text_encoder: scopeOf('text_encoder'), unet: scopeOf('unet'), vae: scopeOf('vae') },
    size,
    tokenizer: await tokenizerFor(location, family, size),
    schedule: noiseSchedule(schedule),
    settings: { prediction, sampling, guidanceScale },
    published: true,
    notes,
  }
}

/** Where the parts of a file begin; what stands elsewhere (averaged weights, the noise schedule) no network reads. */
const starts: Readonly<Record<NetworkName, RegExp>> = {
  unet: /^model\.diffusion_model\./,
  vae: /^first_stage_model\.(?!loss\.|model_ema\.)/,
  text_encoder: /^cond_stage_model\./,
}
/** Of text encoders: what pictures do not need. The last of OpenCLIP's layers is one of them, because its states are not read. */
const unneeded = /(?:\.position_ids|\.logit_scale|\.text_projection(?:\.weight)?|\.attn_mask)$/

/** The file under the names that a network asks for; tensors that it has beyond them keep their own names, to be reported. */
export function viewOf(file: Checkpoint, network: NetworkName, size: StableDiffusionSize): Checkpoint {
  const places = new Map<string, StoredPart>()
  const known = new Set<string>()
  for (const name of parametersOf(networksOf(size)[network]).keys()) {
    const stored = storedInSingleFile(network, name, size, file)
    known.add(stored.name)
    if (file.has(stored.name)) places.set(name, stored)
  }
  const lastLayer = `cond_stage_model.model.transformer.resblocks.${size.text.layers}.`
  for (const name of file.names)
    if (starts[network].test(name) && !known.has(name) && !unneeded.test(name) && !name.startsWith(lastLayer)) places.set(name, { name })
  return viewAt(file, places)
}

interface HowToRun {
  readonly prediction: StableDiffusionSettings['prediction']
  readonly native: number
  readonly notes: readonly string[]
}

/**
 * What the model predicts is in no tensor. 1.x predicts noise. Of 2.x there are both kinds, and what tells them apart is, the surest first: the
 * configuration beside the file (`NAME.yaml`, as the original code wants it), the metadata that trainers write, and the number of steps that the
 * published `512-base-ema.ckpt` was trained for.
 */
async function howToRun(file: Checkpoint, family: SingleFileFamily, location: string): Promise<HowToRun> {
  const byPrediction = (prediction: HowToRun['prediction'], notes: readonly string[] = []): HowToRun => ({
    prediction,
    native: family === '2.x' && prediction === 'v_prediction' ? 768 : 512,
    notes,
  })
  const configuration = await textBeside(location, location.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '.yaml'))
  if (configuration !== undefined) return byPrediction(/^\s*parameterization:\s*["']?v\b/m.test(configuration) ? 'v_prediction' : 'epsilon')
  const told = file.metadata.get('modelspec.prediction_type') ?? file.metadata.get('modelspec.architecture')
  if (told !== undefined && /^(?:v|epsilon)$|-v$/.test(told)) return byPrediction(/v$/.test(told) ? 'v_prediction' : 'epsilon')
  if (family === '1.x') return byPrediction('epsilon')
  if (file.metadata.get('global_step') === '875000') return byPrediction('epsilon')
  return byPrediction('v_prediction', [
    'The file does not say what the model predicts, and it is run as one that predicts v (768 × 768): if the pictures are noise, pass prediction epsilon',
  ])
}

/** A few kilobytes of text beside a file; undefined where there is none. */
async function textBeside(location: string, name: string): Promise<string | undefined> {
  const place = files.beside(location, name)
  if (!(await exists(place)) || (await files.list(place))) return undefined
  const text = await files.open(place)
  return new TextDecoder().decode(await text.read(0, Math.min(text.size, 2 ** 20)))
}

/** A single file has no vocabulary. It lies beside it, or comes with genera. */
async function tokenizerFor(location: string, family: SingleFileFamily, size: StableDiffusionSize): Promise<ClipTokenizer> {
  const defaults = { context: size.text.context, ...(family === '2.x' && { padding: '!' }) }
  const beside = (name: string) => files.beside(location, name)
  const places = [beside('tokenizer'), embeddedTokenizer('clip')]
  if ((await exists(beside('vocab.json'))) && (await exists(beside('merges.txt')))) places.splice(1, 0, beside('.'))
  for (const place of places) if (await exists(place)) return checkedVocabulary(await openTokenizer(place, defaults), location, size)
  throw new CheckpointError({
    code: 'FileNotFound',
    file: location,
    expected: 'the vocabulary of its text encoder beside it: a folder tokenizer with vocab.json and merges.txt',
    found: 'none',
    hint: 'A single file holds no vocabulary. Download the folder tokenizer of any Stable Diffusion in the layout of diffusers, or of openai/clip-vit-large-patch14',
  })
}

function checkedVocabulary(tokenizer: ClipTokenizer, file: string, { text }: StableDiffusionSize): ClipTokenizer {
  if (tokenizer.vocabulary === text.vocabulary) return tokenizer
  throw new CheckpointError({
    code: 'NotSupported',
    file,
    expected: `a vocabulary of ${text.vocabulary.toLocaleString('en')} tokens, as its text encoder has`,
    found: `one of ${tokenizer.vocabulary.toLocaleString('en')} beside it`,
    hint: 'Put the tokenizer of this model beside it',
  })
}
