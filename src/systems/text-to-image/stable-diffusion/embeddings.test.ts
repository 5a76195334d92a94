import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { drawn, expectClose, references, withVocabulary, written } from '../../../../tests/support/single-file.js'
import { clipText } from '../../../backbones/index.js'
import { array, compile, fill, type NDArray, type Tensor } from '../../../graph/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { openCheckpoint } from '../../../weights/index.js'
import { openStableDiffusion } from './checkpoint.js'
import { openEmbedding, tokenizerWithWords, withEmbeddings } from './embeddings.js'
import type { StableDiffusionModel } from './model.js'
import { encodePrompt } from './prompt.js'

const webInterface = fileURLToPath(new URL('../../../../tests/fixtures/pickle/embedding.pt', import.meta.url))
const file = (name: string, tensors: Record<string, NDArray>): string => written(name, tensors, { tokenizer: false })

describe('openEmbedding()', () => {
  it('reads the file of the web interface, and its word', async () => {
    const { word, vectors } = await openEmbedding(webInterface, 4)
    expect([word, vectors.toNested()]).toEqual(['a-thing', [Array(4).fill(1), Array(4).fill(1)]])
  })

  it('reads the files of diffusers, and those without a word of their own', async () => {
    const one = await openEmbedding(file('x.safetensors', { '<cat-toy>': array([1, 2, 3]) }), 3)
    expect([one.word, one.vectors.toNested()]).toEqual(['<cat-toy>', [[1, 2, 3]]])
    const two = await openEmbedding(file('bad-hands.safetensors', { emb_params: array([[1], [2]]) }), 1)
    expect([two.word, two.vectors.shape]).toEqual(['bad-hands', [2, 1]])
  })

  it('reads a word for two text encoders, called as its file', async () => {
    const tensors = { clip_l: array([[1, 2]]), clip_g: array([[3, 4, 5]]) }
    const { word, vectors, second } = await openEmbedding(file('thing.safetensors', tensors), 2, 3)
    expect([word, vectors.toNested(), second?.toNested()]).toEqual(['thing', [[1, 2]], [[3, 4, 5]]])
    const uneven = file('thing.safetensors', { ...tensors, clip_g: fill('float32', [2, 3], () => 0) })
    await expect(openEmbedding(uneven, 2, 3)).rejects.toThrow('expected as many vectors for either text encoder, found 1 and 2')
    const half = file('thing.safetensors', { clip_g: array([1]) })
    await expect(openEmbedding(half, 2, 3)).rejects.toThrow(
      'expected the tensors clip_l and clip_g, for both text encoders of XL, found one',
    )
    const single = file('thing.safetensors', { '<x>': array([1, 2]) })
    await expect(openEmbedding(single, 2, 3)).rejects.toThrow('found one for a single text encoder')
  })

  it.each([
    [
      'another width',
      { '<x>': fill('float32', [768], () => 0) },
      'of 64 numbers, as this text encoder has, found [768]. Its width is that of Stable Diffusion 1.x',
    ],
    ['XL', { clip_l: array([1]), clip_g: array([1]) }, 'found one for two text encoders'],
    ['a model', { a: array([1]), b: array([1]) }, 'expected one tensor, called as its word, found 2 (first "a")'],
    ['what is no number', { '<x>': fill('float32', [64], () => Number.NaN) }, 'expected finite numbers'],
    ['a book', { '<x>': fill('float32', [76, 64], () => 0) }, 'expected 1 to 75 vectors of 64 numbers'],
  ])('refuses one of %s', async (_, tensors, sentence) => {
    await expect(openEmbedding(file('x.safetensors', tensors), 64)).rejects.toThrow(sentence)
  })
})

describe('tokenizerWithWords()', () => {
  it('puts the new tokens where a word stands, whole and in any case', async () => {
    const plain = await openTokenizer()
    const next = plain.vocabulary
    const tokenizer = tokenizerWithWords(
      plain,
      new Map([
        ['cat', [next]],
        ['cat-toy', [next + 1, next + 2]],
      ]),
    )
    expect(tokenizer.tokens('a Cat-Toy and a cat')).toEqual([...plain.tokens('a'), next + 1, next + 2, ...plain.tokens('and a'), next])
    expect(tokenizer.tokens('a category')).toEqual(plain.tokens('a category'))
    expect(tokenizer.decode(tokenizer.tokens('a cat-toy, red'))).toBe('a cat-toy , red')
    expect([tokenizer.vocabulary, tokenizer.encode('cat').ids.slice(0, 3)]).toEqual([next + 3, [plain.start, next, plain.end]])
  })
})

describe('withEmbeddings()', () => {
  const location = written('tiny.safetensors', withVocabulary(drawn(references()['1.x'].shapes)))
  const opened = openStableDiffusion({
    name: 'tiny',
    kind: 'local',
    location,
    open: () => openCheckpoint(location),
    sha256: async () => undefined,
  })
  const states = async ({ scopes, size, tokenizer }: StableDiffusionModel, prompt: string) => {
    const { windows } = encodePrompt(tokenizer, prompt, 'prompt')
    return compile((tokens: Tensor) => clipText(scopes.text_encoder, tokens, size.text).states)(windows[0].tokens)
  }

  it('makes of a word what the rows of the table would make, were they its own', async () => {
    const model = await opened
    const table = await (await openCheckpoint(location)).read('cond_stage_model.transformer.text_model.embeddings.token_embedding.weight')
    const ids = model.tokenizer.tokens('red cube')
    const rows = fill('float32', [ids.length, 64], (i) => table.at((ids[Math.floor(i / 64)] as number) * 64 + (i % 64)))
    const adapted = await withEmbeddings(model, [file('x.safetensors', { '<both>': rows })])
    const wanted = await states(model, 'a red cube a')
    expectClose(await states(adapted, 'a <both> a'), [...wanted.cast('float32').data], 'states')
    expectClose(await states(adapted, 'a red cube a'), [...wanted.cast('float32').data], 'states')
  })

  it('refuses the same word twice', async () => {
    const one = file('x.safetensors', { '<x>': fill('float32', [64], () => 0) })
    await expect(withEmbeddings(await opened, [one, one])).rejects.toThrow('Cannot use two embeddings for the word "<x>"')
  })
})
