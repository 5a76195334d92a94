import { expect, test } from 'vitest'
import { textOf } from './read-text.js'

test('textOf() reads UTF-8', () => {
  expect(textOf(new TextEncoder().encode('né 猫'), 'a.txt')).toBe('né 猫')
})

test.each<[string, readonly number[], string]>([
  ['a letter of another encoding', [0x63, 0x61, 0x66, 0xe9, 0x20, 0x78], '0xe9 at place 3 of 6'],
  ['half a character at the end', [0x61, 0xe7, 0x8c], '0xe7 at place 1 of 3'],
  ['what only continues one', [0x80], '0x80 at place 0 of 1'],
  ['half a surrogate pair', [0x61, 0xed, 0xa0, 0x80], '0xed at place 1 of 4'],
])('textOf() says where it finds %s', (_, bytes, place) => {
  expect(() => textOf(Uint8Array.from(bytes), 'a.txt')).toThrow(`Cannot read a.txt: expected UTF-8, found the byte ${place}`)
})
