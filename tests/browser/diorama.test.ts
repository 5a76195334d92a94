import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Scene, settings, styles } from '../../src/diorama/index.js'
import { chromiumPath, launchChromium, noChromium } from './chromium.js'
import { type Page, program } from './diorama-page.js'
import { type Site, serveSite } from './site.js'
import { openTab, type Tab } from './tab.js'

// One world, two engines: pictures, masks and sentences are the same to the byte. V8 has changed the last bits of its sine and its powers
// between the versions in Node and in Chromium, so that coordinates differ by as much; bytes and single precision do not show it.

const size = { width: 40, height: 32 }
/** Every style in several settings, and every setting. */
const scenes = styles.flatMap((style, s) =>
  [0, 1, 2].map(
    (i): Scene => ({ ...program.scene(10 * s + i), style, setting: settings[(s + 2 * i) % settings.length] as Scene['setting'] }),
  ),
)

/** The largest difference between the numbers of two values; infinite if they differ in anything else. */
function apart(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return Object.is(a, b) ? 0 : Math.abs(a - b)
  if (!(a instanceof Object && b instanceof Object)) return a === b ? 0 : Number.POSITIVE_INFINITY
  const [own, other] = [Object.entries(a), Object.entries(b)]
  if (own.length !== other.length) return Number.POSITIVE_INFINITY
  return own.reduce((most, [name, value]) => Math.max(most, apart(value, (b as Record<string, unknown>)[name])), 0)
}

describe.skipIf(!chromiumPath)(`the diorama in Chromium${chromiumPath ? '' : ` (${noChromium})`}`, () => {
  let site: Site
  let browser: Browser
  let tab: Tab<Page>
  beforeAll(async () => {
    const workers = { 'record-worker': '../../src/diorama/record-worker.ts', broken: './broken-worker.ts' }
    ;[site, browser] = await Promise.all([serveSite({ page: './diorama-page.ts', workers }), launchChromium(chromiumPath as string)])
    tab = await openTab(browser, site.isolated)
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  test.each(styles)('renderScene() gives the bytes that Node gives in the style %s, with depth, normals and mask', async (style) => {
    for (const scene of scenes.filter((scene) => scene.style === style))
      expect(await tab.call('render', scene, size), scene.setting).toEqual(program.render(scene, size))
  })

  test('sampleScene() and captionOf() give the scenes and the sentences that Node gives', async () => {
    const seeds = Array.from({ length: 40 }, (_, seed) => seed)
    for (const seed of seeds.slice(0, 8)) expect(apart(await tab.call('scene', seed), program.scene(seed))).toBeLessThan(1e-12)
    expect(await tab.call('captions', seeds)).toEqual(program.captions(seeds))
  })

  test('sampleStory() and storyCaption() give the stories that Node gives, and frameAt() the picture of a moment', async () => {
    const seeds = [0, 1, 2, 3, 4, 5, 6, 7]
    expect(apart(await tab.call('stories', seeds), program.stories(seeds))).toBeLessThan(1e-12)
    expect(await tab.call('frame', 3, 0.8, size)).toEqual(program.frame(3, 0.8, size))
  })

  test('soundOf() gives the sound that Node gives', async () => {
    for (const seed of [1, 2]) expect(apart(await tab.call('sound', seed), program.sound(seed))).toBeLessThan(1e-6) // measured: 0
  })

  test('sceneMesh() gives the triangles that Node gives', async () => {
    const [scene] = scenes as [Scene]
    expect(apart(await tab.call('mesh', scene), program.mesh(scene))).toBeLessThan(1e-6)
  })

  describe('dioramaDataset()', () => {
    const options = { seed: 5, size: 24, length: 6, kinds: ['image', 'caption', 'mask', 'truth'] } as const

    function expectSameRecords(found: Awaited<ReturnType<typeof program.records>>, expected: typeof found): void {
      const exact = (records: typeof found) => records.map(({ index, image, caption, mask }) => ({ index, image, caption, mask }))
      expect(exact(found)).toEqual(exact(expected))
      expect(apart(found, expected)).toBeLessThan(1e-12)
    }

    test.each([
      ['beside its own script', undefined],
      ['that a function starts', './record-worker.js'],
    ])('makes the records of Node in threads, by a script %s, and ends the threads', async (_, script) => {
      let started = 0
      const count = () => started++
      tab.page.on('worker', count)
      const records = await tab.call('records', { ...options, threads: 2 }, script)
      tab.page.off('worker', count)
      expect(started).toBe(2)
      expectSameRecords(records, await program.records({ ...options, threads: 0 }))
      await expect.poll(() => tab.page.workers()).toEqual([])
    })

    test('makes the same records without threads', async () => {
      expect(await tab.call('records', { ...options, length: 2, threads: 0 })).toEqual(
        await program.records({ ...options, length: 2, threads: 0 }),
      )
    })

    test('says that a script is not there, and carries over what a worker throws', async () => {
      await expect(tab.call('records', { ...options, threads: 1 }, './nowhere.js')).rejects.toThrow(
        'Cannot make record 0 in a worker: its script does not start',
      )
      await expect(tab.call('records', { ...options, threads: 1 }, './broken.js')).rejects.toThrow(
        'Cannot make record 0 in a worker: the worker is broken',
      )
      await expect.poll(() => tab.page.workers()).toEqual([])
    })
  })
})
