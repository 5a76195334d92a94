import { describe, expect, it } from 'vitest'
import { dioramaDataset, scenePictures } from './dataset.js'
import { satisfies } from './oracle.js'
import { sceneRecords } from './records.js'
import { isHeldOut } from './splits.js'

const options = { world: 'full', seed: 3, split: 'train', size: 16, kinds: ['image', 'caption'] } as const

describe('sceneRecords()', () => {
  it('makes what is asked for, and nothing else', () => {
    expect(Object.keys(sceneRecords({ ...options, kinds: [] })(0))).toEqual(['index', 'scene'])
    const record = sceneRecords({ ...options, kinds: ['image', 'caption', 'truth', 'depth', 'normals', 'mask', 'mesh'] })(2)
    expect(record.index).toBe(2)
    expect(record.image.data.length).toBe(16 * 16 * 3)
    expect([record.depth.length, record.normals.length, record.mask.length]).toEqual([256, 768, 256])
    expect(record.truth.objects.length).toBe(record.scene.objects.length)
    expect(record.mesh.parts.length).toBeGreaterThan(record.scene.objects.length - 1)
    expect(record.constraints.objects.length).toBeGreaterThan(0)
  })

  it('says what is true of its scene, and keeps to its split', () => {
    for (const split of ['train', 'held-out'] as const) {
      const record = sceneRecords({ ...options, kinds: ['caption'], split, captionLength: 'long' })
      for (let index = 0; index < 8; index++) {
        const { scene, constraints, caption } = record(index)
        expect(satisfies(scene, constraints).satisfied, caption).toBe(true)
        expect(isHeldOut(scene)).toBe(split === 'held-out')
      }
    }
  })

  it('is a pure function of seed, split and index', () => {
    const { image, ...rest } = sceneRecords(options)(5)
    const again = sceneRecords(options)(5)
    expect(again).toEqual({ image, ...rest })
    const others = [{ seed: 4 }, { split: 'all' as const }].map((change) => sceneRecords({ ...options, ...change })(5).scene)
    for (const scene of others) expect(scene).not.toEqual(rest.scene)
  })

  it('refuses what it does not know', () => {
    expect(() => sceneRecords({ ...options, kinds: ['smell' as 'image'] })).toThrow(
      'Cannot make "smell" of a scene: there is image, caption',
    )
    expect(() => sceneRecords({ ...options, world: 'flat' as 'full' })).toThrow('Cannot find the world "flat": there is simple, full')
  })
})

describe('dioramaDataset()', () => {
  it('gives the same records from threads as from this one', async () => {
    const here = dioramaDataset({ ...options, length: 3, threads: 0 })
    const there = dioramaDataset({ ...options, length: 3, threads: 2 }).prefetch(3)
    for await (const [index, record] of there.entries()) expect(record).toEqual(await here.record(index))
  })

  it('resumes in the middle of a batch order', async () => {
    const batches = dioramaDataset({ ...options, kinds: ['caption'], length: 12, threads: 0 })
      .shuffle(1)
      .repeat()
      .batch(5, (records) => records.map(({ caption }) => caption))
      .take(6)
    const unbroken: string[][] = []
    for await (const batch of batches) unbroken.push(batch)
    const resumed: string[][] = []
    for await (const batch of batches.iterate({ from: 3 })) resumed.push(batch)
    expect(resumed).toEqual(unbroken.slice(3))
  })

  it('says at once what is wrong with its options', () => {
    expect(() => dioramaDataset({ kinds: ['smell' as 'image'] })).toThrow('Cannot make "smell" of a scene')
  })
})

describe('scenePictures()', () => {
  it('renders the scenes in their order', async () => {
    const records = dioramaDataset({ ...options, length: 2, threads: 0 })
    const [first, second] = [await records.record(0), await records.record(1)]
    const pictures = scenePictures([second.scene, first.scene], { width: 16, height: 16, threads: 0 })
    expect([await pictures.record(0), await pictures.record(1)]).toEqual([second.image, first.image])
  })
})
