import { fileConstant, GeneraError, type Tensor } from '../../../graph/index.js'
import { type ParameterSource, Scope } from '../../../nn/index.js'
import { printable, quoted } from '../../../weights/checkpoint-error.js'
import { type Checkpoint, openCheckpoint } from '../../../weights/index.js'
import { type AdaptedNetwork, adaptedNetworks, type LoraTensors, listLora, type Place, placesOf } from './lora-names.js'
import { pointable, type StableDiffusionModel } from './model.js'

/** A file, and how much of what it changes: 1 all of it, 0 nothing, less than 0 the opposite. */
export interface LoraChoice {
  readonly location: string
  readonly weight: number
}

const largestWeight = 100

/**
 * `style.safetensors:0.8`, or `style.safetensors` for all of it.
 *
 * @throws GeneraError for a weight that is none
 */
export function parseLora(text: string): LoraChoice {
  const [, location, written] = /^(.+):([-+\d.][-+\d.eE]*)$/.exec(text) ?? []
  if (location === undefined) return { location: text, weight: 1 }
  const weight = Number(written)
  if (Number.isFinite(weight) && Math.abs(weight) <= largestWeight) return { location, weight }
  throw new GeneraError(
    'LoraWeight',
    `Cannot use the LoRA ${printable(location)}: expected a weight from -100 to 100, found ${quoted(written ?? '')}`,
  )
}

/** How one matrix is changed: by `scale` times up·down. */
interface Change {
  readonly file: Checkpoint
  readonly tensors: LoraTensors & { readonly down: string; readonly up: string }
  readonly rank: number
  readonly scale: number
}

/** A LoRA that was checked against a model. */
export interface Lora {
  readonly changes: Readonly<Record<AdaptedNetwork, ReadonlyMap<string, readonly Change[]>>>
}

/** A LoRA that the model has no place for. */
export class LoraMismatchError extends GeneraError {
  override readonly name = 'LoraMismatchError'
  constructor(
    readonly parts: {
      readonly file: string
      readonly model: string
      /** What the LoRA was made for, as far as it can be told. */
      readonly base: string | undefined
      readonly matrices: number
      /** Matrices that the model does not have. */
      readonly unplaced: readonly string[]
      /** Matrices that the model has with other sizes: "NAME: the model has [320, 768], the LoRA changes [320, 1024]". */
      readonly misshapen: readonly string[]
      /** Tensors of other ways of adapting a model. */
      readonly others: readonly string[]
    },
  ) {
    const { file, model, base, matrices, unplaced, misshapen, others } = parts
    const list = (names: readonly string[]) =>
      names
        .slice(0, 3)
        .map((name) => printable(name))
        .join('; ') + (names.length > 3 ? '; …' : '')
    const problems = [
      ...(misshapen.length > 0 ? [`${misshapen.length} of its ${matrices} matrices have other sizes (${list(misshapen)})`] : []),
      ...(unplaced.length > 0 ? [`${unplaced.length} of its ${matrices} matrices are not in the model (${list(unplaced)})`] : []),
      ...(others.length > 0 ? [`${others.length} tensors are of no LoRA (${list(others)})`] : []),
      ...(matrices === 0 && others.length === 0 ? ['it holds nothing'] : []),
    ]
    const hint = base
      ? `It was made for ${base}: use it with a checkpoint of that kind`
      : others.length > 0
        ? 'Only LoRA and LoCon are read; LoHa, LoKr, DoRA and full differences are not'
        : 'Use it with a checkpoint of the kind that it was made for'
    super('LoraMismatch', `Cannot use the LoRA ${printable(file)} with ${printable(model)}: ${problems.join(', and ')}`, hint)
  }
}

/**
 * Opens a LoRA for a model (Hu et al. 2021): diffusers', PEFT's and kohya's files, of attentions, of everything linear, and of convolutions (LoCon).
 * Every tensor must find its place.
 *
 * @throws LoraMismatchError with the lists of what does not fit; CheckpointError for what cannot be read
 */
export async function openLora(
  { location, weight }: LoraChoice,
  { name: model, size }: Pick<StableDiffusionModel, 'name' | 'size'>,
): Promise<Lora> {
  const file = await pointable(await openCheckpoint(location), location)
  const { matrices, others } = listLora(file.names)
  const places = placesOf(size)
  const unplaced: string[] = []
  const misshapen: string[] = []
  const found: { readonly place: Place; readonly tensors: Change['tensors']; readonly rank: number }[] = []
  for (const [matrix, tensors] of matrices) {
    const place = places.get(matrix)
    const { down, up } = tensors
    if (!place || down === undefined || up === undefined) unplaced.push(place ? `${matrix} without its other half` : matrix)
    else {
      const fault = shapeFault(file, place, { ...tensors, down, up })
      if (fault) misshapen.push(`${matrix}: ${fault}`)
      else found.push({ place, tensors: { ...tensors, down, up }, rank: file.info(down).shape[0] as number })
    }
  }
  if (unplaced.length > 0 || misshapen.length > 0 || others.length > 0 || found.length === 0)
    throw new LoraMismatchError({ file: file.file, model, base: baseOf(file), matrices: matrices.size, unplaced, misshapen, others })
  const told = alphasTold(file)
  const none = () => new Map<string, Change[]>()
  const changes = { unet: none(), text_encoder: none(), text_encoder_2: none() }
  for (const { place, tensors, rank } of found) {
    const alpha = tensors.alpha === undefined ? (told[place.network] ?? rank) : await numberIn(file, tensors.alpha)
    const list = changes[place.network].get(place.name) ?? []
    changes[place.network].set(place.name, [...list, { file, tensors, rank, scale: (weight * alpha) / rank }])
  }
  return { changes }
}

/** What is wrong with the shapes of one matrix; undefined if nothing is. */
function shapeFault(file: Checkpoint, { shape }: Place, { down, up, mid }: Change['tensors']): string | undefined {
  const [out, ...inside] = shape as [number, ...number[]]
  const [a, b, core] = [down, up, mid].map((name) => (name === undefined ? undefined : file.info(name).shape)) as [
    number[],
    number[],
    number[]?,
  ]
  const rank = a[0] ?? 0
  const columns = product(core ? [a[1] ?? 0, ...core.slice(2)] : a.slice(1))
  const fits =
    b[0] === out &&
    columns === product(inside) &&
    rank > 0 &&
    product(b.slice(1)) === (core ? core[0] : rank) &&
    (!core || (core[1] === rank && product(a.slice(1)) === inside[0]))
  return fits
    ? undefined
    : `the model has [${shape.join(', ')}], the LoRA changes it by [${b.join(', ')}] · ${core ? `[${core.join(', ')}] · ` : ''}[${a.join(', ')}]`
}

const product = (sizes: readonly number[]): number => sizes.reduce((all, each) => all * each, 1)

/** @throws GeneraError for anything but one finite number */
async function numberIn(file: Checkpoint, tensor: string): Promise<number> {
  const { shape } = file.info(tensor)
  const value = product(shape) === 1 ? (await file.read(tensor)).at(0) : Number.NaN
  if (Number.isFinite(value)) return value
  throw new GeneraError(
    'LoraAlpha',
    `Cannot load ${quoted(tensor)} from ${file.file}: expected one finite number, found ${product(shape) === 1 ? value : `[${shape.join(', ')}]`}`,
  )
}

/** The alphas that newer versions of diffusers keep in the metadata, one for each network. */
function alphasTold(file: Checkpoint): Partial<Record<AdaptedNetwork, number>> {
  let told: unknown
  try {
    told = JSON.parse(file.metadata.get('lora_adapter_metadata') ?? '{}')
  } catch {
    return {}
  }
  if (typeof told !== 'object' || told === null) return {}
  const facts = told as Readonly<Record<string, unknown>>
  return Object.fromEntries(
    adaptedNetworks.flatMap((network) => {
      const alpha = facts[`${network}.lora_alpha`]
      return typeof alpha === 'number' && Number.isFinite(alpha) ? [[network, alpha]] : []
    }),
  )
}

/** What a LoRA was made for, by the names and widths that only that kind has. */
function baseOf(file: Checkpoint): string | undefined {
  const { names } = file
  const some = (pattern: RegExp) => names.some((name) => pattern.test(name))
  if (some(/(?:double|single)_blocks|single_transformer_blocks/)) return 'FLUX'
  if (some(/joint_blocks|^transformer\./)) return 'Stable Diffusion 3 or another model with a transformer in place of the U-Net'
  if (some(/^lora_te2_|^text_encoder_2\./) || some(/transformer_blocks[._][2-9]/)) return 'Stable Diffusion XL'
  const reader = names.find((name) => /attn2[._](?:processor\.)?to_k(?:_lora)?[._](?:lora[._])?(?:A|down)/.test(name))
  const width = reader === undefined ? undefined : file.info(reader).shape[1]
  const known: Readonly<Record<number, string>> = { 768: 'Stable Diffusion 1.x', 1024: 'Stable Diffusion 2.x', 2048: 'Stable Diffusion XL' }
  return width === undefined ? undefined : known[width]
}

/**
 * A network with its matrices changed by LoRAs: W + Σ scale·up·down, formed where the program is made, so that a step costs what it did before. Where
 * several change one matrix, their changes add up.
 */
export function withLoras({ source, path }: Scope, network: AdaptedNetwork, loras: readonly Lora[]): Scope {
  const changed = new Map<string, Tensor>()
  const inside = path ? path.length + 1 : 0
  const changesOf = (name: string): readonly Change[] => loras.flatMap(({ changes }) => changes[network].get(name.slice(inside)) ?? [])
  const adapted: ParameterSource = {
    parameter(request) {
      const changes = changesOf(request.name)
      if (changes.length === 0) return source.parameter(request)
      const known = changed.get(request.name)
      if (known) return known
      const merged = changes.reduce((sum, change) => sum.add(deltaOf(change, request.shape).cast(request.dtype)), source.parameter(request))
      changed.set(request.name, merged)
      return merged
    },
    project: (x, request, layout) => (changesOf(request.name).length > 0 ? undefined : source.project?.(x, request, layout)),
    has: (name) => source.has(name),
  }
  return new Scope(adapted, path)
}

/** What a change adds to a matrix of this shape. */
function deltaOf({ file, tensors: { down, up, mid }, rank, scale }: Change, shape: readonly number[]): Tensor {
  const [out, inside = 1, ...taps] = shape as [number, ...number[]]
  const part = (name: string, wanted: readonly number[]): Tensor => {
    const { region, dtype } = file.info(name)
    if (!region || !dtype)
      throw new GeneraError(
        'checkpoint-region',
        `Cannot run ${quoted(name)} straight out of ${file.file}`,
        'Convert it to F16 or F32 first',
      )
    return fileConstant(region, dtype, wanted, name).cast('float32')
  }
  if (mid === undefined)
    return part(up, [out, rank])
      .matmul(part(down, [rank, inside * product(taps)]))
      .reshape(shape)
      .mul(scale)
  // up·core·down: the core [outer, rank, taps] stands between, for each tap.
  const outer = file.info(mid).shape[0] as number
  const core = part(mid, [outer, rank, product(taps)]).transpose([2, 0, 1]) // [taps, outer, rank]
  const whole = part(up, [out, outer])
    .matmul(core)
    .matmul(part(down, [rank, inside])) // [taps, out, inside]
  return whole.transpose([1, 2, 0]).reshape(shape).mul(scale)
}
