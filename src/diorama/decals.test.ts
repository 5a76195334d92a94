import { describe, expect, it } from 'vitest'
import { artworkOf, decalCharacters, decalDistance } from './decals.js'
import { type Decal, symbols } from './scene.js'

/** A decal as rows of # and spaces. */
function drawn(decal: Decal, columns: number, rows: number): string[] {
  const artwork = artworkOf(decal)
  return Array.from({ length: rows }, (_, j) =>
    Array.from({ length: columns }, (_, i) => {
      const x = ((i + 0.5) / columns - 0.5) * 2 * artwork.halfWidth
      const y = (0.5 - (j + 0.5) / rows) * 2 * artwork.halfHeight
      return decalDistance(artwork, x, y) < 0 ? '#' : ' '
    }).join(''),
  )
}

describe('decalDistance()', () => {
  it('draws letters the right way round', () => {
    expect(drawn({ kind: 'text', text: 'L' }, 5, 5).map((row) => row.trimEnd())).toEqual(['#', '#', '#', '#', '#####'])
    const f = drawn({ kind: 'text', text: 'F' }, 11, 15)
    expect(f[0]).toBe('###########')
    expect(f.at(-1)?.trimEnd()).toMatch(/^#+$/)
    expect(f.at(-1)?.trimEnd().length).toBeLessThan(5)
  })

  it('gives every letter, digit and symbol a picture of its own', () => {
    const decals: Decal[] = [
      ...decalCharacters.map((text): Decal => ({ kind: 'text', text })),
      ...symbols.map((symbol): Decal => ({ kind: 'symbol', symbol })),
    ]
    const pictures = decals.map((decal) => drawn(decal, 21, 29).join('\n'))
    expect(new Set(pictures).size).toBe(decals.length)
    for (const picture of pictures) {
      const share = picture.split('#').length / picture.length
      expect(share).toBeGreaterThan(0.08)
      expect(share).toBeLessThan(0.75)
    }
  })

  it('is a distance: it changes by no more than the step', () => {
    for (const symbol of symbols) {
      const artwork = artworkOf({ kind: 'symbol', symbol })
      for (let i = 0; i < 400; i++) {
        const [x, y] = [((i % 20) - 10) * 0.35, (Math.floor(i / 20) - 10) * 0.35]
        const change = Math.abs(decalDistance(artwork, x + 0.05, y) - decalDistance(artwork, x, y))
        expect(change).toBeLessThan(0.05 * 1.3)
      }
    }
  })
})

describe('artworkOf()', () => {
  it('names the characters that can be painted', () => {
    const paint = (text: string) => () => artworkOf({ kind: 'text', text })
    expect(paint('hello')).toThrow('Cannot paint "hello" on an object: a decal has 1 to 6 characters, each of A-Z or 0-9')
    expect(paint('')).toThrow('Cannot paint ""')
    expect(paint('SEVENTY')).toThrow('Cannot paint "SEVENTY"')
  })
})
