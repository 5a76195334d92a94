import { describe, expect, it } from 'vitest'
import { endingNames, isFilm, unfitting } from './endings.js'

describe('isFilm()', () => {
  it('is always, where asked for, or never', () => {
    expect(endingNames.filter((ending) => isFilm(ending, {}))).toEqual(['gif', 'mp4', 'webm', 'wav', 'flac', 'mp3', 'ogg'])
    const asked = endingNames.filter((ending) => isFilm(ending, { frames: 4 }) && !isFilm(ending, {}))
    expect(asked).toEqual(['webp', 'json', 'txt'])
  })
})

describe('unfitting()', () => {
  it('finds the options without an effect, and says what they are for', () => {
    expect(unfitting('png', { size: 64, sheet: 4, columns: 2 })).toEqual([])
    expect(unfitting('mp4', { size: 64, rate: 24, quality: 80, seconds: 2 })).toEqual([])
    expect(unfitting('wav', { seconds: 1, rate: 24 })).toEqual([{ option: 'rate', fitting: ['webp', 'gif', 'mp4', 'webm', 'json', 'txt'] }])
    expect(unfitting('glb', { size: 64, quality: 3 }).map(({ option }) => option)).toEqual(['size', 'quality'])
    expect(unfitting('webp', { frames: 3, sheet: 4 }).map(({ option }) => option)).toEqual(['sheet'])
  })
})
