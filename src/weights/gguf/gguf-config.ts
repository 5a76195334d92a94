import { CheckpointError } from '../checkpoint-error.js'
import type { OpenFile } from '../files.js'
import type { GgufHeader, GgufTensor, GgufValue } from './gguf-header.js'
import { angleFactors, familyOf } from './gguf-names.js'

type Configuration = Record<string, unknown>

/** The most numbers of a table of angles: half the width of a head. */
const longestTable = 4096

/**
 * What a file says of its network, in the words of a config.json of the transformers library; undefined for other families. Whether the values make
 * sense is for the reader of such configurations to say.
 */
export async function configurationOf(header: GgufHeader, file: OpenFile): Promise<Configuration | undefined> {
  const family = familyOf(header)
  if (!family) return undefined
  const { metadata, tensors } = header
  const own = (key: string): GgufValue | undefined => metadata.get(`${family}.${key}`)
  const given = (key: string, value: unknown): Configuration => (value === undefined ? {} : { [key]: value })
  const heads = own('attention.head_count')
  const width = own('embedding_length')
  const headWidth = own('attention.key_length') ?? own('rope.dimension_count')
  const window = own('attention.sliding_window')
  const ends = ['eos', 'eot', 'eom'].map((end) => metadata.get(`tokenizer.ggml.${end}_token_id`)).filter((id) => id !== undefined)
  return {
    // Mistral's files are Llama's with a window.
    model_type: family === 'llama' && window !== undefined ? 'mistral' : family,
    vocab_size: tensors.get('token_embd.weight')?.shape[0],
    hidden_size: width,
    intermediate_size: own('feed_forward_length'),
    num_hidden_layers: own('block_count'),
    num_attention_heads: heads,
    ...given('num_key_value_heads', own('attention.head_count_kv')),
    ...given('head_dim', headWidth),
    max_position_embeddings: own('context_length'),
    ...given('rms_norm_eps', rounded(own('attention.layer_norm_rms_epsilon'))),
    ...given('rope_theta', own('rope.freq_base')),
    ...given('rope_scaling', await scalingOf(header, own, file)),
    ...given('sliding_window', window),
    attention_bias: tensors.has('blk.0.attn_output.bias'),
    tie_word_embeddings: !tensors.has('output.weight'),
    ...given('bos_token_id', metadata.get('tokenizer.ggml.bos_token_id')),
    eos_token_id: [...new Set(ends)],
  }
}

/** A float32 as the decimal number that was meant: 1e-5 and not 9.999999747e-6. */
const rounded = (value: GgufValue | undefined): GgufValue | undefined =>
  typeof value === 'number' && Number.isFinite(value) ? Number(value.toPrecision(7)) : value

async function scalingOf(
  { tensors, metadata }: GgufHeader,
  own: (key: string) => GgufValue | undefined,
  file: OpenFile,
): Promise<Configuration | undefined> {
  const factors = tensors.get(angleFactors)
  if (factors) return llama3Scaling(await factorsIn(factors, file), Number(own('rope.freq_base') ?? 10_000), file)
  const type = own('rope.scaling.type')
  if (type === undefined || type === 'none') return undefined
  const trained = own('rope.scaling.original_context_length')
  return {
    rope_type: type,
    factor: own('rope.scaling.factor') ?? metadata.get('rope.scaling.factor'),
    ...(trained !== undefined && { original_max_position_embeddings: trained }),
  }
}

async function factorsIn({ type, shape, offset, length }: GgufTensor, file: OpenFile): Promise<Float32Array> {
  const [count = 0] = shape
  if (type !== 'F32' || shape.length !== 1 || count > longestTable)
    throw new CheckpointError({
      code: 'TensorInvalidInfo',
      file: file.name,
      tensor: angleFactors,
      expected: `F32 [at most ${longestTable}]`,
      found: `${type} [${shape.join(', ')}]`,
    })
  return new Float32Array((await file.read(offset, length)).buffer)
}

/**
 * Llama 3 stretches slow angles by a factor, leaves fast ones, and blends in between. Files hold the result for each angle and not what it comes
 * from: the factor is the largest of them, and the rest is the same in all published models (3.1, 3.2, 3.3), which is checked here.
 */
function llama3Scaling(factors: Float32Array, theta: number, file: OpenFile): Configuration {
  const factor = factors.reduce((a, b) => Math.max(a, b), 1)
  const [lowest, highest, trained] = [1, 4, 8192]
  for (const [i, found] of factors.entries()) {
    const wavelength = 2 * Math.PI * theta ** (i / factors.length)
    const smooth = Math.min(Math.max((trained / wavelength - lowest) / (highest - lowest), 0), 1)
    const wanted = 1 / ((1 - smooth) / factor + smooth)
    if (!(Math.abs(found - wanted) <= 1e-3 * wanted))
      throw new CheckpointError({
        code: 'NotSupported',
        file: file.name,
        tensor: angleFactors,
        expected: `the angles of Llama 3, ${wanted.toPrecision(5)} as factor ${i}`,
        found: `${found}`,
      })
  }
  return {
    rope_type: 'llama3',
    factor,
    low_freq_factor: lowest,
    high_freq_factor: highest,
    original_max_position_embeddings: trained,
  }
}
