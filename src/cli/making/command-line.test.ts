import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { commandLine, quoted } from './command-line.js'

describe('commandLine()', () => {
  it('says what is not as it would be anyhow', () => {
    const options = { prompt: 'a red cube', size: 2, guidanceScale: 3, bright: true }
    const line =
      'genera run imagen --prompt "a red cube" --guidance-scale 3 --bright --seed 7 --checkpoint own.safetensors --quality 80 -o imagen.jpg'
    expect(commandLine(tinySystem(), options, 7, 'jpg', { quality: 80, checkpoint: 'own.safetensors' })).toBe(line)
  })
})

describe('quoted()', () => {
  it('keeps words as they are, whatever a shell would make of them', () => {
    expect(['plain-1.5', 'two words', 'a "b"', "it's", "it's $5", '', 'a\nb'].map(quoted)).toEqual([
      'plain-1.5',
      '"two words"',
      `'a "b"'`,
      `"it's"`,
      `'it'\\''s $5'`,
      '""',
      `'a\nb'`,
    ])
  })
})
