import fc from 'fast-check'
import { expect, test } from 'vitest'
import { JsonReader } from './json-reader.js'

const read = (text: string) => new JsonReader(text, (expected, found) => new Error(`expected ${expected}, found ${found}`))

/** Passes over the whole text. */
function check(text: string): void {
  const reader = read(text)
  reader.skip()
  reader.end()
}

test('skip() accepts exactly what JSON.parse accepts, apart from equal keys and half surrogate pairs', () => {
  const valid = fc.json({ stringUnit: 'binary', depthSize: 'small' })
  const noisy = fc
    .tuple(valid, fc.nat(), fc.constantFrom('', ',', '"', '\\', '{', ']', '0', '-', '.', 'e', 'n', '\u0000', '\t'))
    .map(([text, at, noise]) => {
      const position = at % (text.length + 1)
      return text.slice(0, position) + noise + text.slice(position + 1)
    })
  const accepts = (parse: (text: string) => void, text: string) => {
    try {
      parse(text)
      return true
    } catch (error) {
      return error instanceof Error && /each key once|half a surrogate/.test(error.message) ? undefined : false
    }
  }
  fc.assert(
    fc.property(fc.oneof(valid, noisy), (text) => {
      const ours = accepts(check, text)
      if (ours !== undefined) expect(ours, text).toBe(accepts(JSON.parse, text))
    }),
    { numRuns: 3000, seed: 1 },
  )
})

test('object() finds equal keys at any depth, also where one is spelled with escapes', () => {
  expect(() => check('{"a":1,"a":1}')).toThrow('expected each key once, found "a" twice')
  expect(() => check('{"x":[{"y":{"a":1,"b":2,"a":3}}]}')).toThrow('found "a" twice')
  expect(() => check(String.raw`{"a/b":1,"\u0061\/b":2}`)).toThrow('found "a/b" twice')
  expect(() => check('{"__proto__":1,"__proto__":2}')).toThrow('found "__proto__" twice')
  expect(() => check('{"a":{"a":{"a":1}},"b":[{"a":1},{"a":1}]}')).not.toThrow()
})

test('skip() stops at 64 levels instead of exhausting the stack', () => {
  const nested = (depth: number, open: string, close: string) => `${open.repeat(depth)}1${close.repeat(depth)}`
  expect(() => check(nested(64, '[', ']'))).not.toThrow()
  expect(() => check(nested(65, '[', ']'))).toThrow('expected at most 64 levels of nesting, found more at character 64')
  expect(() => check(nested(1_000_000, '[', ']'))).toThrow('levels of nesting')
  expect(() => check(nested(1_000_000, '{"a":', '}'))).toThrow('levels of nesting')
})

test('wholeNumber() takes digits only, up to 2^53 - 1, and quotes anything else as it is spelled', () => {
  expect(read('9007199254740991').wholeNumber('a number')).toBe(Number.MAX_SAFE_INTEGER)
  expect(read(' 0').wholeNumber('a number')).toBe(0)
  for (const text of ['-1', '-0', '1.0', '1.5', '1e2', '1e400', '01', '9007199254740992', '18446744073709551616'])
    expect(() => read(text).wholeNumber('a number'), text).toThrow(`expected a number, found ${text}`)
  expect(() => read('"1"').wholeNumber('a number')).toThrow('found text at character 0')
  expect(() => read('[1]').wholeNumber('a number')).toThrow('found a list')
  expect(() => read('NaN').wholeNumber('a number')).toThrow('found NaN')
  expect(() => read('9'.repeat(1_000_000)).wholeNumber('a number')).toThrow(/found 9{40}$/)
})

test('string() refuses control characters, bad escapes, half surrogate pairs and a missing quote', () => {
  expect(read(String.raw`"a\u00e9\n\ud83d\ude00"`).string('text')).toBe('aé\n😀')
  expect(() => read('"a\nb"').string('text')).toThrow('control character')
  expect(() => read(String.raw`"\x41"`).string('text')).toThrow('bad escape')
  expect(() => read(String.raw`"\ud800"`).string('text')).toThrow('half a surrogate pair')
  expect(() => read('"abc').string('text')).toThrow('no closing quote')
  expect(() => read(String.raw`"abc\"`).string('text')).toThrow('no closing quote')
})

test('end() accepts white space and nothing else', () => {
  expect(() => check('{} \n\r\t ')).not.toThrow()
  expect(() => check('{} {}')).toThrow('expected nothing after the closing brace, found an object at character 3')
  expect(() => check('{}\u0000')).toThrow(String.raw`found \u{0}`)
})

test('a text of 5 MB takes time in proportion to its length', () => {
  const seconds = (text: string) => {
    const start = performance.now()
    try {
      check(text)
    } catch {}
    return (performance.now() - start) / 1000
  }
  expect(seconds(`{"${'a'.repeat(5_000_000)}":1}`)).toBeLessThan(5)
  expect(seconds(`["${'\\"'.repeat(2_500_000)}"]`)).toBeLessThan(5)
  expect(seconds('"\\'.repeat(2_500_000))).toBeLessThan(5)
  expect(seconds(`{${Array.from({ length: 250_000 }, (_, i) => `"key${i}":${i}`).join(',')}}`)).toBeLessThan(10)
})
