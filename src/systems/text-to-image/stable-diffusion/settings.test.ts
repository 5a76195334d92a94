import { describe, expect, it } from 'vitest'
import { dioramaSettings, readSettings, settingsMetadata } from './settings.js'

const metadata = (changes: Record<string, string | undefined> = {}) =>
  new Map(
    Object.entries({ ...settingsMetadata(dioramaSettings), ...changes }).filter(
      (entry): entry is [string, string] => entry[1] !== undefined,
    ),
  )

describe('readSettings()', () => {
  it('reads what settingsMetadata() writes', () => {
    const given = {
      ...dioramaSettings,
      prediction: 'epsilon',
      schedule: { zeroTerminalSnr: true, trainSteps: 500 },
      sampling: { spacing: 'trailing' },
    } as const
    expect(readSettings(new Map(Object.entries(settingsMetadata(given))), 'x')).toEqual(given)
  })

  it('takes what is not said from the embedded model', () => {
    expect(readSettings(metadata({ size: undefined, sampling: undefined, prediction: 'sample' }), 'x')).toEqual({
      ...dioramaSettings,
      prediction: 'sample',
    })
  })

  it.each([
    [
      { format: 'pt' },
      'Cannot load a.safetensors: expected the metadata "format" to be "genera-1", found "pt". This is no checkpoint that genera train stable-diffusion has made',
    ],
    [{ system: undefined }, 'expected the metadata "system" to be "stable-diffusion", found none'],
    [{ prediction: 'everything' }, 'found "prediction": Invalid option'],
    [{ schedule: '{' }, 'expected the metadata "schedule" to be JSON, found "{"'],
    [{ tokenizer: '../../etc/passwd' }, 'found "tokenizer": Invalid string'],
    [{ size: JSON.stringify({ ...dioramaSettings.size, native: 1e9 }) }, 'found "size.native": Too big'],
    [
      { size: JSON.stringify({ ...dioramaSettings.size, unet: { ...dioramaSettings.size.unet, depth: [1e9] } }) },
      'found "size.unet.depth.0": Too big',
    ],
  ])('refuses %j', (changes, sentence) => {
    expect(() => readSettings(metadata(changes), 'a.safetensors')).toThrow(sentence)
  })
})
