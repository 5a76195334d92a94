import { afterAll, describe, expect, test } from 'vitest'
import { storedDecoder, storedEnd, storedModel, storedPrompts, storedRows } from '../../../tests/support/language.js'
import { fill, zeros } from '../../graph/index.js'
import type { Decoder } from './decoder.js'
import { completeText, generateText, type TextOptions } from './generate-text.js'
import { generateTokens, type TokenOptions } from './generate-tokens.js'
import type { Row } from './reuse.js'

/** Follows a script: whatever it is asked, the next token of the sentence, with a choice where a letter is doubled. */
function scripted(sentence: string, context = 100): Decoder & { calls: number } {
  const bytes = [...new TextEncoder().encode(sentence)]
  const decoder = {
    vocabulary: 256,
    context,
    calls: 0,
    async next(rows: readonly Row[]) {
      decoder.calls++
      const logits = zeros([rows.length, 256])
      for (const [r, row] of rows.entries()) logits.data[r * 256 + (bytes[row.length - 1] ?? 0)] = 20
      return logits
    },
    async dispose() {},
  }
  return decoder
}
const tokenizer = {
  size: 256,
  encode: (text: string) => [...new TextEncoder().encode(text)],
  decode: (tokens: Row) => new TextDecoder().decode(Uint8Array.from(tokens)),
}
const collect = async (sentence: string, options: TextOptions) => {
  const events = []
  for await (const event of generateText({ decoder: scripted(sentence), tokenizer, endTokens: [0] }, [[1]], options)) events.push(event)
  return events
}

describe('generateText()', () => {
  test('streams whole characters and ends where the model ends', async () => {
    const events = await collect('né 猫!', {})
    expect(events.filter(({ kind }) => kind === 'text').map((event) => 'text' in event && event.text)).toEqual(['n', 'é', ' ', '猫', '!'])
    expect(events.at(-1)).toMatchObject({ kind: 'result', text: 'né 猫!', ending: 'end', tokens: 8 })
  })

  test('hands a piece of text out before the next token is asked for', async () => {
    const decoder = scripted('abc')
    const stream = generateText({ decoder, tokenizer, endTokens: [0] }, [[1]])
    expect((await stream.next()).value).toMatchObject({ kind: 'text', text: 'a' })
    expect(decoder.calls).toBe(1)
    await stream.return()
  })

  test('stops at a string whose tokens come one by one', async () => {
    const events = await collect('Answer.\n\nQ: next', { stop: ['\n\nQ:', '###'] })
    expect(events.at(-1)).toMatchObject({ text: 'Answer.', ending: 'stop' })
    expect(
      events
        .filter(({ kind }) => kind === 'text')
        .map((event) => 'text' in event && event.text)
        .join(''),
    ).toBe('Answer.')
  })

  test('ends at the number of tokens, and at the end of the context', async () => {
    expect((await collect('abcdef', { maxTokens: 3 })).at(-1)).toMatchObject({ text: 'abc', ending: 'length' })
    expect((await collect('abcdef', { maxTokens: 0 })).at(-1)).toMatchObject({ text: '', ending: 'length' })
    const short = { decoder: scripted('abcdefgh', 6), tokenizer }
    expect(await completeText(short, [1, 2], {})).toBe('bcde')
  })

  test('says how probable tokens were', async () => {
    const [first] = await collect('ab', { logProbabilities: 2 })
    expect(first).toMatchObject({ kind: 'token', token: 97, likeliest: [{ token: 97 }, { token: 0 }] })
    expect((first as { logProbability: number }).logProbability).toBeCloseTo(-Math.log(1 + 255 * Math.exp(-20)), 6)
  })

  test('gives up between two tokens when its signal says so', async () => {
    const abort = new AbortController()
    const model = { decoder: scripted('abcdef'), tokenizer }
    let text = ''
    const run = async () => {
      for await (const event of generateText(model, [[1]], { signal: abort.signal })) {
        if (event.kind === 'text') text += event.text
        if (text === 'ab') abort.abort()
      }
    }
    await expect(run()).rejects.toThrow('aborted')
    expect(text).toBe('ab')
  })

  test.each<[TextOptions, string]>([
    [{ stop: '' }, 'Cannot stop at a string of 0 characters: expected 1 to 1024'],
    [{ maxTokens: -1 }, 'Cannot generate with maxTokens -1: expected a whole number from 0 to'],
    [{ samples: 0 }, 'Cannot generate with samples 0'],
    [{ temperature: Number.NaN }, 'Cannot sample with temperature NaN'],
    [{ beams: 2, stop: 'x' }, 'Cannot search with beams and stop'],
    [{ beams: 2, samples: 3 }, 'Cannot give 3 samples of each prompt: a search with 2 beams finds 2'],
  ])('refuses %j', async (options, sentence) => {
    await expect(collect('a', options)).rejects.toThrow(sentence)
  })
})

const decoding = storedDecoder('llama')
afterAll(async () => (await decoding).dispose())

const generated = async (prompts: readonly Row[], options: TokenOptions): Promise<Row[]> => {
  const rows: Row[] = []
  for await (const event of generateTokens(await decoding, prompts, options)) if (event.kind === 'ended') rows[event.row] = event.tokens
  return rows
}

describe('generateTokens()', () => {
  const options = { seed: 5, maxTokens: 12, temperature: 1.2, topP: 0.95 } as const

  test('draws the same for the same seed, whatever else is in the batch', async () => {
    const together = await generated(storedPrompts, options)
    expect(await generated(storedPrompts, options)).toEqual(together)
    expect(await generated(storedPrompts.slice(0, 1), options)).toEqual(together.slice(0, 1))
    expect(await generated(storedPrompts, { ...options, seed: 6 })).not.toEqual(together)
  })

  test('makes several different samples of a prompt', async () => {
    const rows = await generated([[5, 17]], { ...options, samples: 4 })
    expect(new Set(rows.map((row) => row.join())).size).toBe(4)
  })

  test('goes on with the other rows when one has ended', async () => {
    const greedy = await storedRows('llama', 'greedy.tokens')
    const end = greedy[0]?.[2] as number
    const rows = await generated(storedPrompts, { temperature: 0, maxTokens: 20, endTokens: [end] })
    for (const [r, row] of rows.entries()) {
      const whole = (greedy[r] as number[]).slice(0, 20)
      expect(row).toEqual(whole.includes(end) ? whole.slice(0, whole.indexOf(end)) : whole)
    }
  })

  test('obeys bias, a shorter vocabulary and a constraint', async () => {
    expect(await generated([[1]], { maxTokens: 4, temperature: 0, logitBias: { 9: 1000 } })).toEqual([[9, 9, 9, 9]])
    expect((await generated([[1]], { maxTokens: 30, vocabulary: 3 })).flat().every((token) => token < 3)).toBe(true)
    const even = (logits: Float32Array): void => {
      for (let token = 1; token < logits.length; token += 2) logits[token] = Number.NEGATIVE_INFINITY
    }
    expect((await generated([[1]], { maxTokens: 30, constrain: even })).flat().every((token) => token % 2 === 0)).toBe(true)
  })

  test('cuts a prompt that is too long only where it is told to', async () => {
    const long = Array.from({ length: 120 }, (_, i) => i % 50)
    await expect(generated([long], {})).rejects.toThrow(
      'Cannot continue prompt 0: it has 120 tokens, the model reads 96 and one of them must be left to answer with',
    )
    const options = { maxTokens: 1, temperature: 0 } as const
    expect(await generated([long], { ...options, truncate: 'start' })).toEqual(await generated([long.slice(25)], options))
    expect(await generated([long], { ...options, truncate: 'end' })).toEqual(await generated([long.slice(0, 95)], options))
  })

  test('ends the stored beams at the stored token', async () => {
    const file = await storedModel('llama')
    expect(file.has('beams.tokens')).toBe(true)
    const found = []
    for await (const event of generateText(
      { decoder: await decoding, tokenizer: { ...tokenizer, decode: String }, endTokens: [storedEnd] },
      [[5, 17, 40, 3, 22, 9, 31]],
      { beams: 3, samples: 2, maxTokens: 12, lengthPenalty: 0.7 },
    ))
      found.push(event.kind === 'result' && event.score)
    const [first, second] = (await storedRows('llama', 'beams.scores')) as unknown as number[]
    expect(found[0]).toBeCloseTo(first as number, 4)
    expect(found[1]).toBeCloseTo(second as number, 4)
  })
})

test('a network that gives no numbers is named', async () => {
  const broken: Decoder = { ...scripted('a'), next: async (rows) => fill('float32', [rows.length, 256], () => Number.NaN) }
  await expect(completeText({ decoder: broken, tokenizer }, [1])).rejects.toThrow('Cannot choose a token: logit 0 of 256 is not a number')
})
