import { describe, expect, test } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { CheckpointError, type CheckpointErrorCode } from './checkpoint-error.js'
import { largestHeader, parseSafetensors } from './safetensors.js'

const parse = (header: string | Uint8Array | object, dataBytes = 0) => parseSafetensors(fileOf(header, dataBytes), 'm.safetensors')

function failure(operation: () => unknown): CheckpointError {
  try {
    operation()
  } catch (error) {
    if (error instanceof CheckpointError) return error
    throw error
  }
  throw new Error('Expected a CheckpointError, found none')
}

/** Asserts the code and the whole sentence. */
function expectFailure(operation: () => unknown, code: CheckpointErrorCode, sentence: string): void {
  const error = failure(operation)
  expect({ code: error.code, message: error.message }).toEqual({ code, message: sentence })
}

const damaged = 'The file is damaged: download or save it again'

describe('parseSafetensors() reads', () => {
  test('names, element types, shapes and absolute offsets, in the order of the file', () => {
    const header = {
      __metadata__: { format: 'pt' },
      b: entry('F32', [2, 2], 3, 19),
      a: entry('U8', [3], 0, 3),
      s: entry('F16', [], 19, 21),
    }
    const { metadata, tensors } = parse(header, 21)
    const start = 8 + JSON.stringify(header).length
    expect([...metadata]).toEqual([['format', 'pt']])
    expect([...tensors]).toEqual([
      ['b', { storage: 'F32', shape: [2, 2], offset: start + 3, length: 16 }],
      ['a', { storage: 'U8', shape: [3], offset: start, length: 3 }],
      ['s', { storage: 'F16', shape: [], offset: start + 19, length: 2 }],
    ])
  })

  test('an empty header, padding behind the header, and white space inside', () => {
    expect(parse('{}').tensors.size).toBe(0)
    expect(parse('{}      ').tensors.size).toBe(0)
    expect(parse('{\n"a" : {"dtype":"U8", "shape":[ ], "data_offsets":[0,\t1]}}\r\n', 1).tensors.size).toBe(1)
  })

  test('empty tensors anywhere between others', () => {
    const { tensors } = parse({ c: entry('F32', [0, 7], 4, 4), a: entry('F32', [1], 0, 4), z: entry('I64', [0], 0, 0) }, 4)
    expect([...tensors.values()].map(({ length }) => length)).toEqual([0, 4, 0])
  })

  test('names that are dangerous in a plain object', () => {
    const header = `{"__proto__":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"constructor":{"dtype":"U8","shape":[1],"data_offsets":[1,2]},
      "__metadata__":{"__proto__":"x","toString":"y"}}`
    const { tensors, metadata } = parse(header, 2)
    expect([...tensors.keys()]).toEqual(['__proto__', 'constructor'])
    expect([...metadata]).toEqual([
      ['__proto__', 'x'],
      ['toString', 'y'],
    ])
    expect({}).not.toHaveProperty('x')
  })

  test('all 22 element types, those below a byte included', () => {
    const bits = { F64: 64, I64: 64, U64: 64, C64: 64, F32: 32, I32: 32, U32: 32, F16: 16, BF16: 16, I16: 16, U16: 16 }
    const bytes = { BOOL: 8, U8: 8, I8: 8, F8_E4M3: 8, F8_E5M2: 8, F8_E8M0: 8, F8_E4M3FNUZ: 8, F8_E5M2FNUZ: 8 }
    for (const [dtype, width] of Object.entries({ ...bits, ...bytes, F4: 4, F6_E2M3: 6, F6_E3M2: 6 }))
      expect(parse({ a: entry(dtype, [2, 4], 0, width) }, width).tensors.get('a')?.length, dtype).toBe(width)
  })
})

describe('parseSafetensors() refuses', () => {
  test('an empty file and one of 7 bytes: HeaderTooSmall', () => {
    const sentence = (found: string) => `Cannot read m.safetensors: expected at least 8 bytes, found ${found}. ${damaged}`
    expectFailure(() => parseSafetensors(new Uint8Array(0), 'm.safetensors'), 'HeaderTooSmall', sentence('an empty file'))
    expectFailure(() => parseSafetensors(new Uint8Array(7), 'm.safetensors'), 'HeaderTooSmall', sentence('only 7 bytes'))
  })

  test('a header of more than 100 MB, up to 2^64 - 1: HeaderTooLarge', () => {
    const file = fileOf('{}')
    for (const length of [BigInt(largestHeader) + 1n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n]) {
      new DataView(file.buffer).setBigUint64(0, length, true)
      expect(failure(() => parseSafetensors(file)).code).toBe('HeaderTooLarge')
    }
    expect(failure(() => parseSafetensors(file, 'm')).message).toBe(
      `Cannot read m: expected a header of at most 100,000,000 bytes, found a length of 18,446,744,073,709,551,615 bytes. ${damaged}`,
    )
  })

  test('a header length beyond the end of the file, as in abuse attempt 1 of the reference: InvalidHeaderLength', () => {
    const file = fileOf({ weight: entry('F32', [2, 2], 0, 16) }, 16)
    new DataView(file.buffer).setBigUint64(0, 1000n, true)
    const sentence = `expected a header of 1,000 bytes, found a file of ${file.length} bytes: ${1008 - file.length} bytes of the header missing`
    expectFailure(() => parseSafetensors(file, 'm'), 'InvalidHeaderLength', `Cannot read m: ${sentence}. ${damaged}`)
  })

  test('a hundred thousand tensors on the same bytes, as in abuse attempt 3: InvalidOffset, quickly', () => {
    const header = Object.fromEntries(Array.from({ length: 100_000 }, (_, i) => [`weight_${i}`, entry('F32', [200, 200], 0, 160_000)]))
    const start = performance.now()
    expect(failure(() => parse(header, 160_000)).code).toBe('InvalidOffset')
    expect(performance.now() - start).toBeLessThan(5000)
  })

  test('anything but "{" as the first byte: InvalidHeaderStart', () => {
    for (const header of [' {}', '[]', '\ufeff{}', '\0', ''])
      expect(failure(() => parse(header, 16)).code, JSON.stringify(header)).toBe('InvalidHeaderStart')
  })

  test('bytes that are not UTF-8: InvalidHeader', () => {
    const text = new TextEncoder().encode('{"a?":{"dtype":"U8","shape":[],"data_offsets":[0,1]}}')
    for (const byte of [0xff, 0xc0, 0x80, 0xed]) {
      text[3] = byte
      expectFailure(
        () => parse(text, 1),
        'InvalidHeader',
        `Cannot read m.safetensors: expected a header in UTF-8, found bytes that are not. ${damaged}`,
      )
    }
  })

  test.each([
    ['no closing brace', '{'],
    ['a comma at the end', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},}'],
    ['single quotes', "{'a':1}"],
    ['text behind the object', '{}x'],
    ['a zero byte as padding', '{}\0'],
    ['a tensor that is null', '{"a":null}'],
    ['a tensor that is a list', '{"a":["U8",[1],[0,1]]}'],
    ['metadata that is null', '{"__metadata__":null}'],
    ['metadata with a number', '{"__metadata__":{"steps":3}}'],
    ['metadata with an object', '{"__metadata__":{"config":{}}}'],
    ['equal tensor names', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'],
    [
      'equal tensor names, one escaped',
      '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"\\u0061":{"dtype":"U8","shape":[0],"data_offsets":[1,1]}}',
    ],
    ['equal keys in a tensor', '{"a":{"dtype":"U8","shape":[1],"shape":[1],"data_offsets":[0,1]}}'],
    ['equal keys in the metadata', '{"__metadata__":{"a":"1","a":"2"}}'],
    ['metadata twice', '{"__metadata__":{},"__metadata__":{}}'],
    ['half a surrogate pair as a name', '{"\\ud800":{"dtype":"U8","shape":[1],"data_offsets":[0,1]}}'],
    ['an unknown element type', '{"a":{"dtype":"F128","shape":[1],"data_offsets":[0,16]}}'],
    ['an element type from the prototype', '{"a":{"dtype":"toString","shape":[1],"data_offsets":[0,1]}}'],
    ['no element type', '{"a":{"shape":[1],"data_offsets":[0,1]}}'],
    ['no shape', '{"a":{"dtype":"U8","data_offsets":[0,1]}}'],
    ['no offsets', '{"a":{"dtype":"U8","shape":[1]}}'],
    ['one offset', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[1]}}'],
    ['an additional key', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1],"stride":[1]}}'],
    ['a negative size', '{"a":{"dtype":"U8","shape":[-1],"data_offsets":[0,1]}}'],
    ['a negative zero', '{"a":{"dtype":"U8","shape":[-0],"data_offsets":[0,0]}}'],
    ['a fraction', '{"a":{"dtype":"U8","shape":[1.5],"data_offsets":[0,1]}}'],
    ['a whole number with a point', '{"a":{"dtype":"U8","shape":[1.0],"data_offsets":[0,1]}}'],
    ['an exponent', '{"a":{"dtype":"U8","shape":[1e0],"data_offsets":[0,1]}}'],
    ['a number as text', '{"a":{"dtype":"U8","shape":["1"],"data_offsets":[0,1]}}'],
    ['a negative offset', '{"a":{"dtype":"U8","shape":[1],"data_offsets":[-1,0]}}'],
    ['nesting in place of a number', `{"a":{"dtype":"U8","shape":${'['.repeat(100_000)}`],
  ])('%s: InvalidHeaderDeserialization', (_, header) => {
    expect(failure(() => parse(header, 1)).code).toBe('InvalidHeaderDeserialization')
  })

  test('numbers and products beyond 2^53 - 1: ValidationOverflow', () => {
    const huge = ['9007199254740992', '9223372036854775808', '18446744073709551615', '18446744073709551616', `1${'0'.repeat(400)}`]
    for (const number of huge) {
      expect(failure(() => parse(`{"a":{"dtype":"U8","shape":[${number}],"data_offsets":[0,1]}}`, 1)).code).toBe('ValidationOverflow')
      expect(failure(() => parse(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,${number}]}}`, 1)).code).toBe('ValidationOverflow')
    }
    expect(failure(() => parse(`{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,${Number.MAX_SAFE_INTEGER}]}}`, 1)).code).toBe(
      'ValidationOverflow',
    )
    for (const shape of [[2 ** 32, 2 ** 32], [2 ** 40, 2 ** 40, 0], [Number.MAX_SAFE_INTEGER]])
      expect(failure(() => parse({ a: entry('F32', shape, 0, 4) }, 4)).code, `${shape}`).toBe('ValidationOverflow')
    expectFailure(
      () => parse({ a: entry('F32', [2 ** 31, 2 ** 31], 0, 4) }, 4),
      'ValidationOverflow',
      `Cannot read "a" from m.safetensors: expected a size of at most 9007199254740991 bits, found F32 [2147483648, 2147483648]. ${damaged}`,
    )
  })

  test('a shape that does not fit its bytes: TensorInvalidInfo', () => {
    expectFailure(
      () => parse({ w: entry('F32', [2, 3], 0, 20) }, 20),
      'TensorInvalidInfo',
      `Cannot read "w" from m.safetensors: expected 24 bytes for F32 [2, 3], found data_offsets [0, 20], which are 20 bytes. ${damaged}`,
    )
    expect(failure(() => parse({ w: entry('U8', Array(65).fill(1), 0, 1) }, 1)).code).toBe('TensorInvalidInfo')
    expect(failure(() => parse('{"w":{"dtype":"U8","shape":[1],"data_offsets":[0,1,1]}}', 1)).code).toBe('TensorInvalidInfo')
  })

  test('elements that end inside a byte: MisalignedSlice', () => {
    expect(failure(() => parse({ w: entry('F4', [3], 0, 2) }, 2)).code).toBe('MisalignedSlice')
  })

  test('holes, overlaps and offsets in the wrong order: InvalidOffset', () => {
    expectFailure(
      () => parse({ a: entry('U8', [4], 0, 4), b: entry('U8', [4], 6, 10) }, 10),
      'InvalidOffset',
      `Cannot read "b" from m.safetensors: expected data from offset 4, where "a" ends, found a hole up to offset 6. ${damaged}`,
    )
    expectFailure(
      () => parse({ a: entry('U8', [4], 0, 4), b: entry('U8', [4], 2, 6) }, 6),
      'InvalidOffset',
      `Cannot read "b" from m.safetensors: expected data from offset 4, where "a" ends, found an overlap from offset 2. ${damaged}`,
    )
    expect(failure(() => parse({ a: entry('U8', [4], 2, 6) }, 6)).code).toBe('InvalidOffset')
    expect(failure(() => parse({ a: entry('U8', [4], 4, 0) }, 4)).code).toBe('InvalidOffset')
  })

  test('a file cut short or with more bytes than tensors: MetadataIncompleteBuffer, with the difference', () => {
    const header = { a: entry('F32', [2], 0, 8) }
    const size = fileOf(header, 8).length
    expectFailure(
      () => parse(header, 5),
      'MetadataIncompleteBuffer',
      `Cannot read m.safetensors: expected a file of ${size} bytes, found ${size - 3} bytes: 3 bytes missing. The file is incomplete: finish the download or save it again`,
    )
    expectFailure(
      () => parse(header, 9),
      'MetadataIncompleteBuffer',
      `Cannot read m.safetensors: expected a file of ${size} bytes, found ${size + 1} bytes: 1 byte too many. ${damaged}`,
    )
    expect(failure(() => parse('{}', 1)).code).toBe('MetadataIncompleteBuffer')
  })

  test('and shows no control characters and no more than 200 characters of a foreign name', () => {
    const { message, tensor } = failure(() => parse({ [`\u001b[2J\u202e${'x'.repeat(10_000)}`]: entry('U8', [1], 0, 2) }, 2))
    expect(message).toMatch(/^Cannot read "\\u\{1b\}\[2J\\u\{202e\}x+…" from m\.safetensors: expected 1 byte for U8 \[1\]/)
    expect(message.length).toBeLessThan(500)
    expect(tensor).toHaveLength(10_005)
  })
})
