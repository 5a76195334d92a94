import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import { readAvProvenance } from '../media/av-tags.js'
import { blankImage } from '../media/image.js'
import type { Provenance } from '../media/provenance.js'
import { readProvenance } from '../media/read-provenance.js'
import { allCards } from './cards.js'
import { UnknownEndingError } from './errors.js'
import {
  decodeValue,
  encodeValue,
  endingOf,
  endingsOf,
  formatFor,
  type Modalities,
  type Modality,
  modalities,
  modalitiesOfEnding,
  modalityNames,
  originOf,
} from './modalities.js'
import { version } from './version.js'

const provenance: Provenance = { generator: 'genera', version: '0.1.0', system: 'muse', options: { prompt: 'a' }, seed: 7 }
const film = { frameRate: 10, frames: [blankImage(16, 16, [255, 0, 0]), blankImage(16, 16, [0, 0, 255])] }
const joints = [{ name: 'hip', parent: -1, offset: [0, 0, 0] as const, tip: [0, 1, 0] as const }]
const material = { name: 'red', colour: [1, 0, 0] as const, metallic: 0, roughness: 1 }

const samples: { readonly [M in Modality]: Modalities[M] } = {
  text: 'a red cube\n',
  code: 'print("a")\n',
  image: blankImage(3, 2, [10, 20, 30]),
  audio: { sampleRate: 48_000, channels: [new Float32Array(4800)] },
  video: film,
  mesh: { parts: [{ name: 'a', positions: new Float32Array([0, 0, 0, 1, 0, 0, 0, 1, 0]), indices: new Uint32Array([0, 1, 2]), material }] },
  motion: { frameRate: 30, joints, rootTranslations: new Float32Array(6), rotations: new Float32Array([0, 0, 0, 1, 0, 0, 0, 1]) },
  signal: { sampleRate: 256, channels: [{ name: 'Cz', unit: 'µV', samples: new Float32Array([1, 2, 3]) }], events: [] },
  deck: { title: 'Plan', slides: [{ layout: 'title', title: 'Plan' }] },
  tensor: { shape: [2, 2], values: [1, 0, 0, 1] },
  algorithm: { n: [2, 2, 2], m: 7 },
  actions: [{ action: 'left' }],
}

const found = async (bytes: Uint8Array): Promise<unknown> => {
  const text = await readAvProvenance(bytes)
  return text === undefined ? (await readProvenance(bytes))?.own : JSON.parse(text)
}

describe('modalities', () => {
  it.each(modalityNames)('tell %s from all others', (name) => {
    const likes = modalityNames.filter((other) => modalities[other].holds(samples[name]))
    const documents = ['tensor', 'algorithm', 'actions']
    expect(likes).toContain(name)
    if (!documents.includes(name) && name !== 'text' && name !== 'code')
      expect(likes.filter((each) => !documents.includes(each))).toEqual([name])
  })

  it.each(modalityNames.flatMap((name) => modalities[name].formats.map((format) => [name, format.endings[0]] as const)))(
    'keep %s in .%s files: what can be read comes back, and says how it was made',
    async (name, ending) => {
      const { encode, decode, keepsProvenance } = formatFor(
        name,
        ending,
        modalities[name].formats.find((f) => f.endings[0] === ending)?.encode ? 'write' : 'read',
      )
      if (!encode) return expect(decode).toBeDefined()
      const bytes = await encodeValue(name, samples[name], ending, { provenance })
      if (keepsProvenance && ending !== 'json') expect(await found(bytes)).toEqual(provenance)
      if (!decode) return
      const value = await decodeValue(name, bytes, { name: `made.${ending}` })
      expect(modalities[name].holds(value)).toBe(true)
      if (['text', 'code', 'tensor', 'algorithm', 'actions', 'signal'].includes(name) || ending === 'png')
        expect(value).toEqual(samples[name])
    },
  )

  it('are all that the cards name', () => {
    expect(allCards.flatMap(({ inputs, outputs }) => [...inputs, ...outputs]).filter((each) => !modalityNames.includes(each))).toEqual([])
  })
})

describe('encodeValue()', () => {
  it('writes how a document was made as its field, as other JSON of genera has it', async () => {
    const text = new TextDecoder().decode(await encodeValue('algorithm', samples.algorithm, 'json', { provenance }))
    expect(JSON.parse(text)).toEqual({ ...(samples.algorithm as object), provenance })
  })

  it('says which endings there are for a modality', async () => {
    await expect(encodeValue('image', samples.image, 'pgn')).rejects.toThrow(
      'Cannot write a picture that ends in .pgn: endings are .png, .apng, .jpg, .jpeg, .jpe, .jfif or .webp. Did you mean "png"?',
    )
  })
})

describe('decodeValue()', () => {
  it.each(['[1]', '"a"', '{"a":1,"a":2}', '{"__proto__":{}}', '{'])('refuses %s as a document', async (json) => {
    await expect(decodeValue('algorithm', new TextEncoder().encode(json), { name: 'a.json' })).rejects.toMatchObject({ name: 'MediaError' })
  })

  it('remembers the file of a value and its digest', async () => {
    const bytes = await encodeValue('image', samples.image, 'png')
    const value = await decodeValue('image', bytes, { name: 'photos/a.png' })
    expect(await originOf(value)).toEqual({ file: 'photos/a.png', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) })
    expect(await originOf(blankImage(1, 1))).toBeUndefined()
  })
})

describe('modalitiesOfEnding()', () => {
  it('puts first what such files are written for', () => {
    expect(modalitiesOfEnding('mp4', 'read')).toEqual(['video', 'audio'])
    expect(modalitiesOfEnding('gif', 'read')).toEqual(['video', 'image'])
    expect(modalitiesOfEnding('webp', 'read')).toEqual(['image', 'video'])
    expect(modalitiesOfEnding('gif')).toEqual(['video'])
    expect(modalitiesOfEnding('json')).toEqual(['tensor', 'algorithm', 'actions'])
  })

  it('refuses what nobody writes, or a name without an ending', () => {
    expect(() => modalitiesOfEnding('pmg')).toThrow(UnknownEndingError)
    expect(() => modalitiesOfEnding('pmg')).toThrow('Did you mean "png"?')
    expect(() => modalitiesOfEnding('')).toThrow('Cannot write a file whose name has no ending: endings are .txt')
  })

  it('agrees with endingsOf()', () => {
    for (const ending of endingsOf()) expect(modalitiesOfEnding(ending).length).toBeGreaterThan(0)
    expect(endingsOf('image')).not.toContain('gif')
    expect(endingsOf('image', 'read')).toContain('gif')
  })
})

describe('endingOf()', () => {
  it.each([
    ['a/b.c/scene.PNG', 'png'],
    ['scene', ''],
    ['.hidden/scene', ''],
    ['scene.tar.gz', 'gz'],
  ])('of %s is "%s"', (name, ending) => expect(endingOf(name)).toBe(ending))
})

describe('version', () => {
  it('is that of the package', () => {
    expect(version).toBe((JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as { version: string }).version)
  })
})
