import { countWords, trainBytePairs } from './train-bpe.js'

export interface TextTokenizerTraining {
  /** Entries in all: 256 bytes, the merges and the special tokens. */
  readonly vocabularySize: number
  /** Tokens that no text is cut into, such as the one that ends it; the last of the vocabulary, in this order. */
  readonly special: readonly string[]
}

/** GPT-2's words (Radford et al. 2019, section 2.2), but digits by themselves, so that numbers are spelled as they are reckoned with. */
const words = /'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+/u.source

/**
 * Learns byte pairs from texts and writes them as a tokenizer.json of the tokenizers library, which genera and everybody else can open. Any
 * text can be spelled in it.
 *
 * @throws TokenizerError when the size has no room for the bytes and the special tokens
 */
export function trainTextTokenizer(texts: Iterable<string>, { vocabularySize, special }: TextTokenizerTraining): string {
  const pattern = new RegExp(words, 'gu')
  const counts = countWords(texts, (text) => text.match(pattern) ?? [])
  const { vocabulary, merges } = trainBytePairs(counts, { vocabularySize, suffix: '', special })
  const added = special.map((content) => ({
    ...{ id: vocabulary.get(content), content, special: true },
    ...{ single_word: false, lstrip: false, rstrip: false, normalized: false },
  }))
  const spelled = Object.fromEntries([...vocabulary].filter(([token]) => !special.includes(token)))
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false }
  return JSON.stringify({
    ...{ version: '1.0', truncation: null, padding: null, added_tokens: added, normalizer: null },
    pre_tokenizer: {
      type: 'Sequence',
      pretokenizers: [{ type: 'Split', pattern: { Regex: words }, behavior: 'Isolated', invert: false }, byteLevel],
    },
    ...{ post_processor: null, decoder: { ...byteLevel, use_regex: true } },
    model: { type: 'BPE', dropout: null, unk_token: null, byte_fallback: false, vocab: spelled, merges: merges.map(([a, b]) => [a, b]) },
  })
}
