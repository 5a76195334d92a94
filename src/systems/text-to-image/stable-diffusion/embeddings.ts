import { concat, constant, GeneraError, NDArray } from '../../../graph/index.js'
import { type ParameterSource, Scope } from '../../../nn/index.js'
import { printable, quoted } from '../../../weights/checkpoint-error.js'
import { type Checkpoint, openCheckpoint } from '../../../weights/index.js'
import type { PromptTokenizer, StableDiffusionModel } from './model.js'

/** A word that was learnt for a text encoder, or for both of XL's (textual inversion, Gal et al. 2022). */
export interface LearntWord {
  /** As it is written in prompts. */
  readonly word: string
  /** [tokens, width]: what stands in the place of a token's row. */
  readonly vectors: NDArray
  /** The same for the second text encoder. */
  readonly second?: NDArray
}

/** Nobody's prompt has room for more. */
const mostVectors = 75
const longestWord = 200
const baseOfWidth: Readonly<Record<number, string>> = { 768: 'Stable Diffusion 1.x', 1024: 'Stable Diffusion 2.x' }

/**
 * Opens a learnt word for a model: a file of diffusers (one tensor, called as the word), of AUTOMATIC1111's web interface (`string_to_param`, or
 * `emb_params`, where the file is called as the word), or for the two text encoders of XL (`clip_l` and `clip_g`).
 *
 * @param width of the text encoder's states
 * @param second the same of XL's second text encoder
 * @throws GeneraError for a file that is none, or was made for another text encoder
 */
export async function openEmbedding(location: string, width: number, second?: number): Promise<LearntWord> {
  const file = await openCheckpoint(location)
  const fault: Fault = (expected, found, hint) =>
    new GeneraError('Embedding', `Cannot use the embedding ${printable(location)}: expected ${expected}, found ${found}`, hint)
  const double = file.has('clip_l') && file.has('clip_g')
  if (!double && (file.has('clip_l') || file.has('clip_g')))
    throw fault('the tensors clip_l and clip_g, for both text encoders of XL', 'one of them')
  if (double && second === undefined)
    throw fault('one for a single text encoder', 'one for two text encoders, as Stable Diffusion XL has them')
  if (!double && second !== undefined)
    throw fault('the tensors clip_l and clip_g, for both text encoders of XL', 'one for a single text encoder')
  const { tensor, word } = double ? { tensor: 'clip_l', word: stemOf(location) } : wordIn(file, location)
  if (tensor === undefined)
    throw fault(
      'one tensor, called as its word',
      `${file.names.length} (first ${quoted(file.names[0] ?? '')})`,
      'For a LoRA use --lora, for a model --checkpoint',
    )
  const vectors = await vectorsIn(file, tensor, width, fault)
  const other = second === undefined ? undefined : await vectorsIn(file, 'clip_g', second, fault)
  if (other && other.shape[0] !== vectors.shape[0])
    throw fault('as many vectors for either text encoder', `${vectors.shape[0]} and ${other.shape[0]}`)
  if (word.trim() === '' || word.length > longestWord) throw fault(`a word of 1 to ${longestWord} characters`, quoted(word))
  return { word, vectors, ...(other && { second: other }) }
}

type Fault = (expected: string, found: string, hint?: string) => GeneraError

async function vectorsIn(file: Checkpoint, tensor: string, width: number, fault: Fault): Promise<NDArray> {
  const { shape } = file.info(tensor)
  const [count, found] = shape.length === 1 ? [1, shape[0]] : shape
  const base = found === undefined ? undefined : baseOfWidth[found]
  if (shape.length > 2 || found !== width || count === undefined || count < 1 || count > mostVectors)
    throw fault(
      `1 to ${mostVectors} vectors of ${width} numbers, as this text encoder has`,
      `[${shape.join(', ')}]`,
      base && `Its width is that of ${base}`,
    )
  const vectors = (await file.read(tensor)).cast('float32').reshape([count, width])
  if (!vectors.data.every(Number.isFinite)) throw fault('finite numbers', 'others')
  return vectors
}

const stemOf = (location: string): string => location.replace(/^.*[/\\]/, '').replace(/\.[^.]*$/, '')

function wordIn(file: Checkpoint, location: string): { readonly tensor: string | undefined; readonly word: string } {
  const stem = stemOf(location)
  if (file.has('emb_params')) return { tensor: 'emb_params', word: stem }
  const ours = file.names.find((name) => name.startsWith('string_to_param.'))
  if (ours !== undefined) return { tensor: ours, word: file.metadata.get('name') ?? stem }
  const [only = ''] = file.names
  return file.names.length === 1 ? { tensor: only, word: only } : { tensor: undefined, word: '' }
}

/** A model whose text encoders and tokenizers know some more words. */
export async function withEmbeddings(model: StableDiffusionModel, locations: readonly string[]): Promise<StableDiffusionModel> {
  if (locations.length === 0) return model
  const { scopes, size, tokenizer, secondTokenizer } = model
  const learnt = await Promise.all(locations.map((location) => openEmbedding(location, size.text.width, size.second?.width)))
  const words = new Map<string, number[]>()
  let next = size.text.vocabulary
  for (const { word, vectors } of learnt) {
    if (words.has(word.toLowerCase()))
      throw new GeneraError(
        'Embedding',
        `Cannot use two embeddings for the word ${quoted(word)}`,
        'Rename one of the files, or leave it out',
      )
    words.set(
      word.toLowerCase(),
      Array.from({ length: vectors.shape[0] as number }, () => next++),
    )
  }
  // The new tokens are larger than the one that ends a text.
  const larger = <Size extends StableDiffusionModel['size']['text']>(text: Size): Size => ({
    ...text,
    vocabulary: next,
    end: tokenizer.end,
  })
  const { second } = size
  const others = learnt.flatMap(({ second }) => second ?? [])
  return {
    ...model,
    scopes: {
      ...scopes,
      text_encoder: withRows(scopes.text_encoder, joinedRows(learnt.map(({ vectors }) => vectors)), size.text.vocabulary),
      ...(second && scopes.text_encoder_2 && { text_encoder_2: withRows(scopes.text_encoder_2, joinedRows(others), second.vocabulary) }),
    },
    size: { ...size, text: larger(size.text), ...(second && { second: larger(second) }) },
    tokenizer: tokenizerWithWords(tokenizer, words),
    ...(secondTokenizer && { secondTokenizer: tokenizerWithWords(secondTokenizer, words) }),
  }
}

function joinedRows(learnt: readonly NDArray[]): NDArray {
  const width = learnt[0]?.shape[1] as number
  const rows = learnt.flatMap((vectors) => Array.from(vectors.cast('float32').data))
  return new NDArray('float32', [rows.length / width, width], new Float32Array(rows))
}

/** A text encoder whose table of tokens goes on with these rows. */
function withRows({ source, path }: Scope, rows: NDArray, vocabulary: number): Scope {
  const table = `${path ? `${path}.` : ''}text_model.embeddings.token_embedding.weight`
  const longer: ParameterSource = {
    parameter(request) {
      if (request.name !== table) return source.parameter(request)
      const own = source.parameter({ ...request, shape: [vocabulary, request.shape[1] as number] })
      return concat([own, constant(rows).cast(request.dtype)], 0)
    },
    has: (name) => source.has(name),
    ...(source.project && { project: source.project.bind(source) }),
  }
  return new Scope(longer, path)
}

/** A tokenizer that knows some words more, whatever their case; each stands for one token or more. */
export function tokenizerWithWords(tokenizer: PromptTokenizer, words: ReadonlyMap<string, readonly number[]>): PromptTokenizer {
  const longestFirst = [...words.keys()].sort((a, b) => b.length - a.length)
  const escaped = longestFirst.map((word) => word.replace(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${escaped.join('|')})(?![\\p{L}\\p{N}])`, 'giu')
  const spelled = new Map([...words].flatMap(([word, ids]) => ids.map((id, i) => [id, i === 0 ? word : ''] as const)))
  const tokens = (text: string): number[] =>
    text.split(pattern).flatMap((section, i) => (i % 2 === 1 ? [...(words.get(section.toLowerCase()) ?? [])] : tokenizer.tokens(section)))
  const room = tokenizer.context - 2
  const decode = (ids: Iterable<number>): string => {
    const parts: string[] = []
    let plain: number[] = []
    for (const id of [...ids, undefined]) {
      const word = id === undefined ? '' : spelled.get(id)
      if (id !== undefined && word === undefined) plain.push(id)
      else {
        parts.push(tokenizer.decode(plain), word ?? '')
        plain = []
      }
    }
    return parts.filter(Boolean).join(' ')
  }
  const { context, start, end, padding, window: around } = { ...tokenizer, window: tokenizer.window.bind(tokenizer) }
  return {
    vocabulary: tokenizer.vocabulary + spelled.size,
    context,
    start,
    end,
    padding,
    tokens,
    decode,
    window: around,
    encode(text) {
      const all = tokens(text)
      return around(all.slice(0, room), all.length > room ? decode(all.slice(room)) : undefined)
    },
  }
}
