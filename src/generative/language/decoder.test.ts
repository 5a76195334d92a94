import { afterAll, describe, expect, test } from 'vitest'
import { array, compile, constant, embedding, fill, type NDArray, type Tensor } from '../../graph/index.js'
import { attending, type CausalNetwork, splitHeads, statesToRead } from './causal.js'
import { causalDecoder } from './decoder.js'
import { type Row, reuseOf } from './reuse.js'

const [vocabulary, width] = [16, 8]
const table = fill('float32', [vocabulary, width], (i) => Math.sin(i * 1.7))

/** One layer of attention over rows of a table, with a trace of the positions. */
const network: CausalNetwork = (tokens, { past, counts } = {}) => {
  const attention = attending(tokens, { past })
  const places = attention.positions.cast('float32').mul(0.3).sin().unsqueeze(-1)
  const heads = splitHeads(embedding(constant(table), tokens).add(places), 1, width) // [batch, 1, tokens, width]
  const mixed = attention.attend(heads, heads, heads).squeeze(1)
  return { logits: statesToRead(mixed, counts).matmul(constant(table), { transposeB: true }), caches: attention.caches }
}
const plain = compile((tokens: Tensor) => network(tokens).logits.pick(1, -1), { dynamic: [['batch', 'tokens']] })
const decoder = causalDecoder(network, { vocabulary, context: 1000, layers: 1, keyValueHeads: 1, headWidth: width }, { piece: 64 })
afterAll(async () => {
  await decoder.dispose()
  await plain.dispose()
})

const text = (length: number, seed: number): Row => Array.from({ length }, (_, i) => (i * i * 3 + i * seed + seed) % vocabulary)

/** Whatever the caches held before, the answer must be that of the network without caches. */
async function expectAnswer(rows: readonly Row[]): Promise<void> {
  const found = await decoder.next(rows)
  expect(found.shape).toEqual([rows.length, vocabulary])
  for (const [r, row] of rows.entries()) {
    const wanted = (await plain(array([...row], { dtype: 'int32', shape: [1, row.length] }))) as NDArray
    for (let i = 0; i < vocabulary; i++) expect(found.at(r * vocabulary + i), `row ${r}`).toBeCloseTo(wanted.at(i), 4)
  }
}

describe('causalDecoder()', () => {
  test('answers as the network does, however the rows follow one another', async () => {
    const [a, b, c] = [text(9, 1), text(4, 2), text(6, 5)]
    await expectAnswer([a]) // a prompt
    await expectAnswer([[...a, 3]]) // one token more
    await expectAnswer([[...a, 3, 7, 7, 1]]) // several more: the next turn of a conversation
    await expectAnswer([[...a.slice(0, 5), 2]]) // another turn
    await expectAnswer([a.slice(0, 5)]) // nothing new
    await expectAnswer([a, b, c]) // a batch of different lengths
    await expectAnswer([
      [...a, 1],
      [...b, 2],
      [...c, 3],
    ])
    await expectAnswer([
      [...a, 1, 4],
      [...c, 3, 3],
    ]) // one of them has ended
    await expectAnswer([
      [...c, 3, 3, 9],
      [...a, 1, 4, 4],
      [...c, 3, 3, 8],
      [...c, 3, 3, 9],
    ]) // beams change places
    await expectAnswer([b, b, b]) // samples of one prompt
    await expectAnswer([
      [...b, 1],
      [...b, 2],
      [...b, 1],
    ])
    await expectAnswer([b])
  })

  test('reads long texts in pieces, and grows as they do', async () => {
    const long = text(254, 3)
    await expectAnswer([long])
    const longer = [...long]
    for (let i = 0; i < 6; i++) {
      longer.push((i * 5) % vocabulary)
      await decoder.next([longer])
    }
    await expectAnswer([longer, [...longer.slice(0, 259), 5]])
    await expectAnswer([text(700, 7)])
    await expectAnswer([[1, 2]])
  })

  test('may be abandoned between two pieces, and goes on afterwards', async () => {
    const abort = new AbortController()
    const reading = decoder.next([text(900, 4)], { signal: abort.signal })
    abort.abort()
    await expect(reading).rejects.toThrow('aborted')
    await expectAnswer([text(20, 4)])
  })

  test('lets calls take turns', async () => {
    const rows = [text(5, 1), text(7, 2), text(3, 9)]
    const together = await Promise.all(rows.map((row) => decoder.next([row])))
    for (const [r, row] of rows.entries()) expect(together[r]?.toNested()).toEqual((await decoder.next([row])).toNested())
  })

  test.each<[string, readonly Row[], string]>([
    ['no row', [], 'Cannot continue texts: expected at least one row of tokens, found none'],
    ['an empty row', [[1], []], 'Cannot continue row 1: expected at least one token, found none'],
    ['a token that is none', [[1, 16]], 'Cannot continue row 0: expected tokens from 0 to 15, found 16'],
    ['half a token', [[1.5]], 'Cannot continue row 0: expected tokens from 0 to 15, found 1.5'],
    ['a row that is too long', [text(1001, 1)], 'Cannot continue row 0: it has 1001 tokens, the model reads 1000 at most'],
  ])('refuses %s', async (_, rows, sentence) => {
    await expect(decoder.next(rows)).rejects.toThrow(sentence)
  })
})

test('reuseOf() finds the longest beginning, its own row first', () => {
  const held = [
    [1, 2, 3],
    [1, 2, 3],
    [4, 5],
  ]
  expect(reuseOf(held, [[1, 2, 3, 9], [1, 2, 3, 8], [4, 6], [7], [1, 2, 3]])).toEqual({ sources: [0, 1, 2, -1, 0], kept: [3, 3, 1, 0, 2] })
})
