import { describe, expect, test } from 'vitest'
import { testProvenance } from '../../tests/support/media.js'
import { a1111Parameters, parseA1111Parameters } from './a1111.js'
import { longestProvenance, type Provenance, parseProvenance, provenanceText } from './provenance.js'

const { checkpoint, command, licence, ...required } = testProvenance

describe('provenanceText() and parseProvenance()', () => {
  test('keep everything, in plain ASCII', () => {
    const text = provenanceText(testProvenance)
    expect(text).toMatch(/^[\x20-\x7e]*$/)
    expect(parseProvenance(text)).toEqual(testProvenance)
    expect(parseProvenance(provenanceText(required))).toEqual(required)
  })

  test.each<[string, unknown, string]>([
    ['another generator', { ...required, generator: 'other' }, 'expected provenance with the generator "genera", found "other"'],
    ['a missing system', { ...required, system: undefined }, 'expected text as the system of the provenance, found nothing'],
    ['a seed that is no whole number', { ...required, seed: 1.5 }, 'expected a whole number from 0 as the seed, found 1.5'],
    ['a seed as text', { ...required, seed: '7' }, 'expected a whole number from 0 as the seed, found "7"'],
    ['options as a list', { ...required, options: [] }, 'expected options as an object, found []'],
    ['a hash that is none', { ...required, checkpoint: { name: 'a', sha256: 'xyz' } }, 'expected 64 hexadecimal digits'],
    ['an unknown field', { ...required, more: 1 }, 'found "more"'],
    ['no object', [required], 'expected provenance as an object'],
  ])('refuse %s', (_, value, sentence) => {
    expect(() => parseProvenance(JSON.stringify(value), 'a.png')).toThrow(sentence)
    expect(() => parseProvenance(JSON.stringify(value), 'a.png')).toThrow('Cannot read a.png: ')
  })

  test('refuse keys that reach prototypes, at any depth and however spelled', () => {
    for (const key of ['__proto__', 'constructor', 'prototype', '\\u005f_proto__']) {
      const text = provenanceText({ ...required, options: { a: [{ key: 1 }] } }).replace('"key"', `"${key}"`)
      expect(() => parseProvenance(text), key).toThrow('JSON without keys that reach prototypes')
    }
    expect(({} as { key?: number }).key).toBeUndefined()
  })

  test('refuse doubled keys, bad grammar, great depth and great length', () => {
    const text = provenanceText(required)
    expect(() => parseProvenance(text.replace('{', '{"seed":1,'))).toThrow('expected each key once, found "seed" twice')
    for (const damaged of [
      '',
      'null',
      '{',
      text.slice(0, -1),
      `${text}x`,
      text.replace(':', '='),
      text.replace(/"seed":\d+/, '"seed":NaN'),
    ])
      expect(() => parseProvenance(damaged), damaged.slice(0, 40)).toThrowError(expect.objectContaining({ code: 'MediaInvalid' }))
    expect(() => parseProvenance('['.repeat(100_000))).toThrow('at most 64 levels')
    expect(() => parseProvenance(' '.repeat(longestProvenance + 1))).toThrowError(expect.objectContaining({ code: 'MediaTooLarge' }))
  })

  test('do not write what they would not read', () => {
    const long = { ...required, options: { prompt: 'x'.repeat(longestProvenance) } }
    expect(() => provenanceText(long)).toThrow('Leave long texts and data out of the options')
    expect(() => provenanceText({ ...required, seed: -1 })).toThrow('Cannot write the provenance')
  })
})

describe('a1111Parameters() and parseA1111Parameters()', () => {
  test('write the form that picture tools read', () => {
    const options = { prompt: 'a red cube', negativePrompt: 'blurry, dark', steps: 25, sampler: 'dpm++ 2m', guidanceScale: 7.5 }
    expect(a1111Parameters({ ...testProvenance, seed: 7, options }, { width: 512, height: 768 })).toBe(
      'a red cube\nNegative prompt: blurry, dark\n' +
        'Steps: 25, Sampler: dpm++ 2m, CFG scale: 7.5, Seed: 7, Size: 512x768, Model hash: 0123456789, Model: muse-diorama, Version: genera 0.1.0',
    )
    expect(a1111Parameters({ ...required, options: { steps: 4 } }, { width: 1, height: 1 })).toBeUndefined()
  })

  test('are inverse, values with commas and several lines included', () => {
    const own: Provenance = { ...testProvenance, checkpoint: { name: 'a, "b": c', sha256: 'f'.repeat(64) } }
    const parsed = parseA1111Parameters(a1111Parameters(own, { width: 8, height: 9 }) as string)
    expect(parsed.prompt).toBe(own.options.prompt)
    expect(parsed.negativePrompt).toBe(own.options.negativePrompt)
    expect(parsed.settings).toMatchObject({ Steps: '18', Size: '8x9', Model: 'a, "b": c', Seed: '9007199254740991' })
  })

  test('read what other tools write: no negative prompt, hashes as JSON, no settings at all', () => {
    const text =
      'castle, (sky:1.2)\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 1, Size: 512x512, Lora hashes: "a: 1, b: 2", Version: v1.6.0'
    expect(parseA1111Parameters(text)).toEqual({
      prompt: 'castle, (sky:1.2)',
      settings: {
        Steps: '20',
        Sampler: 'Euler a',
        'CFG scale': '7',
        Seed: '1',
        Size: '512x512',
        'Lora hashes': 'a: 1, b: 2',
        Version: 'v1.6.0',
      },
    })
    expect(parseA1111Parameters('only: a prompt')).toEqual({ prompt: 'only: a prompt', settings: {} })
  })
})
