import { files } from '#files'
import { compile, type NDArray, type Tensor } from '../../graph/index.js'
import { type CheckpointOptions, type Parameters, storedName } from '../../nn/index.js'
import { type Checkpoint, writeSafetensors } from '../../weights/index.js'
import type { CausalFamily } from './causal-family.js'

interface Scaling {
  readonly rank: number
  /** The product is scaled by alpha / rank. */
  readonly alpha: number
}

const down = '.lora_A.weight'

/** The matrices that an adapter changes, with the change in them: W + B·A·alpha / rank, by the model's names. */
export async function mergedMatrices(
  adapter: Parameters,
  file: Checkpoint,
  { spelling, rank, alpha, family }: Scaling & { readonly spelling: CheckpointOptions; readonly family: CausalFamily },
): Promise<Parameters> {
  const merge = compile((weight: Tensor, a: Tensor, b: Tensor) => {
    const change = b.matmul(a).mul(alpha / rank)
    return weight.add(family.layout === 'in-out' ? change.transpose() : change)
  })
  const merged: Record<string, NDArray> = {}
  for (const [name, a] of Object.entries(adapter)) {
    if (!name.endsWith(down)) continue
    const matrix = name.slice(0, -down.length)
    const weight = (await file.read(storedName(`${matrix}.weight`, spelling))).cast('float32')
    merged[`${matrix}.weight`] = await merge(weight, a, adapter[`${matrix}.lora_B.weight`] as NDArray)
  }
  await merge.dispose()
  return merged
}

/** The adapter by itself, as the PEFT library writes and reads it. */
export async function writeAdapter(
  folder: string,
  adapter: Parameters,
  { rank, alpha, base, family }: Scaling & { readonly base: string; readonly family: CausalFamily },
): Promise<string[]> {
  // PEFT names what the reference's own module names are; a family's files may leave out their beginning.
  const beginning = family.spellings.find(({ prefix }) => prefix)?.prefix ?? ''
  const weights = files.within(folder, 'adapter_model.safetensors')
  const config = files.within(folder, 'adapter_config.json')
  const modules = Object.keys(adapter).flatMap((name) => (name.endsWith(down) ? [name.slice(0, -down.length).split('.').at(-1)] : []))
  const settings = {
    ...{
      peft_type: 'LORA',
      task_type: 'CAUSAL_LM',
      base_model_name_or_path: base,
      r: rank,
      lora_alpha: alpha,
      lora_dropout: 0,
      bias: 'none',
    },
    ...{ fan_in_fan_out: family.layout === 'in-out', target_modules: [...new Set(modules)].sort(), inference_mode: true },
  }
  await writeSafetensors(
    weights,
    Object.entries(adapter).map(([name, value]) => [`base_model.model.${beginning}${name}`, value] as const),
    { metadata: { format: 'pt' } },
  )
  await files.write([{ location: config, chunks: [new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`)] }])
  return [weights, config]
}
