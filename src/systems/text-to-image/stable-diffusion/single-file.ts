import { files } from '#files'
import { noiseSchedule } from '../../../generative/index.js'
import { checkCheckpoint, parametersOf } from '../../../nn/index.js'
import { type Checkpoint, exists } from '../../../weights/index.js'
import { pointable, type StableDiffusionModel } from './model.js'
import type { StableDiffusionSettings } from './settings.js'
import { type SingleFileFamily, type StoredPart, storedInSingleFile } from './single-file-names.js'
import { sizeOf } from './single-file-size.js'
import { tokenizersFor } from './single-file-tokenizer.js'
import { scopeAt, viewAt } from './single-file-view.js'
import { type AnyNetworkName, networksOf, type StableDiffusionSize } from './sizes.js'

/** What published pipelines are run with. */
const guidanceScales = { '1.x': 7.5, '2.x': 7.5, xl: 5, 'xl-refiner': 5 } as const satisfies Record<SingleFileFamily, number>
/** XL's refiner changes details of a picture and keeps the rest. */
const refinerStrength = 0.3
/** The noise that all were trained with, and how the published schedulers space their steps: in no file, and the same for all. */
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
  const zeroTerminalSnr = file.has('ztsnr') // a mark that trainers of such models leave
  const size = sizeOf(file, family, native)
  const networks = networksOf(size)
  const scopeOf = (network: AnyNetworkName) => {
    const places = placesIn(file, network, size)
    checkCheckpoint(networks[network] ?? networks.text_encoder, viewAt(file, places))
    return scopeAt(file, places)
  }
  return {
    name,
    scopes: {
      text_encoder: scopeOf('text_encoder'),
      ...(size.second && { text_encoder_2: scopeOf('text_encoder_2') }),
      unet: scopeOf('unet'),
      vae: scopeOf('vae'),
    },
    size,
    ...(await tokenizersFor(location, family, size)),
    schedule: noiseSchedule({ ...schedule, zeroTerminalSnr }),
    settings: {
      prediction,
      sampling: zeroTerminalSnr ? { ...sampling, spacing: 'trailing' } : sampling,
      guidanceScale: guidanceScales[family],
    },
    ...(family === 'xl-refiner' && { defaults: { strength: refinerStrength } }),
    emptyIsZero: family === 'xl',
    published: true,
    notes,
  }
}

/** Where the parts of a file begin; what stands elsewhere (averaged weights, the noise schedule) no network reads. */
const starts: Readonly<Record<AnyNetworkName, RegExp>> = {
  unet: /^model\.diffusion_model\./,
  vae: /^first_stage_model\.(?!loss\.|model_ema\.)/,
  text_encoder: /^(?:cond_stage_model|conditioner\.embedders\.0)\./,
  text_encoder_2: /^conditioner\.embedders\.1\./,
}
/** Of text encoders: what pictures do not need. The last of OpenCLIP's layers is one of them, because its states are not read. */
const unneeded = /(?:\.position_ids|\.logit_scale|\.text_projection(?:\.weight)?|\.attn_mask)$/

/** The file under the names that a network asks for. */
export const viewOf = (file: Checkpoint, network: AnyNetworkName, size: StableDiffusionSize): Checkpoint =>
  viewAt(file, placesIn(file, network, size))

/** Where a file has what a network asks for; tensors that it has beyond them keep their own names, to be reported. */
function placesIn(file: Checkpoint, network: AnyNetworkName, size: StableDiffusionSize): ReadonlyMap<string, StoredPart> {
  const places = new Map<string, StoredPart>()
  const known = new Set<string>()
  const networks = networksOf(size)
  for (const name of parametersOf(networks[network] ?? networks.text_encoder).keys()) {
    const stored = storedInSingleFile(network, name, size, file)
    known.add(stored.name)
    if (file.has(stored.name)) places.set(name, stored)
  }
  const lastLayer = `cond_stage_model.model.transformer.resblocks.${size.text.layers}.`
  for (const name of file.names)
    if (starts[network].test(name) && !known.has(name) && !unneeded.test(name) && !name.startsWith(lastLayer)) places.set(name, { name })
  return places
}

interface HowToRun {
  readonly prediction: StableDiffusionSettings['prediction']
  readonly native: number
  readonly notes: readonly string[]
}

/**
 * What the model predicts is in no tensor of the networks. 1.x and XL predict noise. Of 2.x there are both kinds, and what tells them apart is, the surest first: the
 * configuration beside the file (`NAME.yaml`, as the original code wants it), the metadata that trainers write, and the number of steps that the
 * published `512-base-ema.ckpt` was trained for.
 */
async function howToRun(file: Checkpoint, family: SingleFileFamily, location: string): Promise<HowToRun> {
  const byPrediction = (prediction: HowToRun['prediction'], notes: readonly string[] = []): HowToRun => ({
    prediction,
    native: family === 'xl' || family === 'xl-refiner' ? 1024 : family === '2.x' && prediction === 'v_prediction' ? 768 : 512,
    notes,
  })
  const configuration = await textBeside(location, location.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '.yaml'))
  if (configuration !== undefined) return byPrediction(/^\s*parameterization:\s*["']?v\b/m.test(configuration) ? 'v_prediction' : 'epsilon')
  const told = file.metadata.get('modelspec.prediction_type') ?? file.metadata.get('modelspec.architecture')
  if (told !== undefined && /^(?:v|epsilon)$|-v$/.test(told)) return byPrediction(/v$/.test(told) ? 'v_prediction' : 'epsilon')
  if (file.has('v_pred')) return byPrediction('v_prediction') // a mark that trainers of such models leave
  if (family !== '2.x') return byPrediction('epsilon')
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
