import { describe, expect, test } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { readHeader } from './checkpoint.js'
import { CheckpointError } from './checkpoint-error.js'
import { memoryFile } from './files.js'
import { parseSafetensors } from './safetensors.js'
import { parseShardIndex } from './shard-index.js'

type Random = (below: number) => number

/** Whole numbers below a limit, always the same ones for a seed (mulberry32). */
function seeded(seed: number): Random {
  let state = seed
  return (below) => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return Math.floor((((t ^ (t >>> 14)) >>> 0) / 2 ** 32) * below)
  }
}

const pick = <T>(random: Random, items: readonly T[]): T => items[random(items.length)] as T

const originals = [
  { text: JSON.stringify({ a: entry('F32', [2, 3], 0, 24), b: entry('U8', [5], 24, 29), e: entry('I64', [0], 29, 29) }), data: 29 },
  {
    text: JSON.stringify({ __metadata__: { format: 'pt', π: '3' }, 'a.b': entry('BF16', [], 0, 2), c: entry('BOOL', [3, 1], 2, 5) }),
    data: 5,
  },
  {
    text: '{"__proto__":{"dtype":"I8","shape":[2],"data_offsets":[0,2]},"\\u0078":{"dtype":"F16","shape":[1],"data_offsets":[2,4]}}  ',
    data: 4,
  },
  { text: '{}', data: 0 },
]
const numbers = [
  '-1',
  '0',
  '1',
  '2.5',
  '1e2',
  '1e400',
  '-0',
  '4294967296',
  '9007199254740991',
  '9007199254740993',
  '9223372036854775808',
  `${'9'.repeat(300)}`,
]
const snippets = [
  '"a":1,',
  '"a":',
  '{',
  '}',
  '[',
  ']',
  ',',
  ':',
  '"',
  '\\',
  '\\u0000',
  '\\ud800',
  '\ud83d\ude00',
  '\u202e',
  '\u0000',
  'null',
  'true',
  'NaN',
  '0x10',
  ' ',
]
const dtypes = ['F32', 'U8', 'F4', 'F64', 'f32', 'F128', '__proto__', 'constructor']

/** Each changes a text in one way. */
const textMutations: readonly ((text: string, random: Random) => string)[] = [
  (text, random) => replaceMatch(text, /\d+/g, random, pick(random, numbers)),
  (text, random) => replaceMatch(text, /\d+/g, random, String(random(40))),
  (text, random) => replaceMatch(text, /"[A-Z]+\d*"/g, random, `"${pick(random, dtypes)}"`),
  (text, random) =>
    replaceMatch(
      text,
      /"[^"]*"/g,
      random,
      pick(random, ['"a"', '"shape"', '"dtype"', '"data_offsets"', '"__metadata__"', '"\\u0061"', '""']),
    ),
  (text, random) => insert(text, random, pick(random, snippets)),
  (text, random) => insert(text, random, pick(random, ['{', '[', '{"a":']).repeat(random(2000))),
  (text, random) => text.slice(0, random(text.length + 1)),
  (text, random) => {
    const at = random(text.length)
    return text.slice(0, at) + text.slice(at + 1 + random(10))
  },
  (text) => text.replace(/^\{(.+)\}\s*$/s, '{$1,$1}'),
  (text, random) => {
    const [member = ''] = text.match(/"[^"]*":(?:\{[^{}]*\}|\[[^[\]]*\]|"[^"]*")/g) ?? []
    return insert(text, random, `${member},`)
  },
]

function replaceMatch(text: string, pattern: RegExp, random: Random, replacement: string): string {
  const match = pick(random, [...text.matchAll(pattern)])
  return match ? text.slice(0, match.index) + replacement + text.slice(match.index + match[0].length) : text
}

function insert(text: string, random: Random, snippet: string): string {
  const at = random(text.length + 1)
  return text.slice(0, at) + snippet + text.slice(at)
}

/** A file made from one of the originals by one to three changes of its text and, sometimes, of its bytes. */
function mutant(random: Random): Uint8Array<ArrayBuffer> {
  const { text, data } = pick(random, originals)
  let header = text
  for (let changes = random(4); changes > 0; changes--) header = pick(random, textMutations)(header, random)
  let file = fileOf(header, random(8) ? data : random(64))
  for (let flips = random(6) ? 0 : 1 + random(4); flips > 0; flips--) file[random(file.length)] = random(256)
  if (random(12) === 0) file = file.slice(0, random(file.length + 1))
  if (random(12) === 0 && file.length >= 8) {
    const lie = pick(random, [0n, 1n, BigInt(file.length), 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 63n, 2n ** 64n - 1n, BigInt(random(200))])
    new DataView(file.buffer).setBigUint64(0, lie, true)
  }
  return file
}

/** The rules of the format, checked again by other means: JSON.parse and arithmetic without rounding. */
function assertValid(file: Uint8Array<ArrayBuffer>, { tensors, metadata }: ReturnType<typeof parseSafetensors>): void {
  const length = Number(new DataView(file.buffer).getBigUint64(0, true))
  const json = JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(file.subarray(8, 8 + length))) as Record<string, unknown>
  const names = Object.keys(json).filter((name) => name !== '__metadata__')
  if (names.length !== tensors.size || !names.every((name) => tensors.has(name))) throw new Error('other names')
  if (![...metadata.values()].every((value) => typeof value === 'string')) throw new Error('metadata is not text')

  const bits = (dtype: string) => (/^(?:BOOL|F8.*)$/.test(dtype) ? 8 : Number(/\d+/.exec(dtype)?.[0]))
  const covered = new Uint8Array(file.length - 8 - length)
  for (const name of names) {
    const raw = Object.getOwnPropertyDescriptor(json, name)?.value as ReturnType<typeof entry>
    const [begin, end] = raw.data_offsets as [number, number]
    const size = raw.shape.reduce((product: bigint, axis) => product * BigInt(axis as number), BigInt(bits(raw.dtype)))
    if (size !== BigInt(end - begin) * 8n) throw new Error(`${name} is ${size} bits`)
    for (let i = begin; i < end; i++) covered[i] = (covered[i] ?? 9) + 1
    const tensor = tensors.get(name)
    if (tensor?.offset !== 8 + length + begin || tensor.length !== end - begin || `${tensor.shape}` !== `${raw.shape}`)
      throw new Error(`${name} differs`)
  }
  if (!covered.every((times) => times === 1)) throw new Error('a hole or an overlap')
}

describe('parseSafetensors() under fuzzing', () => {
  test('100,000 mutants either parse to something valid or end in a CheckpointError', () => {
    const random = seeded(20_240_607)
    const outcomes = new Map<string, number>()
    const count = (outcome: string) => outcomes.set(outcome, (outcomes.get(outcome) ?? 0) + 1)
    const memoryBefore = process.memoryUsage()
    const start = performance.now()
    for (let i = 0; i < 100_000; i++) {
      const file = mutant(random)
      let header: ReturnType<typeof parseSafetensors>
      try {
        header = parseSafetensors(file)
      } catch (error) {
        if (!(error instanceof CheckpointError)) throw new Error(`Mutant ${i} ends in ${error}`, { cause: error })
        if (error.message.length > 1000) throw new Error(`Mutant ${i} has a message of ${error.message.length} characters`)
        count(error.code)
        continue
      }
      assertValid(file, header)
      count('valid')
    }
    expect(performance.now() - start).toBeLessThan(30_000)
    expect(process.memoryUsage().rss - memoryBefore.rss).toBeLessThan(400e6)

    // The mutations reach every rule, and enough of them are harmless.
    const codes = [
      'HeaderTooLarge',
      'HeaderTooSmall',
      'InvalidHeaderLength',
      'InvalidHeaderStart',
      'InvalidHeader',
      'InvalidHeaderDeserialization',
    ]
    const rules = ['InvalidOffset', 'TensorInvalidInfo', 'MetadataIncompleteBuffer', 'ValidationOverflow', 'MisalignedSlice']
    for (const outcome of [...codes, ...rules]) expect(outcomes.get(outcome) ?? 0, outcome).toBeGreaterThan(20)
    expect(outcomes.get('valid')).toBeGreaterThan(10_000)
  })

  test('reading the header of a mutant never asks for bytes beyond the file', async () => {
    const random = seeded(7)
    for (let i = 0; i < 5000; i++) {
      const file = memoryFile(mutant(random), 'mutant')
      const read = (offset: number, length: number) => {
        if (!(length >= 0 && offset + length <= file.size)) throw new Error(`Mutant ${i}: ${length} bytes from ${offset} of ${file.size}`)
        return file.read(offset, length)
      }
      await readHeader({ ...file, read }).catch((error: unknown) => expect(error).toBeInstanceOf(CheckpointError))
    }
  })
})

test('parseShardIndex() under fuzzing gives plain file names or a CheckpointError', () => {
  const random = seeded(99)
  const original =
    '{"metadata":{"total_size":7.5e3,"note":[null,{"a":true}]},"weight_map":{"a":"model-1.safetensors","b":"model-2.safetensors","c":"model-1.safetensors"}}'
  const names = ['../x', '/etc/x', 'a\\\\b', 'C:', '%2e%2e', '．．', 'CON', 'x\\u0000', '']
  let valid = 0
  for (let i = 0; i < 20_000; i++) {
    let text = original
    for (let changes = random(4); changes > 0; changes--)
      text = random(3) ? pick(random, textMutations)(text, random) : replaceMatch(text, /model-\d/g, random, pick(random, names))
    try {
      for (const shard of parseShardIndex(new TextEncoder().encode(text)).keys()) expect(shard).toMatch(/^\w[\w. -]*\.safetensors$/)
      valid++
    } catch (error) {
      if (!(error instanceof CheckpointError)) throw new Error(`Mutant ${i} ends in ${error}: ${text.slice(0, 500)}`, { cause: error })
    }
  }
  expect(valid).toBeGreaterThan(2000)
})
