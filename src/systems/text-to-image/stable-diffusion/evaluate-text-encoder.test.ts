import { describe, expect, it } from 'vitest'
import { clip } from '../../../backbones/index.js'
import { parseCaption } from '../../../diorama/index.js'
import { placeholder } from '../../../graph/index.js'
import { given, initialise } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { dioramaClipSize } from './diorama-clip.js'
import { evaluateTextEncoder, zeroShotQuestions } from './evaluate-text-encoder.js'

describe('zeroShotQuestions', () => {
  it('mean their labels, and nothing else', () => {
    for (const [attribute, classes] of Object.entries(zeroShotQuestions))
      for (const { label, prompts } of classes)
        for (const prompt of prompts) {
          const { objects, ...scene } = parseCaption(prompt).constraints
          expect({ ...scene, ...objects[0] }, prompt).toEqual({ relations: [], absent: [], [attribute]: label })
        }
  })
})

describe('evaluateTextEncoder()', () => {
  it('scores towers that know nothing by chance', async () => {
    const tokenizer = await openTokenizer()
    const row = dioramaClipSize(tokenizer)
    const small = { width: 16, layers: 1, heads: 2, hidden: 16, projection: 8 }
    const size = { text: { ...row.text, ...small }, vision: { ...row.vision, ...small, image: 32 } }
    const batch = { tokens: placeholder([1, 32], 'int32'), pixels: placeholder([1, 3, 32, 32]) }
    const scope = given(initialise((scope) => clip(scope, batch, size).scores, { seed: 1 }))
    const { all, heldOut, seen, retrieval } = await evaluateTextEncoder(scope, { tokenizer, size, count: 16, threads: 0 })
    expect(retrieval.among).toBe(16)
    expect(Math.max(retrieval.text, retrieval.picture)).toBeLessThan(0.5)
    // One of ten colours, six shapes, four settings and two times: 0.25 by chance.
    for (const { colour, shape, setting, time, mean } of [all, seen, heldOut]) {
      expect(mean).toBeCloseTo((colour + shape + setting + time) / 4, 12)
      expect(mean).toBeGreaterThan(0)
      expect(mean).toBeLessThan(0.6)
    }
  })
})
