import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { TextStream } from './text-stream.js'

const encoder = new TextEncoder()
/** A token is a byte. */
const bytes = (tokens: readonly number[]): string => new TextDecoder('utf-8', { ignoreBOM: true }).decode(Uint8Array.from(tokens))
/** SentencePiece's way: the leading space of a text is dropped, and a run of bytes that is no UTF-8 becomes one U+FFFD each. */
const spaced = (tokens: readonly number[]): string => {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(Uint8Array.from(tokens)).replace(/^ /, '')
  } catch {
    return '\uFFFD'.repeat(tokens.length)
  }
}
const streamed = (text: string | Uint8Array, stop: readonly string[] = [], decode = bytes) => {
  const stream = new TextStream(decode, stop)
  const pieces = Array.from(typeof text === 'string' ? encoder.encode(text) : text, (token) => stream.push(token))
  return [...pieces, stream.end()]
}
const textOf = (pieces: readonly { text: string }[]): string => pieces.map(({ text }) => text).join('')

describe('TextStream', () => {
  test('gives characters when they are whole', () => {
    expect(streamed('aé猫😀').map(({ text }) => text)).toEqual(['a', '', 'é', '', '', '猫', '', '', '', '😀', ''])
  })

  test('never splits a character and loses nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', maxLength: 30 }), (text) => {
        const pieces = streamed(text)
        expect(textOf(pieces)).toBe(text)
        for (const piece of pieces) expect(piece.text).not.toMatch(/\uFFFD/)
      }),
    )
  })

  test('gives what a decoder of SentencePiece gives of the whole', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[a-zé猫😀 ]{0,20}$/u), (text) => {
        expect(textOf(streamed(` ${text}`, [], spaced))).toBe(text)
      }),
    )
  })

  test('says in the end that bytes were no characters, and does not wait for ever', () => {
    expect(textOf(streamed(Uint8Array.from([0x61, 0xe7, 0x8c])))).toBe('a\uFFFD')
    const broken = Uint8Array.from({ length: 300 }, () => 0xff)
    const pieces = streamed(broken)
    expect(textOf(pieces)).toBe('\uFFFD'.repeat(300))
    expect(pieces.slice(0, 40).some(({ text }) => text !== '')).toBe(true)
  })

  test('finds stop strings across the borders of tokens, and gives none of them', () => {
    const pieces = streamed('The end.\n\nUser: more', ['\n\nUser:', 'STOP'])
    expect(textOf(pieces)).toBe('The end.')
    expect(pieces.at(-1)?.stopped).toBe(true)
    expect(textOf(pieces.slice(0, 8))).toBe('The end.') // nothing is held back before a stop string may have begun
  })

  test('gives back what only looked like a stop string', () => {
    expect(textOf(streamed('aab aabaab', ['aabx', 'abaabb']))).toBe('aab aabaab')
    expect(textOf(streamed('ST', ['STOP']))).toBe('ST')
  })

  test('stops at the first stop string of the text, not of the list', () => {
    expect(textOf(streamed('one two three', ['three', 'two']))).toBe('one ')
  })

  test('cuts where a search in the whole text cuts', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[ab]{0,24}$/), fc.array(fc.stringMatching(/^[ab]{1,5}$/), { maxLength: 3 }), (text, stops) => {
        // The first stop string to be complete decides, and where several are, the one that began first.
        let wanted = text
        for (let end = 1; end <= text.length; end++) {
          const starts = stops.filter((stop) => text.slice(0, end).endsWith(stop)).map((stop) => end - stop.length)
          if (starts.length === 0) continue
          wanted = text.slice(0, Math.min(...starts))
          break
        }
        const pieces = streamed(text, stops)
        const hit = stops.some((stop) => text.includes(stop))
        expect(pieces.at(-1)?.stopped).toBe(hit)
        expect(textOf(pieces)).toBe(wanted)
      }),
    )
  })
})
