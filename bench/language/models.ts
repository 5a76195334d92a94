import { writeFileSync } from 'node:fs'
import { causalFamily } from '../../src/backbones/language/index.js'
import { array, type NDArray, placeholder } from '../../src/graph/index.js'
import { parametersOf } from '../../src/nn/index.js'
import { byteAlphabet } from '../../src/tokenizers/index.js'
import { type Checkpoint, exportGguf, type GgufEntry } from '../../src/weights/index.js'

/** The shape of Qwen2.5-0.5B. */
export const qwenConfig = {
  model_type: 'qwen2',
  vocab_size: 151_936,
  hidden_size: 896,
  intermediate_size: 4864,
  num_hidden_layers: 24,
  num_attention_heads: 14,
  num_key_value_heads: 2,
  max_position_embeddings: 32_768,
  rms_norm_eps: 1e-6,
  rope_theta: 1_000_000,
  tie_word_embeddings: true,
}

/** Weights at random, the same each time. Nothing but speed is measured, so one stretch of numbers serves all tensors. */
function randomWeights(): Checkpoint {
  const shapes = parametersOf((scope) => causalFamily(JSON.stringify(qwenConfig)).network(scope, placeholder([1, 1], 'int32')))
  const stretch = new Float32Array(2 ** 20)
  let state = 1
  for (let i = 0; i < stretch.length; i++) {
    state = Math.imul(state, 1_664_525) + 1_013_904_223
    stretch[i] = state / 2 ** 31 / 30
  }
  const shapeOf = (name: string): readonly number[] => shapes.get(name)?.shape ?? []
  const read = (name: string): NDArray => {
    const shape = shapeOf(name)
    const out = new Float32Array(shape.reduce((a, b) => a * b, 1))
    if (/norm/.test(name)) out.fill(1)
    else for (let at = 0; at < out.length; at += stretch.length) out.set(stretch.subarray(0, Math.min(stretch.length, out.length - at)), at)
    return array(out, { shape })
  }
  return {
    file: 'random weights',
    names: [...shapes.keys()],
    metadata: new Map([['config', JSON.stringify(qwenConfig)]]),
    has: (name) => shapes.has(name),
    info: (name) => ({
      dtype: 'float32',
      storage: 'F32',
      shape: shapeOf(name),
      file: 'random weights',
      offset: 0,
      length: 0,
      region: undefined,
    }),
    read: async (name) => read(name),
    close: async () => {},
  }
}

/** As many tokens as the model has: the bytes, and names for the rest. llama.cpp opens no model without some. */
function tokenizer(): Record<string, GgufEntry> {
  const tokens = Array.from({ length: qwenConfig.vocab_size }, (_, id) => byteAlphabet[id] ?? `<${id}>`)
  return {
    'tokenizer.ggml.model': 'gpt2',
    'tokenizer.ggml.pre': 'qwen2',
    'tokenizer.ggml.tokens': tokens,
    'tokenizer.ggml.token_type': { i32: tokens.map(() => 1) },
    'tokenizer.ggml.merges': [`${byteAlphabet[0]} ${byteAlphabet[1]}`],
    'tokenizer.ggml.eos_token_id': qwenConfig.vocab_size - 1,
  }
}

/** The model that both engines read, which are given tokens and no text. */
export const writeQwen = (path: string): Promise<void> => exportGguf(path, randomWeights(), { type: 'Q4_0', metadata: tokenizer() })

/** GPT-2, 124 million parameters, as the transformers library describes it. */
export function writeGpt2Config(folder: string): void {
  writeFileSync(
    `${folder}/config.json`,
    JSON.stringify({
      model_type: 'gpt2',
      architectures: ['GPT2LMHeadModel'],
      vocab_size: 50_257,
      n_positions: 1024,
      n_embd: 768,
      n_layer: 12,
      n_head: 12,
    }),
  )
}
