import { describe, expect, test } from 'vitest'
import { mp4Edges } from './mp4-edges.js'
import { webmEdges } from './webm-edges.js'

const text = (letters: string): number[] => [...letters].map((letter) => letter.charCodeAt(0))
const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255]

const box = (type: string, ...content: readonly (readonly number[])[]): number[] => {
  const inside = content.flat()
  return [...word(inside.length + 8), ...text(type), ...inside]
}

/** An element of WebM shorter than 127 bytes, or of open size. */
const element = (id: readonly number[], content: readonly number[], open = false): number[] => [
  ...id,
  open ? 0xff : 0x80 | content.length,
  ...content,
]

describe('mp4Edges()', () => {
  const clock = box('mvhd', word(0), word(0), word(0), word(1000))
  const track = (id: number, ...edits: readonly (readonly [number, number])[]): number[] =>
    box(
      'trak',
      box('tkhd', word(0), word(0), word(0), word(id)),
      box(
        'edts',
        box('elst', word(0), word(edits.length), ...edits.map(([length, start]) => [...word(length), ...word(start), ...word(65_536)])),
      ),
    )
  const movie = (...boxes: readonly (readonly number[])[]): Uint8Array =>
    Uint8Array.from([...box('ftyp', text('M4A ')), ...box('moov', ...boxes)])

  test('reads how long the first edit of the track lasts, behind a pause', () => {
    const bytes = movie(clock, track(1, [700, 0]), track(2, [250, -1], [1500, 1024], [9, 0]))
    expect(mp4Edges(bytes, 2)).toEqual({ edit: { seconds: 1.5, tick: 0.001 } })
    expect(mp4Edges(bytes, 1)).toEqual({ edit: { seconds: 0.7, tick: 0.001 } })
    expect(mp4Edges(bytes, 3)).toEqual({})
    expect(mp4Edges(movie(clock, track(1, [0, 1024])), 1), 'an edit to the end').toEqual({})
  })

  test('reads what iTunes notes', () => {
    const value = text(' 00000000 00000840 000001C0 0000000000069F40 00000000')
    const note = box(
      '----',
      box('mean', word(0), text('com.apple.iTunes')),
      box('name', word(0), text('iTunSMPB')),
      box('data', word(1), word(0), value),
    )
    const bytes = movie(clock, box('udta', box('meta', word(0), box('hdlr', word(0)), box('ilst', box('©nam', word(0)), note))))
    expect(mp4Edges(bytes, 1)).toEqual({ itunes: { delay: 2112, count: 433_984 } })
  })

  test('finds nothing in what is cut off or of no size', () => {
    const bytes = movie(clock, track(1, [700, 0]))
    for (let length = 0; length < bytes.length; length++) expect(mp4Edges(bytes.subarray(0, length), 1)).toEqual({})
    expect(mp4Edges(new Uint8Array(64), 1)).toEqual({})
  })
})

describe('webmEdges()', () => {
  const track = (number: number, delay: readonly number[]): number[] =>
    element([0xae], [...element([0xd7], [number]), ...element([0x56, 0xaa], delay)])
  const tracks = element([0x16, 0x54, 0xae, 0x6b], [...track(1, [0]), ...track(2, word(6_500_000))])
  const block = (number: number): number[] => element([0xa1], [0x80 | number, 0, 0, 0, 7])
  const group = (number: number, padding: number): number[] => element([0xa0], [...block(number), ...element([0x75, 0xa2], word(padding))])
  const cluster = (...blocks: readonly (readonly number[])[]): number[] => element([0x1f, 0x43, 0xb6, 0x75], blocks.flat(), true)
  const file = (...parts: readonly (readonly number[])[]): Uint8Array =>
    Uint8Array.from([...element([0x1a, 0x45, 0xdf, 0xa3], []), ...element([0x18, 0x53, 0x80, 0x67], parts.flat(), true)])

  test('reads delay and padding of the track, through parts of open size', () => {
    const bytes = file(tracks, cluster(group(1, 9)), cluster(group(2, 19_500_000), group(1, 8_000_000)))
    expect(webmEdges(bytes, 2)).toEqual({ delay: 0.0065, padding: 0.0195 })
    expect(webmEdges(bytes, 1)).toEqual({ delay: 0, padding: 0.008 })
    expect(webmEdges(bytes, 3)).toEqual({ delay: 0, padding: 0 })
  })

  test('counts the last packet only, and no padding below 0', () => {
    const simple = element([0xa3], [0x82, 0, 0, 0, 7])
    expect(webmEdges(file(tracks, cluster(group(2, 19_500_000), simple)), 2).padding).toBe(0)
    expect(webmEdges(file(tracks, cluster(group(2, -5))), 2).padding).toBe(0)
  })

  test('ends where the file ends', () => {
    const bytes = file(tracks, cluster(group(2, 19_500_000)))
    for (let length = 0; length < bytes.length; length++) expect(webmEdges(bytes.subarray(0, length), 2).padding).toBeLessThan(0.02)
    expect(webmEdges(new Uint8Array(64), 1)).toEqual({ delay: 0, padding: 0 })
  })
})
