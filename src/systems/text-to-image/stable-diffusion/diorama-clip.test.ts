import { describe, expect, it } from 'vitest'
import { clip } from '../../../backbones/index.js'
import { compile, placeholder, type Tensor } from '../../../graph/index.js'
import { blankImage } from '../../../media/image.js'
import { given, initialise } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { clipEncoders, clipPixels, clipTokens, dioramaClipSize, squarePixels } from './diorama-clip.js'

describe('clipPixels()', () => {
  it('gives planes from -1 to 1, and averages larger pictures over squares', () => {
    // One red pixel among three black ones, at 4 px and at 2 px.
    const large = blankImage(4, 4)
    for (const [x, y] of [
      [2, 0],
      [3, 0],
      [2, 1],
      [3, 1],
    ] as const)
      large.data[(y * 4 + x) * 3] = 255
    const small = blankImage(2, 2)
    small.data[3] = 255
    const red = [-1, 1, -1, -1]
    const black = [-1, -1, -1, -1]
    const pixels = clipPixels([squarePixels(large), squarePixels(small)], 2)
    expect(pixels.shape).toEqual([2, 3, 2, 2])
    for (const [i, value] of [...red, ...black, ...black, ...red, ...black, ...black].entries()) expect(pixels.at(i)).toBeCloseTo(value, 6)
  })

  it('says what the image tower reads', () => {
    expect(() => clipPixels([{ size: 3, data: new Uint8Array(27) }], 2)).toThrow(
      'Cannot read picture 0: it is 3 px wide with 27 bytes, the image tower reads multiples of 2 px in three channels. Resize it first',
    )
    expect(() => squarePixels(blankImage(2, 3))).toThrow('Cannot read a picture of 2 × 3 × 3: the image tower reads squares without alpha')
  })
})

describe('clipEncoders()', () => {
  it('embed texts and pictures alone as clip() does together, in more than one run', async () => {
    const tokenizer = await openTokenizer()
    const row = dioramaClipSize(tokenizer)
    expect([row.text.vocabulary, row.text.context, row.text.end]).toEqual([tokenizer.vocabulary, 32, tokenizer.end])
    const small = { width: 16, layers: 1, heads: 2, hidden: 16, projection: 4 }
    const size = { text: { ...row.text, ...small }, vision: { ...row.vision, ...small, image: 16 } }
    const batch = { tokens: placeholder([1, 32], 'int32'), pixels: placeholder([1, 3, 16, 16]) }
    const parameters = initialise((scope) => clip(scope, batch, size).scores, { seed: 1 })
    await using encoders = clipEncoders(given(parameters), size, tokenizer)
    const texts = Array.from({ length: 66 }, (_, i) => `${'very '.repeat(i % 7)}red cube ${i}`)
    const embedded = await encoders.encodeTexts(texts)
    const pictures = [0, 120, 255].map((grey) => squarePixels(blankImage(16, 16, [grey, grey, 9])))
    const seen = await encoders.encodePictures(pictures)
    expect([embedded.shape, seen.shape]).toEqual([
      [66, 4],
      [3, 4],
    ])
    const together = compile((tokens: Tensor, pixels: Tensor) => clip(given(parameters), { tokens, pixels }, size).scores)
    const scores = await together(clipTokens(texts.slice(-2), tokenizer), clipPixels(pictures.slice(-1), 16))
    await together.dispose()
    const vector = (matrix: typeof seen, index: number) => Array.from({ length: 4 }, (_, i) => matrix.at(index * 4 + i))
    const cosine = (a: number[], b: number[]) =>
      a.reduce((sum, value, i) => sum + value * (b[i] as number), 0) / Math.hypot(...a) / Math.hypot(...b)
    const scale = await encoders.scale()
    expect(scale).toBeCloseTo(1 / 0.07, 4)
    for (const i of [0, 1]) expect(scores.at(i)).toBeCloseTo(scale * cosine(vector(seen, 2), vector(embedded, 64 + i)), 3)
    await expect(encoders.encodeTexts([])).rejects.toThrow('Cannot embed nothing')
  })
})
