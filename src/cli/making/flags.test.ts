import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { fieldsOf, image, seed, text } from '../../contract/index.js'
import { type Flag, flagNames, sortWords } from './flags.js'
import { flagValues } from './inputs.js'

const fields = fieldsOf(
  z.object({
    prompt: text(),
    guidanceScale: z.number(),
    bright: z.boolean(),
    tags: z.array(z.string()),
    weights: z.record(z.string(), z.number()),
    image: image(),
    seed: seed(),
  }),
)
const sort = (line: string, literal = 0) => sortWords(line.split(' '), fields, { command: 'genera run x', others: ['--output'], literal })
const pairs = (flags: readonly Flag[]) => flags.map(({ field, written }) => [field.name, written])
const stdin = (async function* () {
  yield new TextEncoder().encode('from outside')
})()

describe('sortWords()', () => {
  it('tells flags in all their forms from loose words', () => {
    const { flags, loose } = sort('one --guidance-scale 7.5 two --bright --prompt=a=b --no-bright=x three'.replace(' --no-bright=x', ''))
    expect(pairs(flags)).toEqual([
      ['guidanceScale', '7.5'],
      ['bright', 'true'],
      ['prompt', 'a=b'],
    ])
    expect(loose).toEqual(['one', 'two', 'three'])
    expect(pairs(sort('--no-bright').flags)).toEqual([['bright', 'false']])
    expect(pairs(sort('--guidance-scale -3').flags)).toEqual([['guidanceScale', '-3']])
  })

  it('takes the last words literally', () => {
    expect(sort('--bright --prompt', 1)).toMatchObject({ loose: ['--prompt'], flags: [{ written: 'true' }] })
  })

  it('refuses strangers, doubles and flags without a value', () => {
    expect(() => sort('--outptu x')).toThrow('Cannot run genera run x: unknown option --outptu. Did you mean "--output"?')
    expect(() => sort('--zzzzzzzz')).toThrow('See the options of a system: genera show SYSTEM')
    expect(() => sort('--prompt a --prompt b')).toThrow('--prompt stands there twice, and takes one value')
    expect(() => sort('--prompt')).toThrow('--prompt needs a value')
    expect(sort('--tags a --tags b').flags).toHaveLength(2)
  })
})

describe('flagNames()', () => {
  it('gives the words that look like flags', () => {
    expect(flagNames(['a', '--steps', '2', '--size=3', '--', '--no'], 1)).toEqual(['steps', 'size'])
  })
})

describe('flagValues()', () => {
  const values = (line: string) => flagValues(sort(line).flags, stdin)

  it('reads numbers, booleans, JSON and lists as the schema has them', async () => {
    expect(await values('--guidance-scale 7.5 --bright=false --tags a --tags b --weights={"a":1} --seed 3')).toEqual({
      guidanceScale: 7.5,
      bright: false,
      tags: ['a', 'b'],
      weights: { a: 1 },
      seed: 3,
    })
    expect(await values('--tags a --seed 1 --seed 2')).toEqual({ tags: ['a'], seed: [1, 2] })
    expect(await values('--seed [1,2] --guidance-scale high')).toEqual({ seed: [1, 2], guidanceScale: 'high' })
  })

  it('reads text from standard input for "-", and media from files', async () => {
    expect(await values('--prompt -')).toEqual({ prompt: 'from outside' })
    await expect(values('--image nowhere.png')).rejects.toThrow('Cannot read nowhere.png')
  })
})
