import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { causalFamily, encoderDecoderFamily } from '../../src/backbones/language/index.js'
import { placeholder } from '../../src/graph/index.js'
import { initialise } from '../../src/nn/index.js'
import { byteAlphabet, byteFor } from '../../src/tokenizers/byte-alphabet.js'
import { writeSafetensors } from '../../src/weights/index.js'

const special = ['<|end|>', '<|turn|>', '<|pad|>'] as const
/** The tokens of the folders' tokenizers: the 256 bytes, and three special ones. */
export const folderTokens = { size: 256 + special.length, end: 256, turn: 257, pad: 258 } as const

const template = `{% if tools %}tools: {{ tools | tojson }}
{% endif %}{% for message in messages %}<|turn|>{{ message.role }}: {{ message.content }}<|end|>{% endfor %}{% if add_generation_prompt %}<|turn|>assistant: {% endif %}`

/** The tokenizer of bytes, as a tokenizer.json. */
export const byteTokenizer = (): object => ({
  version: '1.0',
  added_tokens: special.map((content, i) => ({
    id: 256 + i,
    content,
    single_word: false,
    lstrip: false,
    rstrip: false,
    normalized: false,
    special: true,
  })),
  normalizer: null,
  pre_tokenizer: { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: true },
  post_processor: null,
  decoder: { type: 'ByteLevel', add_prefix_space: true, trim_offsets: true, use_regex: true },
  model: { type: 'BPE', vocab: Object.fromEntries(byteAlphabet.map((letter) => [letter, byteFor(letter)])), merges: [] },
})

export interface FolderOptions {
  /** Keys of config.json that differ from a small Llama's. */
  readonly config?: object
  /** The chat template; null for none. */
  readonly chat?: string | null
  readonly seed?: number
}

/** Writes a folder as published models have it: a small network with random weights, a tokenizer of bytes, a chat template. */
export async function languageFolder(folder: string, { config = {}, chat = template, seed = 5 }: FolderOptions = {}): Promise<string> {
  const whole = JSON.stringify({
    model_type: 'llama',
    vocab_size: folderTokens.size,
    hidden_size: 32,
    intermediate_size: 48,
    num_hidden_layers: 2,
    num_attention_heads: 4,
    num_key_value_heads: 2,
    max_position_embeddings: 512,
    rms_norm_eps: 1e-5,
    tie_word_embeddings: false,
    eos_token_id: folderTokens.end,
    ...config,
  })
  const t5 = JSON.parse(whole).model_type === 't5'
  const describe = t5
    ? encoderDecoderFamily(whole).describe
    : (scope: Parameters<ReturnType<typeof causalFamily>['network']>[0]) => causalFamily(whole).network(scope, placeholder([1, 1], 'int32'))
  await mkdir(folder, { recursive: true })
  await writeFile(join(folder, 'config.json'), whole)
  await writeFile(join(folder, 'tokenizer.json'), JSON.stringify(byteTokenizer()))
  await writeFile(join(folder, 'tokenizer_config.json'), JSON.stringify(chat === null ? {} : { chat_template: chat }))
  await writeSafetensors(join(folder, 'model.safetensors'), Object.entries(initialise(describe, { seed })))
  return folder
}
