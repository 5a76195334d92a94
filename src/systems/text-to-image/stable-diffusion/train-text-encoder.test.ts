import { describe, expect, it } from 'vitest'
import { zeroShotClassifier } from '../../../generative/contrastive/index.js'
import { blankImage } from '../../../media/image.js'
import { given, type Parameters } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { clipEncoders, dioramaClipSize, squarePixels } from './diorama-clip.js'
import type { CaptionedPictures } from './pictures.js'
import { trainTextEncoder } from './train-text-encoder.js'

const colours = { red: [230, 20, 20], green: [20, 200, 20], blue: [20, 20, 230], white: [250, 250, 250] } as const
type Colour = keyof typeof colours
const words = Object.keys(colours) as Colour[]
const plain = (size: number, word: Colour) => blankImage(size, size, colours[word])

/** Pictures of one colour each. */
const plainPictures = (size: number, some: readonly Colour[]): CaptionedPictures => ({
  count: some.length,
  size,
  pixels: Uint8Array.from(some.flatMap((word) => Array.from(plain(size, word).data))),
  caption: (index) => `something ${some[index]}`,
})

describe('trainTextEncoder()', () => {
  it('learns which words belong to which picture, from sources of two sizes', async () => {
    const tokenizer = await openTokenizer()
    const row = dioramaClipSize(tokenizer)
    const small = { width: 32, layers: 1, heads: 2, hidden: 32, projection: 8 }
    const size = { text: { ...row.text, ...small }, vision: { ...row.vision, ...small, image: 16 } }
    const pictures = [plainPictures(16, words.slice(0, 3)), plainPictures(32, words.slice(3))]
    let trained: Parameters = {}
    for await (const event of trainTextEncoder({ pictures, tokenizer, size, steps: 100, batch: 8 }))
      if (event.kind === 'done') trained = event.parameters
    await using encoders = clipEncoders(given(trained), size, tokenizer)
    const { classify } = await zeroShotClassifier({
      classes: words.map((label) => ({ label, prompts: [`something ${label}`] })),
      encodeTexts: encoders.encodeTexts,
      scale: await encoders.scale(),
    })
    const seen = classify(await encoders.encodePictures(words.map((word) => squarePixels(plain(16, word)))))
    expect(seen.map(({ label }) => label)).toEqual(words)
  })

  it('wants pictures', async () => {
    const run = trainTextEncoder({ pictures: [], tokenizer: await openTokenizer(), steps: 1, batch: 2 })
    await run.next() // the start
    await expect(run.next()).rejects.toThrow('Cannot train a text encoder: there are no pictures')
  })
})
