import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { parseCaption } from '../../../diorama/index.js'
import { key } from '../../../graph/index.js'
import { blankImage } from '../../../media/image.js'
import { encodePng } from '../../../media/png.js'
import { dioramaPictures, folderPictures, someOf } from './pictures.js'

const folder = await mkdtemp(join(tmpdir(), 'genera-pictures-'))
afterAll(() => rm(folder, { recursive: true }))

test('dioramaPictures() gives the same pictures from the cache as when it rendered them, and renders others anew', async () => {
  const cache = join(folder, 'pictures.safetensors')
  const rendered = await dioramaPictures({ count: 3, size: 32, cache })
  const kept = await dioramaPictures({ count: 3, size: 32, cache })
  expect(kept.pixels).toEqual(rendered.pixels)
  expect(kept.caption(1, key(5))).toBe(rendered.caption(1, key(5)))
  const others = await dioramaPictures({ count: 3, size: 32, seed: 12, cache })
  expect(others.pixels).not.toEqual(rendered.pixels)
})

test('dioramaPictures() finds other words for a picture, all of them understood', async () => {
  const pictures = await dioramaPictures({ count: 2, size: 16 })
  const captions = Array.from({ length: 20 }, (_, i) => pictures.caption(1, key(i)))
  expect(new Set(captions).size).toBeGreaterThan(10)
  for (const caption of captions) expect(parseCaption(caption).unknown).toEqual([])
})

test('dioramaPictures() adds scenes in which one thing stands on another', async () => {
  const told: number[] = []
  const pictures = await dioramaPictures({ count: 1, stacks: 2, size: 16, onProgress: (done) => told.push(done) })
  expect([pictures.count, pictures.pixels.length, told]).toEqual([3, 3 * 16 * 16 * 3, [3]])
  const stacks = (index: number) =>
    Array.from({ length: 60 }, (_, i) => parseCaption(pictures.caption(index, key(i)))).filter(({ constraints }) =>
      constraints.relations.some(({ relation }) => relation === 'on top of'),
    ).length
  expect([stacks(1), stacks(2)].every((said) => said > 5)).toBe(true)
})

test('someOf() spreads over all pictures, each with its own words', () => {
  const pixels = Uint8Array.from({ length: 6 * 3 }, (_, i) => Math.floor(i / 3))
  const boxes = (index: number) => [{ left: 0, top: 0, right: index / 10, bottom: 1 }]
  const some = someOf({ count: 6, size: 1, pixels, caption: (index) => `number ${index}`, boxes }, 3)
  expect([some.count, some.size, [...some.pixels]]).toEqual([3, 1, [0, 0, 0, 2, 2, 2, 4, 4, 4]])
  expect(some.caption(2, key(1))).toBe('number 4')
  expect(some.boxes?.(2)).toEqual(boxes(4))
  expect(someOf(some, 10).count).toBe(3)
})

test('folderPictures() cuts the middle square and takes the words beside the file', async () => {
  const wide = blankImage(40, 20, [0, 0, 255])
  wide.data.fill(200, 0, 3) // a corner that the square leaves out
  await writeFile(join(folder, 'a.png'), encodePng(wide))
  await writeFile(join(folder, 'a.txt'), 'all blue\n')
  const pictures = await folderPictures(folder, { size: 8 })
  expect(pictures).toMatchObject({ count: 1, size: 8 })
  expect(pictures.caption(0, key(1))).toBe('all blue')
  expect([...pictures.pixels]).toEqual(Array.from({ length: 64 }, () => [0, 0, 255]).flat())
})
