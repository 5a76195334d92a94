import { describe, expect, it } from 'vitest'
import { array, type NDArray } from '../../graph/index.js'
import { recallAt, zeroShotClassifier } from './zero-shot.js'

/** Embeds by a table. */
const table: Record<string, number[]> = { 'a cat': [2, 0], 'a kitten': [0, 5], 'a dog': [-3, 0] }
const encodeTexts = async (texts: readonly string[]): Promise<NDArray> => array(texts.map((text) => table[text] as number[]))
const classes = [
  { label: 'cat', prompts: ['a cat', 'a kitten'] },
  { label: 'dog', prompts: ['a dog'] },
]

describe('zeroShotClassifier()', () => {
  it('averages the directions of a class, whatever their lengths', async () => {
    const { embeddings } = await zeroShotClassifier({ classes, encodeTexts, scale: 1 })
    const half = Math.SQRT1_2
    for (const [i, value] of [half, half, -1, 0].entries()) expect(embeddings.at(i)).toBeCloseTo(value, 6)
  })

  it('takes the nearest class, with the probability that the scale gives it', async () => {
    const { classify } = await zeroShotClassifier({ classes, encodeTexts, scale: 2 })
    const [cat, dog] = classify(
      array([
        [7, 7],
        [-0.1, 0],
      ]),
    )
    const cosine = -Math.SQRT1_2
    expect(cat?.label).toBe('cat')
    expect(cat?.probability).toBeCloseTo(1 / (1 + Math.exp(2 * (cosine - 1))), 6)
    expect(dog?.label).toBe('dog')
    expect(dog?.probabilities.reduce((sum, one) => sum + one)).toBeCloseTo(1, 12)
  })

  it('says what is missing', async () => {
    const none = { label: 'bird', prompts: [] }
    await expect(zeroShotClassifier({ classes: [none], encodeTexts, scale: 1 })).rejects.toThrow('the class "bird" has no prompt')
    await expect(zeroShotClassifier({ classes: [], encodeTexts, scale: 1 })).rejects.toThrow('there are no classes')
    const { classify } = await zeroShotClassifier({ classes, encodeTexts, scale: 1 })
    expect(() => classify(array([[1, 2, 3]]))).toThrow('Cannot compare an embedding of width 3 with prompts of width 2')
    expect(() => classify(array([[Number.NaN, 1]]))).toThrow('Cannot classify an embedding that is not a number throughout')
    expect(() => classify(array([1, 2]))).toThrow('an array of shape [2]: expected [rows, width]')
  })
})

describe('recallAt()', () => {
  it('counts the rows that find their own among the first', () => {
    const scores = array([
      [3, 2, 1],
      [3, 2, 1],
      [3, 3, 1],
    ])
    expect([1, 2, 3].map((count) => recallAt(scores, count))).toEqual([1 / 3, 2 / 3, 1])
  })
})
