import { files } from '#files'
import { compile, type NDArray, type Tensor } from '../../graph/index.js'
import type { Parameters } from '../../nn/index.js'
import { writeSafetensors } from '../../weights/index.js'
import type { CausalFamily } from './causal-family.js'

/** Matrices of a low rank that were trained beside frozen ones. */
export interface Adapter {
  /** `<matrix>.lora_A.weight` and `<matrix>.lora_B.weight`, by the model's names. */
  readonly matrices: Parameters
  readonly rank: number
  /** The product is scaled by alpha / rank. */
  readonly alpha: number
  /** Where the frozen weights are. */
  readonly base: string
  readonly family: CausalFamily
}

const down = '.lora_A.weight'

/** The matrices that an adapter changes, with the change in them: W + B·A·alpha / rank. `weights` are all of the model's. */
export async function mergedMatrices({ matrices, rank, alpha, family }: Adapter, weights: Parameters): Promise<Parameters> {
  const merge = compile((weight: Tensor, a: Tensor, b: Tensor) => {
    const change = b.matmul(a).mul(alpha / rank)
    return weight.add(family.layout === 'in-out' ? change.transpose() : change)
  })
  const merged: Record<string, NDArray> = {}
  for (const [name, a] of Object.entries(matrices)) {
    if (!name.endsWith(down)) continue
    const matrix = name.slice(0, -down.length)
    const weight = weights[`${matrix}.weight`] as NDArray
    merged[`${matrix}.weight`] = await merge(weight, a, matrices[`${matrix}.lora_B.weight`] as NDArray)
  }
  await merge.dispose()
  return merged
}

/** The adapter by itself, as the PEFT library writes and reads it. */
export async function writeAdapter(folder: string, { matrices, rank, alpha, base, family }: Adapter): Promise<string[]> {
  // PEFT names what the reference's own module names are; a family's files may leave out their beginning.
  const beginning = family.spellings.find(({ prefix }) => prefix)?.prefix ?? ''
  const weights = files.within(folder, 'adapter_model.safetensors')
  const config = files.within(folder, 'adapter_config.json')
  const modules = Object.keys(matrices).flatMap((name) => (name.endsWith(down) ? [name.slice(0, -down.length).split('.').at(-1)] : []))
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
    Object.entries(matrices).map(([name, value]) => [`base_model.model.${beginning}${name}`, value] as const),
    { metadata: { format: 'pt' } },
  )
  await files.write([{ location: config, chunks: [new TextEncoder().encode(`${JSON.stringify(settings, null, 2)}\n`)] }])
  return [weights, config]
}
