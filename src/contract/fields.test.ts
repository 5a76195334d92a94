import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { tinySystem } from '../../tests/support/tiny-system.js'
import { blankImage } from '../media/image.js'
import { InputError } from './errors.js'
import { count, expectation, fieldsOf, image, jsonSchemaOf, parseInput, seed, text, valueFromText } from './fields.js'

const schema = z.object({
  prompt: text().trim().min(1).max(3000).describe('What is to be seen'),
  negativePrompt: z.string().default('').describe('What is not'),
  image: image().optional().describe('Where to begin'),
  references: z.array(image()).min(1).max(3).optional().describe('Pictures to look at'),
  guidanceScale: z.number().gt(0).max(30).default(7.5).describe('How closely the words are followed'),
  scheduler: z.enum(['ddim', 'euler', 'euler-ancestral']).default('ddim'),
  tiling: z.boolean().default(false),
  strength: z.number().min(0).max(1).nullable().default(null),
  region: z.object({ left: z.int(), top: z.int() }).optional(),
  count: count(8),
  seed: seed(),
})
const field = (name: string) => fieldsOf(schema).find((each) => each.name === name) ?? expect.fail(`there is no field ${name}`)

const refusal = (input: unknown, of: z.ZodObject = schema): InputError => {
  try {
    parseInput('painter', of, input)
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  return expect.fail('nothing was refused')
}

describe('fieldsOf()', () => {
  it('keeps the order, and says what each flag is', () => {
    expect(fieldsOf(schema).map(({ flag, kind }) => `${flag} ${kind}`)).toEqual([
      'prompt text',
      'negative-prompt text',
      'image medium',
      'references medium',
      'guidance-scale number',
      'scheduler choice',
      'tiling boolean',
      'strength number',
      'region json',
      'count integer',
      'seed integer',
    ])
  })

  it('tells words to work on from options that are words', () => {
    expect(field('prompt')).toEqual({
      name: 'prompt',
      flag: 'prompt',
      kind: 'text',
      modality: 'text',
      list: false,
      single: true,
      required: true,
      description: 'What is to be seen',
      shortest: 1,
      longest: 3000,
    })
    expect(field('negativePrompt')).not.toHaveProperty('modality')
    expect(field('negativePrompt')).toMatchObject({ required: false, default: '' })
  })

  it('knows lists, bounds that are not allowed themselves, choices, and null', () => {
    expect(field('references')).toMatchObject({ modality: 'image', list: true, single: false, fewest: 1, most: 3 })
    expect(field('guidanceScale')).toMatchObject({ above: 0, maximum: 30, default: 7.5 })
    expect(field('scheduler')).toMatchObject({ choices: ['ddim', 'euler', 'euler-ancestral'], default: 'ddim' })
    expect(field('strength')).toMatchObject({ kind: 'number', minimum: 0, maximum: 1, default: null })
    expect(field('seed')).toMatchObject({ list: true, single: true, minimum: 0, fewest: 1, most: 64 })
    expect(field('seed')).not.toHaveProperty('maximum')
  })
})

describe('expectation()', () => {
  it.each([
    ['prompt', 'text of 1 to 3,000 characters'],
    ['image', 'a picture'],
    ['references', 'a list of 1 to 3, each a picture'],
    ['guidanceScale', 'a number of at most 30 above 0'],
    ['scheduler', '"ddim", "euler" or "euler-ancestral"'],
    ['tiling', 'true or false'],
    ['strength', 'a number from 0 to 1'],
    ['count', 'a whole number from 1 to 8'],
    ['seed', 'a whole number of at least 0, or a list of 1 to 64, each a whole number of at least 0'],
  ])('says what %s wants to be', (name, sentence) => {
    expect(expectation(field(name))).toBe(sentence)
  })
})

describe('jsonSchemaOf()', () => {
  it('sends media as base64, and marks what they are', () => {
    expect(jsonSchemaOf(schema).properties?.image).toEqual({
      description: 'Where to begin',
      modality: 'image',
      type: 'string',
      contentEncoding: 'base64',
      contentMediaType: 'image/png',
    })
    expect(jsonSchemaOf(schema).required).toEqual(['prompt'])
  })
})

describe('valueFromText()', () => {
  it('reads flags as the values that the schema takes', () => {
    expect(valueFromText(field('guidanceScale'), '3.5')).toBe(3.5)
    expect(valueFromText(field('tiling'), 'true')).toBe(true)
    expect(valueFromText(field('prompt'), '42')).toBe('42')
    expect(valueFromText(field('seed'), '[1, 2]')).toEqual([1, 2])
    expect(valueFromText(field('region'), '{"left":1,"top":2}')).toEqual({ left: 1, top: 2 })
  })

  it('passes on what it cannot read, for the schema to refuse', () => {
    const written = valueFromText(field('guidanceScale'), 'high')
    expect(refusal({ prompt: 'a', guidanceScale: written }).message).toBe(
      'Cannot run painter: expected guidanceScale to be a number of at most 30 above 0, found "high"',
    )
  })
})

describe('parseInput()', () => {
  it('completes the input with its defaults', () => {
    expect(parseInput('painter', schema, { prompt: ' a ' })).toEqual({
      prompt: 'a',
      negativePrompt: '',
      guidanceScale: 7.5,
      scheduler: 'ddim',
      tiling: false,
      strength: null,
    })
  })

  it('tells every problem at once', () => {
    const { problems } = refusal({ guidanceScale: 0, image: 'photo.png', count: 2.5 })
    expect(problems).toEqual([
      { field: 'prompt', expected: 'text of 1 to 3,000 characters', found: 'nothing' },
      { field: 'image', expected: 'a picture', found: '"photo.png"' },
      { field: 'guidanceScale', expected: 'a number of at most 30 above 0', found: '0' },
      { field: 'count', expected: 'a whole number from 1 to 8', found: '2.5' },
    ])
  })

  it('suggests the option or the choice that was probably meant', () => {
    expect(refusal({ prompt: 'a', scheduler: 'eular' }).message).toBe(
      'Cannot run painter: expected scheduler to be "ddim", "euler" or "euler-ancestral", found "eular". Did you mean "euler"?',
    )
    expect(refusal({ prompt: 'a', guidenceScale: 3 }).problems).toMatchObject([
      { found: '"guidenceScale"', hint: 'Did you mean "guidanceScale"?' },
    ])
  })

  it('counts places in lists from 1, and names media by what they are', () => {
    expect(refusal({ prompt: 'a', references: [blankImage(1, 1), { sampleRate: 8000, channels: [] }] }).message).toBe(
      'Cannot run painter: expected references[2] to be a picture, found a sound',
    )
  })

  it('mentions long text by its length', () => {
    expect(refusal({ prompt: 'x'.repeat(4000) }).message).toBe(
      'Cannot run painter: expected prompt to be text of 1 to 3,000 characters, found 4,000 characters',
    )
  })

  it('keeps the rules between options that the schema adds, in the words of the schema', () => {
    expect(refusal({ prompt: 'a', size: 8, steps: 0 }, tinySystem().input).problems[0].field).toBe('steps')
    const sizes = z.object({ image: image(), mask: image() }).superRefine(({ image, mask }, context) => {
      if (image.width !== mask.width)
        context.addIssue({ code: 'custom', path: ['mask'], message: `a picture ${image.width} wide, as the image is` })
    })
    expect(refusal({ image: blankImage(4, 4), mask: blankImage(2, 2) }, sizes).message).toBe(
      'Cannot run painter: expected mask to be a picture 4 wide, as the image is, found a picture of 2 × 2',
    )
  })

  it.each([[undefined], [null], ['a red cube'], [[]]])('refuses %j, which is no object of options', (input) => {
    expect(refusal(input).message).toMatch(/^Cannot run painter: expected the input to be /)
  })
})
