import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { CheckpointError } from '../checkpoint-error.js'
import { memoryFile, type OpenFile } from '../files.js'
import { openCheckpoint } from '../open-checkpoint.js'
import { readGgufHeader } from './gguf-header.js'

type Part = number | bigint | string | Uint8Array

/** Numbers as u32, bigints as u64, texts with their length in front. */
function bytesOf(...parts: readonly Part[]): Uint8Array {
  const out: number[] = []
  const number = (value: bigint, bytes: number) => {
    for (let i = 0; i < bytes; i++) out.push(Number((value >> BigInt(8 * i)) & 255n))
  }
  for (const part of parts) {
    if (typeof part === 'number') number(BigInt(part), 4)
    else if (typeof part === 'bigint') number(BigInt.asUintN(64, part), 8)
    else {
      const bytes = typeof part === 'string' ? new TextEncoder().encode(part) : part
      if (typeof part === 'string') number(BigInt(bytes.length), 8)
      out.push(...bytes)
    }
  }
  return Uint8Array.from(out)
}

const magic = new TextEncoder().encode('GGUF')
const file = (tensors: bigint, entries: bigint, ...rest: readonly Part[]) => bytesOf(magic, 3, tensors, entries, ...rest)
/** One tensor of 32 float32 in a file of exactly its size. */
const tensor = (sizes: readonly bigint[], { type = 0, offset = 0n, data = 128, name = 'w' } = {}) => {
  const header = file(1n, 0n, name, sizes.length, ...sizes, type, offset)
  const padded = new Uint8Array(Math.ceil(header.length / 32) * 32 + data)
  padded.set(header)
  return padded
}

const array = 9
const text = 8

describe('readGgufHeader()', () => {
  test('reads a file whose tensor ends where the file does', async () => {
    const { tensors } = await readGgufHeader(memoryFile(tensor([8n, 4n]), 'x.gguf'))
    expect(tensors.get('w')).toEqual({ type: 'F32', shape: [4, 8], offset: 96, length: 128 })
  })

  test.each<[string, Uint8Array, string, RegExp]>([
    ['a file of four bytes', magic, 'HeaderTooSmall', /expected a number of 4 bytes at byte 4/],
    ['version 1', bytesOf(magic, 1, 0n, 0n), 'NotSupported', /found version 1\..*Convert/s],
    ['big-endian numbers', bytesOf(magic, 0x03000000, 0n, 0n), 'NotSupported', /found big-endian numbers/],
    ['2^64 − 1 tensors', file(-1n, 0n), 'ValidationOverflow', /expected at most 65536 tensors, found 18446744073709551615/],
    ['2^63 entries', file(0n, 2n ** 63n), 'ValidationOverflow', /at most 65536 entries of metadata, found 9223372036854775808/],
    ['more tensors than the file has room for', file(1000n, 0n), 'InvalidHeaderLength', /room for 1000/],
    ['a key longer than any', file(0n, 1n, 2n ** 40n, 0n), 'ValidationOverflow', /a key of at most 1,024 bytes, found 1099511627776/],
    ['a key that is no UTF-8', file(0n, 1n, 1n, Uint8Array.of(255), 4, 0), 'InvalidHeader', /a key in UTF-8/],
    ['a text longer than the file', file(0n, 1n, 'k', text, 1_000_000n), 'InvalidHeaderLength', /as the value of "k"/],
    ['a text whose length wraps around', file(0n, 1n, 'k', text, 2n ** 64n - 1n), 'ValidationOverflow', /text of at most/],
    ['an array longer than the file', file(0n, 1n, 'k', array, 4, 1_000_000n), 'InvalidHeaderLength', /room for 1000000 of 4 bytes/],
    ['an array of 2^61 numbers, whose size wraps around', file(0n, 1n, 'k', array, 10, 2n ** 61n), 'ValidationOverflow', /elements/],
    [
      'an array of no known kind',
      file(0n, 1n, 'k', array, 77, 0n, 0n),
      'InvalidHeader',
      /a kind of value from 0 to 12 as the value of "k", found 77/,
    ],
    ['a value of no known kind', file(0n, 1n, 'k', 13, 0n), 'InvalidHeader', /found 13/],
    ['a truth that is neither', file(0n, 1n, 'k', 7, Uint8Array.of(2)), 'InvalidHeader', /expected 0 or 1/],
    ['one key twice', file(0n, 2n, 'k', 4, 1, 'k', 4, 2), 'InvalidHeader', /each key once, found "k" twice/],
    ['no axes', tensor([]), 'TensorInvalidInfo', /1 to 4 axes, found 0/],
    ['five axes', tensor([1n, 1n, 1n, 1n, 1n]), 'TensorInvalidInfo', /1 to 4 axes, found 5/],
    ['2^32 − 1 axes', file(1n, 0n, 'w', 0xffffffff, 1n, 1n), 'TensorInvalidInfo', /found 4294967295/],
    ['a size of zero', tensor([0n, 4n]), 'TensorInvalidInfo', /sizes of 1 or more, found \[4, 0\]/],
    ['a size of 2^63', tensor([2n ** 63n]), 'ValidationOverflow', /F32 \[9223372036854775808\]/],
    ['a negative size', tensor([-1n]), 'ValidationOverflow', /F32 \[18446744073709551615\]/],
    ['sizes whose product wraps around to 0', tensor([2n ** 32n, 2n ** 32n]), 'ValidationOverflow', /bytes/],
    ['sizes whose product wraps around to the size of the data', tensor([2n ** 62n + 8n, 4n]), 'ValidationOverflow', /bytes/],
    ['blocks whose bytes wrap around', tensor([2n ** 59n], { type: 2 }), 'ValidationOverflow', /Q4_0/],
    ['half a block', tensor([16n], { type: 2 }), 'MisalignedSlice', /rows of whole blocks of 32 for Q4_0, found rows of 16/],
    ['rows of half a block', tensor([16n, 2n], { type: 8 }), 'MisalignedSlice', /Q8_0/],
    ['an unknown type', tensor([32n], { type: 4 }), 'UnsupportedDType', /"w".*a known element type, found number 4/],
    ['an offset beyond the file', tensor([32n], { offset: 32n }), 'MetadataIncompleteBuffer', /from byte 96, found a file of/],
    ['an offset near 2^64', tensor([32n], { offset: 2n ** 64n - 32n }), 'ValidationOverflow', /at offset 18446744073709551584/],
    ['an offset that is not aligned', tensor([8n], { offset: 4n }), 'InvalidOffset', /a multiple of 32, found 4/],
    ['data cut short', tensor([32n], { data: 127 }), 'MetadataIncompleteBuffer', /finish the download/],
    ['one tensor twice', file(2n, 0n, 'w', 1, 1n, 0, 0n, 'w', 1, 1n, 0, 32n), 'InvalidHeader', /"w" twice/],
    ['an alignment of 0', file(0n, 1n, 'general.alignment', 4, 0), 'InvalidHeader', /a power of two up to 1048576 as general.alignment/],
    ['an alignment of 3', file(0n, 1n, 'general.alignment', 4, 3), 'InvalidHeader', /found 3/],
    ['an alignment that is text', file(0n, 1n, 'general.alignment', text, 'x'), 'InvalidHeader', /found x/],
  ])('refuses %s', async (_, bytes, code, message) => {
    const error = await readGgufHeader(memoryFile(bytes, 'x.gguf')).then(
      () => undefined,
      (error: unknown) => error,
    )
    expect(error).toBeInstanceOf(CheckpointError)
    expect(error).toMatchObject({ code, message: expect.stringMatching(message) })
  })

  test('refuses tensors that overlap', async () => {
    const header = file(2n, 0n, 'a', 1, 32n, 0, 0n, 'b', 1, 16n, 0, 64n)
    const bytes = new Uint8Array(256)
    bytes.set(header)
    await expect(readGgufHeader(memoryFile(bytes, 'x.gguf'))).rejects.toMatchObject({
      code: 'InvalidOffset',
      message: expect.stringMatching(/"b".*where "a" ends, found an overlap/),
    })
  })

  test('refuses arrays in arrays without end', async () => {
    const nest = Array.from({ length: 1000 }, () => [array, 1n]).flat() as Part[]
    await expect(readGgufHeader(memoryFile(file(0n, 1n, 'k', array, ...nest), 'x.gguf'))).rejects.toThrow('expected arrays at most 4 deep')
  })

  test('never asks for more than the longest header, however large the file says that it is', async () => {
    let most = 0
    const endless: OpenFile = {
      name: 'x.gguf',
      size: 2 ** 50,
      source: undefined,
      read: async (offset, length) => {
        most = Math.max(most, offset + length)
        const bytes = new Uint8Array(length)
        bytes.set(file(0n, 1n, 'k', text, 2n ** 26n))
        return bytes
      },
    }
    await expect(readGgufHeader(endless)).rejects.toMatchObject({ code: 'HeaderTooLarge' })
    expect(most).toBe(2 ** 26)
  })

  test('gives a typed error or a checkpoint for every change of a good file', async () => {
    const good = new Uint8Array(readFileSync(new URL('../../../tests/fixtures/gguf/qwen2-yarn-q4_0.gguf', import.meta.url)))
    const change = fc.record({
      at: fc.integer({ min: 0, max: 2500 }),
      bytes: fc.uint8Array({ minLength: 1, maxLength: 8 }),
      cut: fc.nat(100),
    })
    await fc.assert(
      fc.asyncProperty(change, async ({ at, bytes, cut }) => {
        const bad = good.slice(0, cut < 20 ? Math.floor((good.length * cut) / 20) : good.length)
        bad.set(bytes.subarray(0, Math.max(0, Math.min(bytes.length, bad.length - at))), Math.min(at, bad.length))
        try {
          const checkpoint = await openCheckpoint(bad)
          for (const name of checkpoint.names.slice(0, 3)) await checkpoint.packed?.(name)
        } catch (error) {
          expect(error).toBeInstanceOf(CheckpointError)
        }
      }),
      { numRuns: 400, seed: 7 },
    )
  })
})
