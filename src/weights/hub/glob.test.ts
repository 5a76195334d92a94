import { describe, expect, it } from 'vitest'
import { matches } from './glob.js'

describe('matches()', () => {
  it.each([
    ['unet/model.safetensors', '*.safetensors', true],
    ['unet/model.safetensors', 'unet/*', true],
    ['unet/model.safetensors', 'unet/', true],
    ['unet/model.safetensors', 'vae/*', false],
    ['unet/model.safetensors', '*', true],
    ['model.fp16.safetensors', 'model.*.safetensors', true],
    ['model.safetensors', 'model.?afetensors', true],
    ['model.safetensors', 'model.[r-t]*', true],
    ['model.safetensors', 'model.[!r-t]*', false],
    ['a[1].json', 'a[[]1].json', true],
    ['a].json', 'a[]].json', true],
    ['a[', 'a[', true],
    ['model.safetensors', 'MODEL.*', false],
    ['modelXsafetensors', 'model.safetensors', false],
    ['', '*', true],
    ['a', '', false],
  ])('%j and %j: %s', (name, pattern, fits) => expect(matches(name, pattern)).toBe(fits))

  it('takes no longer for patterns that were made to take long', () => {
    const began = performance.now()
    expect(matches('a'.repeat(5000), `${'*a'.repeat(500)}*b`)).toBe(false)
    expect(performance.now() - began).toBeLessThan(2000)
  })
})
