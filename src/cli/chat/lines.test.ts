import { describe, expect, test } from 'vitest'
import { plainLines, readMessage } from './lines.js'

async function* chunks(...parts: readonly string[]) {
  for (const part of parts) yield new TextEncoder().encode(part)
}
async function messages(...parts: readonly string[]) {
  const prompt = plainLines(chunks(...parts))
  const found = []
  for (;;) {
    const message = await readMessage(prompt, '> ')
    if (message === undefined) return found
    found.push(message)
  }
}

describe('readMessage()', () => {
  test.each<[string, readonly string[], readonly string[]]>([
    ['one line each', ['Hi\nHow are', ' you?\n'], ['Hi', 'How are you?']],
    ['a last line without an end', ['Hi\nthere'], ['Hi', 'there']],
    ['a backslash at the end of a line', ['one\\\ntwo\nthree'], ['one\ntwo', 'three']],
    ['quotation marks around lines', ['"""\none\n\n  two\n"""\nthree\n'], ['one\n\n  two', 'three']],
    ['quotation marks on the lines themselves', ['"""one\ntwo"""\n'], ['one\ntwo']],
    ['quotation marks that never close', ['"""one\ntwo'], ['one\ntwo']],
    ['a character that comes in two parts', ['caf\u00e9\n'], ['café']],
  ])('takes %s', async (_, parts, wanted) => {
    expect(await messages(...parts)).toEqual(wanted)
  })
})
