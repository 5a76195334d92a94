import { array, type NDArray } from '../../graph/ndarray.js'
import type { Checkpoint } from '../checkpoint.js'
import { CheckpointError, quoted } from '../checkpoint-error.js'
import { ownName } from './gguf-names.js'
import { type GgufEntry, type GgufOutgoing, type WritableGgufType, writeGguf } from './write-gguf.js'

export interface ExportOptions {
  /** Of the matrices; vectors stay F32, and matrices whose rows are no whole blocks become F16. */
  readonly type: WritableGgufType
  /** Contents of the config.json; by default what the checkpoint's metadata has as `config`. */
  readonly config?: string
  /** Further metadata, such as a tokenizer. */
  readonly metadata?: Readonly<Record<string, GgufEntry>>
}

type Config = Readonly<Record<string, unknown>>

/**
 * Writes a checkpoint of the families of Llama or Qwen (2, 3) as a GGUF file that llama.cpp reads. One tensor at a time is in memory.
 *
 *     await exportGguf('qwen.gguf', await openCheckpoint('Qwen2.5-0.5B'), { type: 'Q4_0', config })
 *
 * @throws CheckpointError for another family, and as `writeGguf`
 */
export async function exportGguf(path: string, file: Checkpoint, { type, config, metadata = {} }: ExportOptions): Promise<void> {
  const told = parsed(config ?? file.metadata.get('config'), path)
  const family = told.model_type === 'mistral' ? 'llama' : told.model_type
  if (family !== 'llama' && family !== 'qwen2' && family !== 'qwen3')
    throw problem(path, 'a configuration of the families llama, mistral, qwen2 or qwen3', quoted(String(family)))
  const heads = Number(told.num_attention_heads)
  const keyHeads = Number(told.num_key_value_heads ?? heads)
  const tied = told.tie_word_embeddings === true
  const tensors = file.names.flatMap((name): GgufOutgoing[] => {
    const own = ownName(name)
    if (own === undefined || (tied && own === 'output.weight')) return []
    const { shape } = file.info(name)
    const turned = family === 'llama' ? { q: heads, k: keyHeads }[/\.attn_([qk])\./.exec(own)?.[1] ?? ''] : undefined
    const fits = (shape.at(-1) as number) % 32 === 0
    return [
      {
        name: own,
        type: shape.length < 2 ? 'F32' : fits || type === 'F32' ? type : 'F16',
        shape,
        read: async () => (turned === undefined ? file.read(name) : withTurnedRows(await file.read(name), turned)),
      },
    ]
  })
  await writeGguf(path, tensors, { ...entriesOf(told, family, path), ...metadata })
}

function entriesOf(config: Config, family: string, path: string): Record<string, GgufEntry> {
  const rope = (config.rope_parameters ?? config.rope_scaling ?? {}) as Config
  const kind = String(rope.rope_type ?? rope.type ?? 'default')
  if (kind !== 'default' && kind !== 'linear' && kind !== 'yarn')
    throw problem(path, 'angles of the type default, linear or yarn', quoted(kind))
  const entries: Record<string, GgufEntry> = { 'general.architecture': family, 'general.alignment': 32 }
  const put = (key: string, value: unknown, float = false): void => {
    if (typeof value === 'number') entries[`${family}.${key}`] = float ? { f32: value } : value
  }
  put('context_length', config.max_position_embeddings)
  put('embedding_length', config.hidden_size)
  put('block_count', config.num_hidden_layers)
  put('feed_forward_length', config.intermediate_size)
  put('attention.head_count', config.num_attention_heads)
  put('attention.head_count_kv', config.num_key_value_heads ?? config.num_attention_heads)
  put('attention.layer_norm_rms_epsilon', config.rms_norm_eps ?? 1e-6, true)
  put('attention.key_length', config.head_dim)
  put('attention.value_length', config.head_dim)
  put('rope.freq_base', rope.rope_theta ?? config.rope_theta ?? 10_000, true)
  if (config.model_type === 'mistral') put('attention.sliding_window', config.sliding_window)
  put('vocab_size', config.vocab_size)
  if (kind !== 'default') {
    entries[`${family}.rope.scaling.type`] = kind
    put('rope.scaling.factor', rope.factor, true)
    put('rope.scaling.original_context_length', rope.original_max_position_embeddings)
  }
  return entries
}

/** Rows as rotary positions that turn neighbours have them: the inverse of what reading does. */
function withTurnedRows(values: NDArray, heads: number): NDArray {
  const rows = values.shape[0] as number
  const [width, length] = [rows / heads, values.length / rows]
  const from = values.cast('float32').data
  const out = new Float32Array(values.length)
  for (let row = 0; row < rows; row++) {
    const within = row % width
    const source = row - within + (within & 1) * (width / 2) + (within >> 1)
    out.set(from.subarray(source * length, (source + 1) * length), row * length)
  }
  return array(out, { shape: values.shape })
}

function parsed(text: string | undefined, path: string): Config {
  let value: unknown
  try {
    value = JSON.parse(text ?? '')
  } catch {
    throw problem(path, 'the contents of a config.json', text === undefined ? 'none' : 'something else')
  }
  if (typeof value === 'object' && value !== null) return value as Config
  throw problem(path, 'the contents of a config.json', typeof value)
}

const problem = (file: string, expected: string, found: string): CheckpointError =>
  new CheckpointError({ code: 'NotSupported', action: 'write', file, expected, found })
