import { files } from '#files'
import { type ClipTokenizer, embeddedTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import { printable } from '../../../weights/checkpoint-error.js'
import { CheckpointError, exists } from '../../../weights/index.js'
import type { PromptTokenizer } from './model.js'
import type { SingleFileFamily } from './single-file-names.js'
import type { StableDiffusionSize } from './sizes.js'

/** What fills the rest of a window for OpenCLIP's text tower: "!", the first token of its vocabulary. */
const openClipPadding = 0

/** How to get the vocabulary that all of them have. */
const published =
  'genera pull openai/clip-vit-large-patch14 --include vocab.json merges.txt prints the folder in which both files are then; copy them there'

export interface SingleFileTokenizers {
  readonly tokenizer: PromptTokenizer
  readonly secondTokenizer?: PromptTokenizer
}

/** The tokenizers of a single file's text towers; XL's two read the same tokens, and fill windows each in its way. */
export async function tokenizersFor(location: string, family: SingleFileFamily, size: StableDiffusionSize): Promise<SingleFileTokenizers> {
  const tokenizer = await tokenizerFor(location, family, size)
  if (family === 'xl-refiner') return { tokenizer: paddedWith(tokenizer, openClipPadding) }
  return { tokenizer, ...(family === 'xl' && { secondTokenizer: paddedWith(tokenizer, openClipPadding) }) }
}

/** A tokenizer with another token in place of its padding. */
function paddedWith(tokenizer: ClipTokenizer, padding: number): PromptTokenizer {
  const { vocabulary, context, start, end } = tokenizer
  const repadded = (text: ReturnType<ClipTokenizer['window']>) => ({
    ...text,
    ids: text.ids.map((id, i) => (text.attention[i] === 1 ? id : padding)),
  })
  return {
    vocabulary,
    context,
    start,
    end,
    padding,
    tokens: (text) => tokenizer.tokens(text),
    decode: (ids) => tokenizer.decode(ids),
    window: (tokens, truncated) => repadded(tokenizer.window(tokens, truncated)),
    encode: (text) => repadded(tokenizer.encode(text)),
  }
}

/** A single file has no vocabulary. It lies beside it, or comes with genera. */
async function tokenizerFor(location: string, family: SingleFileFamily, size: StableDiffusionSize): Promise<ClipTokenizer> {
  const defaults = { context: size.text.context, ...(family === '2.x' && { padding: '!' }) }
  const beside = (name: string) => files.beside(location, name)
  const places = [beside('tokenizer'), embeddedTokenizer('clip')]
  if ((await exists(beside('vocab.json'))) && (await exists(beside('merges.txt')))) places.splice(1, 0, beside('.'))
  for (const place of places) if (await exists(place)) return checkedVocabulary(await openTokenizer(place, defaults), location, size)
  throw new CheckpointError({
    code: 'FileNotFound',
    file: location,
    expected: `the vocabulary of its text encoder: vocab.json and merges.txt in the folder ${printable(beside('tokenizer'))}, or beside the file itself`,
    found: 'none',
    hint: `A single file holds no vocabulary, and 1.x, 2.x and XL have the same one: ${published}`,
  })
}

function checkedVocabulary(tokenizer: ClipTokenizer, file: string, { text }: StableDiffusionSize): ClipTokenizer {
  if (tokenizer.vocabulary === text.vocabulary) return tokenizer
  throw new CheckpointError({
    code: 'NotSupported',
    file,
    expected: `a vocabulary of ${text.vocabulary.toLocaleString('en')} tokens, as its text encoder has`,
    found: `one of ${tokenizer.vocabulary.toLocaleString('en')} beside it`,
    hint: 'Put the tokenizer of this model beside it',
  })
}
