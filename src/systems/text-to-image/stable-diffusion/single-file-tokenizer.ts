import { files } from '#files'
import { type ClipTokenizer, embeddedTokenizer, openTokenizer } from '../../../tokenizers/index.js'
import { CheckpointError, exists } from '../../../weights/index.js'
import type { PromptTokenizer } from './model.js'
import type { SingleFileFamily } from './single-file-names.js'
import type { StableDiffusionSize } from './sizes.js'

/** What fills the rest of a window for OpenCLIP's text tower: "!", the first token of its vocabulary. */
const openClipPadding = 0

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
    expected: 'the vocabulary of its text encoder beside it: a folder tokenizer with vocab.json and merges.txt',
    found: 'none',
    hint: 'A single file holds no vocabulary. Download the folder tokenizer of any Stable Diffusion in the layout of diffusers, or of openai/clip-vit-large-patch14',
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
