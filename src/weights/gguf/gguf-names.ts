import { CheckpointError, quoted } from '../checkpoint-error.js'
import type { GgufHeader, GgufTensor } from './gguf-header.js'

/** Tensors under the names that a model asks for. */
export type GgufNames = ReadonlyMap<
  string,
  {
    readonly tensor: GgufTensor
    /** The heads whose rows stand in the order of rotary positions that turn neighbours. */
    readonly turned?: number | undefined
  }
>

/** The families whose names are known. Llama's file also holds Mistral, SmolLM and others that are built alike. */
export const ggufFamilies = ['llama', 'qwen2', 'qwen3'] as const
export type GgufFamily = (typeof ggufFamilies)[number]

/** The family of a file; undefined for one whose tensors keep their names. */
export const familyOf = ({ metadata }: GgufHeader): GgufFamily | undefined =>
  ggufFamilies.find((family) => family === metadata.get('general.architecture'))

const whole: Readonly<Record<string, string>> = {
  token_embd: 'model.embed_tokens',
  output_norm: 'model.norm',
  output: 'lm_head',
}

const inLayers: Readonly<Record<string, string>> = {
  attn_norm: 'input_layernorm',
  attn_q: 'self_attn.q_proj',
  attn_k: 'self_attn.k_proj',
  attn_v: 'self_attn.v_proj',
  attn_output: 'self_attn.o_proj',
  attn_q_norm: 'self_attn.q_norm',
  attn_k_norm: 'self_attn.k_norm',
  ffn_norm: 'post_attention_layernorm',
  ffn_gate: 'mlp.gate_proj',
  ffn_up: 'mlp.up_proj',
  ffn_down: 'mlp.down_proj',
}

/** Holds what the configuration says as well: the stretching of the angles of Llama 3. */
export const angleFactors = 'rope_freqs.weight'

/** What the transformers library calls a tensor; the name as it is where that is not known. */
export function publishedName(name: string): string {
  const [, part = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? []
  const [, layer, inner = ''] = /^blk\.(0|[1-9][0-9]{0,5})\.([a-z_]+)$/.exec(part) ?? []
  if (layer !== undefined) return Object.hasOwn(inLayers, inner) ? `model.layers.${layer}.${inLayers[inner]}.${kind}` : name
  return Object.hasOwn(whole, part) ? `${whole[part]}.${kind}` : name
}

const ownOf = (table: Readonly<Record<string, string>>, published: string): string | undefined =>
  Object.keys(table).find((own) => table[own] === published)

/** The inverse of `publishedName`; undefined for a tensor that these files have no name for. */
export function ownName(name: string): string | undefined {
  const [, part = '', kind = ''] = /^(.*)\.(weight|bias)$/.exec(name) ?? []
  const [, layer, inner = ''] = /^model\.layers\.([0-9]+)\.(.+)$/.exec(part) ?? []
  const own = layer === undefined ? ownOf(whole, part) : ownOf(inLayers, inner)
  return own === undefined ? undefined : `${layer === undefined ? '' : `blk.${layer}.`}${own}.${kind}`
}

/** @throws CheckpointError if two tensors get one name, or if heads do not divide their rows */
export function namesOf(header: GgufHeader, file: string): GgufNames {
  const family = familyOf(header)
  if (!family) return new Map([...header.tensors].map(([name, tensor]) => [name, { tensor }]))
  const found = new Map<string, { tensor: GgufTensor; turned?: number | undefined }>()
  for (const [own, tensor] of header.tensors) {
    if (own === angleFactors) continue
    const name = publishedName(own)
    if (found.has(name))
      throw new CheckpointError({
        code: 'InvalidHeader',
        file,
        tensor: own,
        expected: 'a name of its own',
        found: `that of ${quoted(name)}`,
      })
    found.set(name, { tensor, turned: family === 'llama' ? headsTurned(own, tensor, header, file) : undefined })
  }
  return found
}

function headsTurned(name: string, { shape }: GgufTensor, { metadata }: GgufHeader, file: string): number | undefined {
  const which = /^blk\.[0-9]+\.attn_([qk])\.(?:weight|bias)$/.exec(name)?.[1]
  if (which === undefined) return undefined
  const all = metadata.get('llama.attention.head_count')
  const heads = which === 'q' ? all : (metadata.get('llama.attention.head_count_kv') ?? all)
  const rows = shape[0] as number
  if (typeof heads === 'number' && heads > 0 && rows % heads === 0 && (rows / heads) % 2 === 0) return heads
  throw new CheckpointError({
    code: 'TensorInvalidInfo',
    file,
    tensor: name,
    expected: `${rows} rows that are whole heads of an even width`,
    found: `${String(heads).slice(0, 40)} heads`,
  })
}
