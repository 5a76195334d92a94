import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { toByteCharacters } from './byte-alphabet.js'
import { BytePairs } from './byte-pairs.js'
import { clipWords } from './clip-pieces.js'
import { countWords, trainBytePairs } from './train-bpe.js'

const special = ['<start>', '<end>']
const room = (merges: number, suffix = '</w>') => 256 * (suffix ? 2 : 1) + special.length + merges

/** Counts everything anew before each merge: slow, and plainly right. */
function counted(counts: ReadonlyMap<string, number>, merges: number, minimum: number): string[][] {
  const words = [...counts].map(([word, count]) => {
    const characters = [...toByteCharacters(word)]
    return { count, tokens: characters.map((character, i) => (i === characters.length - 1 ? `${character}</w>` : character)) }
  })
  const order = [
    ...new BytePairs({ ...trainBytePairs(new Map(), { vocabularySize: room(0), special }), suffix: '', unknown: 0 }).vocabulary.keys(),
  ]
  order.splice(-special.length)
  const made: string[][] = []
  while (made.length < merges) {
    const pairs = new Map<string, number>()
    for (const { count, tokens } of words)
      for (let i = 0; i + 1 < tokens.length; i++) {
        const pair = `${tokens[i]} ${tokens[i + 1]}`
        pairs.set(pair, (pairs.get(pair) ?? 0) + count)
      }
    const idsOf = (pair: string) => pair.split(' ').map((token) => order.indexOf(token)) as [number, number]
    const [best] = [...pairs]
      .filter(([, count]) => count >= minimum)
      .sort(([a, m], [b, n]) => n - m || idsOf(a)[0] - idsOf(b)[0] || idsOf(a)[1] - idsOf(b)[1])
    if (!best) break
    const [left, right] = best[0].split(' ') as [string, string]
    made.push([left, right])
    if (!order.includes(left + right)) order.push(left + right)
    for (const word of words) {
      const joined: string[] = []
      for (let i = 0; i < word.tokens.length; i++) {
        const both = word.tokens[i] === left && word.tokens[i + 1] === right
        joined.push(both ? left + right : (word.tokens[i] as string))
        if (both) i++
      }
      word.tokens = joined
    }
  }
  return made
}

describe('trainBytePairs()', () => {
  it('joins the most frequent pair first, and of equals the one with the smaller ids', () => {
    const counts = new Map([
      ['low', 5],
      ['lower', 2],
      ['newest', 6],
      ['widest', 3],
    ])
    const { merges } = trainBytePairs(counts, { vocabularySize: room(4), special })
    // "es" and "st</w>" both occur nine times, and so does "est</w>" afterwards.
    expect(merges).toEqual([
      ['e', 's'],
      ['es', 't</w>'],
      ['l', 'o'],
      ['e', 'w'],
    ])
  })

  it('learns what counting anew before each merge learns', () => {
    const words = fc.dictionary(fc.stringMatching(/^[abc]{1,8}$/), fc.integer({ min: 1, max: 9 }))
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 3 }), (record, minimumCount) => {
        const counts = new Map(Object.entries(record))
        const { merges, vocabulary } = trainBytePairs(counts, { vocabularySize: room(12), special, minimumCount })
        const full = vocabulary.size === room(12)
        expect(merges).toEqual(counted(counts, full ? merges.length : merges.length + 1, minimumCount))
      }),
      { numRuns: 60 },
    )
  })

  it('does not depend on the order of the texts', () => {
    const texts = ['a red cube', 'a blue sphere left of a red cone', 'two cubes, one blue']
    const learn = (list: string[]) => trainBytePairs(countWords(list, clipWords), { vocabularySize: room(30), special, minimumCount: 1 })
    expect(learn([...texts].reverse())).toEqual(learn(texts))
  })

  it('lays the vocabulary out as CLIP does: bytes, bytes that end a word, merges, special tokens', () => {
    const { vocabulary } = trainBytePairs(new Map([['abab', 4]]), { vocabularySize: room(2), special })
    const tokens = [...vocabulary.keys()]
    expect([tokens[0], tokens[256], ...tokens.slice(512)]).toEqual(['!', '!</w>', 'ab', 'ab</w>', ...special])
    expect([...vocabulary.values()]).toEqual(tokens.map((_, i) => i))
    expect(vocabulary.size).toBe(room(2))
  })

  it('learns in the style of GPT-2, where words begin with their space', () => {
    const vocabulary = trainBytePairs(
      new Map([
        [' the', 9],
        [' then', 3],
      ]),
      { vocabularySize: room(3, ''), suffix: '', special },
    )
    expect(vocabulary.merges.map((merge) => merge.join(''))).toEqual(['he', 'the', 'Ġthe'])
    const pairs = new BytePairs({ ...vocabulary, suffix: '', unknown: 0 })
    const ids = pairs.encode(' then')
    expect(ids.map((id) => pairs.token(id))).toEqual(['Ġthe', 'n'])
    expect(pairs.decode(ids)).toBe(' then')
  })

  it('stops when no pair is frequent enough, and refuses a size without room for the bytes', () => {
    expect(trainBytePairs(new Map([['ab', 1]]), { vocabularySize: room(9), special }).merges).toEqual([])
    expect(() => trainBytePairs(new Map(), { vocabularySize: 500, special })).toThrow(
      'Cannot train a vocabulary: expected a size from 514 (512 bytes and 2 special tokens) to 524288, found 500',
    )
  })
})
