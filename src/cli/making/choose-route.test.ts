import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { listener } from '../listener.fixture.js'
import { chooseRoute, endingsMade, routeThrough, targetOf } from './choose-route.js'

const systems = { imagen: async () => tinySystem(), whisper: async () => listener }

describe('chooseRoute()', () => {
  it('takes a film as its sound where only that leads to the file', () => {
    const { route, taken } = chooseRoute([['video', 'audio']], 'png', { systems })
    expect(taken).toEqual(['audio'])
    expect(route.map(({ system }) => system)).toEqual(['whisper', 'imagen'])
  })

  it('takes alike things alike, however many there are, and refuses for the likeliest reading', () => {
    const films = Array.from({ length: 40 }, () => ['video', 'audio'] as const)
    expect(chooseRoute(films, 'txt', { systems }).taken).toEqual(films.map(() => 'audio'))
    expect(() => chooseRoute(films, 'glb', { systems })).toThrow('Cannot find a route from video')
  })

  it('says what to give where nothing is given', () => {
    expect(() => chooseRoute([], 'png', { systems })).toThrow('Cannot make something from nothing. Give it words or files')
  })
})

describe('routeThrough()', () => {
  it('takes things as the system reads them', () => {
    expect(routeThrough(listener, [['video', 'audio']], 'txt')).toEqual({
      route: [{ system: 'whisper', from: 'audio', to: 'text' }],
      taken: ['audio'],
    })
  })
})

describe('targetOf()', () => {
  it('names the endings that fit', () => {
    expect(targetOf(listener, 'md')).toBe('text')
    expect(() => targetOf(listener, 'png')).toThrow(
      'Cannot make a .png file with whisper: it makes texts. Endings are .txt, .text, .md or .tex',
    )
  })
})

describe('endingsMade()', () => {
  it('are those of built systems, or of the survey where none is built', () => {
    expect(endingsMade({ imagen: systems.imagen })).toContain('png')
    expect(endingsMade({ imagen: systems.imagen })).not.toContain('wav')
    expect(endingsMade({})).toEqual(expect.arrayContaining(['png', 'wav', 'glb', 'pptx', 'bvh']))
  })
})
