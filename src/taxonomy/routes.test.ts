import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../tests/support/tiny-system.js'
import { allCards, type System, type SystemId, UnknownEndingError } from '../contract/index.js'
import type { BuiltSystems } from './registry.js'
import { describeRoute, routeFor, routesBetween } from './routes.js'

/** Routes look at ids and cards only: any system stands for any other. */
const built = (...ids: SystemId[]): BuiltSystems => Object.fromEntries(ids.map((id) => [id, async () => tinySystem() as System]))

describe('routesBetween()', () => {
  it('puts the shortest first, then the order of the survey', () => {
    const routes = routesBetween('audio', 'image').map(describeRoute)
    expect(routes[0]).toBe('whisper (audio → text), then dalle-2 (text → image)')
    const lengths = routesBetween('audio', 'image').map(({ length }) => length)
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b))
    expect(lengths.length).toBeGreaterThan(4)
  })

  it('chains what fits, never passes a modality or a system twice, and ends', () => {
    for (const route of routesBetween('image', 'mesh', { longest: 4 })) {
      const visited = [route[0].from, ...route.map(({ to }) => to)]
      expect(new Set(visited).size).toBe(visited.length)
      expect(new Set(route.map(({ system }) => system)).size).toBe(route.length)
      for (const [i, step] of route.entries()) expect(step.from).toBe(visited[i])
      for (const { system, from, to } of route) {
        const card = allCards.find(({ id }) => id === system)
        expect([card?.inputs.includes(from), card?.outputs.includes(to)]).toEqual([true, true])
      }
    }
  })

  it('leads from a modality to itself in one step', () => {
    expect(routesBetween('audio', 'audio', { longest: 1 }).map(([{ system }]) => system)).toEqual([
      'audiolm',
      'jukebox',
      'speech-from-brain',
    ])
  })

  it('keeps to what is built, and to what it has to pass', () => {
    const systems = built('whisper', 'muse', 'visualgpt')
    expect(routesBetween('audio', 'image', { built: true, systems }).map(describeRoute)).toEqual([
      'whisper (audio → text), then muse (text → image)',
    ])
    expect(routesBetween('audio', 'video', { built: true, systems })).toEqual([])
    const through = routesBetween('text', 'mesh', { through: 'image' })
    expect(through.length).toBeGreaterThan(0)
    for (const route of through) expect(route.slice(0, -1).some(({ to }) => to === 'image')).toBe(true)
    for (const route of routesBetween('text', 'mesh', { through: 'magic3d' }))
      expect(route.some(({ system }) => system === 'magic3d')).toBe(true)
  })
})

describe('routeFor()', () => {
  it('takes the shortest built way to what the ending holds', () => {
    const systems = built('whisper', 'muse', 'phenaki')
    expect(routeFor(['text'], 'png', { systems })).toEqual([{ system: 'muse', from: 'text', to: 'image' }])
    expect(describeRoute(routeFor(['audio'], 'webp', { systems }))).toBe('whisper (audio → text), then muse (text → image)')
    expect(routeFor(['text'], 'gif', { systems })).toEqual([{ system: 'phenaki', from: 'text', to: 'video' }])
  })

  it('begins with a system that reads everything that is given', () => {
    const systems = built('imagen', 'muse')
    expect(routeFor(['text'], 'png', { systems })[0].system).toBe('imagen')
    expect(routeFor(['text', 'image'], 'png', { systems })[0].system).toBe('muse')
    expect(routeFor(['image', 'text'], 'png', { systems })[0].system).toBe('muse')
  })

  it('refuses an ending that no format has', () => {
    expect(() => routeFor(['text'], 'docx', { systems: built('muse') })).toThrow(UnknownEndingError)
  })

  it('says where routes end, who makes what was asked for, and what the survey has', () => {
    expect(() => routeFor(['signal'], 'mp4', { systems: built('muse', 'phenaki') })).toThrow(
      'Cannot find a route from signal to video: no built system reads signal; video is made by phenaki, from text or image. ' +
        'The survey has speech-from-brain (signal → text), then phenaki (text → video), of which not everything is built yet',
    )
    expect(() => routeFor(['text'], 'wav', { systems: built('muse') })).toThrow(
      'Cannot find a route from text to audio: built systems that read text make image. The survey has jukebox (text → audio), of which not everything is built yet',
    )
    expect(() => routeFor(['text'], 'png', { systems: {} })).toThrow('Cannot find a route from text to image: no system is built yet')
  })
})
