import { afterAll, describe, expect, test } from 'vitest'
import { expectLogits, greedy, storedEncoderDecoder, storedRows } from '../../../tests/support/language.js'
import { generateTokens } from './generate-tokens.js'
import type { Row } from './reuse.js'

const decoder = await storedEncoderDecoder('flan-t5')
afterAll(() => decoder.dispose())
const sources: readonly Row[] = [
  [5, 17, 40, 3, 22, 9, 31],
  [11, 2],
  [60, 1, 33, 33, 8],
]
const rows = sources.map((source) => [...source, 0])

describe('encoderDecoder()', () => {
  test('answers each source alike, alone or beside others, in whatever order they come', async () => {
    const wanted = await storedRows('flan-t5', 'padded.logits')
    for (const r of [2, 0, 1, 0]) expectLogits(await decoder.next([rows[r] as Row]), [wanted[r] as number[]])
    expectLogits(
      await decoder.next([2, 1, 0].map((r) => rows[r] as Row)),
      [2, 1, 0].map((r) => wanted[r] as number[]),
    )
  })

  test('gives several answers to one source, each with its own past', async () => {
    const row = rows[0] as Row
    const both = await decoder.next([
      [...row, 7, 8],
      [...row, 9, 10],
    ])
    const one = await decoder.next([[...row, 9, 10]])
    expectLogits(one, [(both.toNested() as number[][])[1] as number[]])
    expect(Math.abs(both.at(0) - one.at(0))).toBeGreaterThan(1e-3)
  })

  test('reads answers of different lengths in one batch', async () => {
    const [a, b] = [
      [...(rows[0] as Row), 4, 5, 6],
      [...(rows[1] as Row), 4],
    ]
    const together = (await decoder.next([a, b])).toNested() as number[][]
    for (const [r, row] of [a, b].entries()) expectLogits(await decoder.next([row]), [together[r] as number[]])
  })

  test('takes the first start token for the end of the source, for answers may hold it', async () => {
    const row = rows[0] as Row
    const before = await decoder.next([[...row, 0, 3]])
    await decoder.next([[1, 2, 0]]) // forgets the caches
    expectLogits(await decoder.next([[...row, 0, 3]]), before.toNested() as number[][])
  })

  test('lets penalties look at answers alone', async () => {
    const wanted = (await greedy(decoder, [rows[1] as Row], 1))[0]?.[0] as number
    const source = [11, 2, wanted, 0] // the source holds the token
    const plain = (await greedy(decoder, [source], 1))[0]
    const found: Row[] = []
    for await (const event of generateTokens(decoder, [source], { temperature: 0, maxTokens: 1, repetitionPenalty: 1e6 }))
      if (event.kind === 'ended') found.push(event.tokens)
    expect(found[0]).toEqual(plain)
    expect(decoder.heard?.(source)).toBe(3)
  })

  test.each<[string, Row, string]>([
    ['a row without the start token', [5, 6], 'expected a source, the token 0 and an answer, found no token 0'],
    ['an answer to nothing', [0, 6], 'found no source'],
    ['a token that the vocabulary lacks', [5, 61, 0], 'expected tokens from 0 to 60, found 61'],
    ['more than fits', [...new Array<number>(8192).fill(3), 0], 'it has 8193 tokens, the model reads 8192 at most'],
  ])('refuses %s', async (_, row, sentence) => {
    await expect(decoder.next([row])).rejects.toThrow(sentence)
  })
})
