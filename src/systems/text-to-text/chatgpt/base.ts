import type { LlamaSize } from '../../../backbones/index.js'
import { textWorld, type WorldDocument } from '../../../diorama/language/text-world.js'
import { trainTextTokenizer } from '../../../tokenizers/index.js'

/** Ends a text, and each answer of a dialogue. */
const end = '<|end|>'

/** What is said before a dialogue describes the scene that it is about, as in the texts that the model has read. */
const template = `{% for message in messages %}{% if message.role == 'system' %}{{ message.content }}
{% elif message.role == 'user' %}User: {{ message.content }}
{% else %}Assistant: {{ message.content }}${end}
{% endif %}{% endfor %}{% if add_generation_prompt %}Assistant:{% endif %}`

/** `vocabulary` is how many entries there are at most, with the bytes and the token that ends a text. */
type BaseSize = Pick<LlamaSize, 'vocabulary' | 'context' | 'width' | 'layers' | 'heads' | 'keyValueHeads' | 'hidden'>

/** The embedded decoder: Llama's layout with tied embeddings, 2.6 million parameters. */
const baseSize: BaseSize = { vocabulary: 1024, context: 512, width: 192, layers: 6, heads: 4, keyValueHeads: 2, hidden: 512 }

/** A document as the decoder reads it: what an assistant says comes to an end each time. */
export const documentText = ({ kind, text }: WorldDocument): string =>
  kind === 'dialogue' || kind === 'requests' ? text.replace(/^Assistant: .*$/gm, `$&${end}`) : text

/** Documents of the text world from an index on. */
export function* worldTexts(count: number, seed: number): Generator<string> {
  const world = textWorld({ seed })
  for (let i = 0; i < count; i++) yield documentText(world(i))
}

/** All that makes a folder a model in the layout of the transformers library, but for the weights: contents by file name. */
export function baseFolder(texts: Iterable<string>, size: BaseSize = baseSize): Readonly<Record<string, string>> {
  const tokenizer = trainTextTokenizer(texts, { vocabularySize: size.vocabulary, special: [end] })
  // Few texts have fewer pairs than the vocabulary has room for; the token that ends a text is the last in any case.
  const endToken = JSON.parse(tokenizer).added_tokens[0].id as number
  const written = (value: object): string => `${JSON.stringify(value, null, 2)}\n`
  return {
    'tokenizer.json': tokenizer,
    'tokenizer_config.json': written({ tokenizer_class: 'PreTrainedTokenizerFast', eos_token: end, chat_template: template }),
    // At temperature 1 a small model strays.
    'generation_config.json': written({ do_sample: true, temperature: 0.5, top_p: 0.9 }),
    'config.json': written({
      architectures: ['LlamaForCausalLM'],
      model_type: 'llama',
      vocab_size: endToken + 1,
      max_position_embeddings: size.context,
      hidden_size: size.width,
      num_hidden_layers: size.layers,
      num_attention_heads: size.heads,
      num_key_value_heads: size.keyValueHeads,
      intermediate_size: size.hidden,
      hidden_act: 'silu',
      rms_norm_eps: 1e-5,
      rope_theta: 10_000,
      tie_word_embeddings: true,
      bos_token_id: null,
      eos_token_id: endToken,
    }),
  }
}
