import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { idleRuntime, tinySystem, type Watched } from '../../tests/support/tiny-system.js'
import { blankImage } from '../media/image.js'
import { cards, decodeValue, defineSystem, encodeValue, image, text } from './index.js'

const runtime = idleRuntime()
const watched = (): Watched => ({ loads: 0, disposals: 0 })
const message = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => 'nothing was thrown',
    (error: Error) => error.message,
  )

describe('defineSystem()', () => {
  it('loads once for callers at the same time and one after another, and once per runtime', async () => {
    const seen = watched()
    const system = tinySystem(seen)
    await Promise.all([system.make({ prompt: 'a' }, { runtime }), system.make({ prompt: 'b' }, { runtime })])
    await system.make({ prompt: 'c' }, { runtime })
    expect(seen.loads).toBe(1)
    await system.make({ prompt: 'c' }, { runtime: idleRuntime() })
    expect(seen.loads).toBe(2)
  })

  it('gives memory back at once, or when the last user is done', async () => {
    const seen = watched()
    const system = tinySystem(seen)
    for await (const event of system.generate({ prompt: 'a' }, { runtime }))
      if (event.kind === 'preview') {
        await system.dispose()
        expect(seen.disposals).toBe(0)
      }
    expect(seen.disposals).toBe(1)
    await system.make({ prompt: 'a' }, { runtime })
    expect(seen.loads).toBe(2)
    await system.dispose()
    expect(seen.disposals).toBe(2)
  })

  it('forgets a load that failed', async () => {
    const seen: Watched = { ...watched(), failure: new Error('no such file') }
    const system = tinySystem(seen)
    expect(await message(system.make({ prompt: 'a' }, { runtime }))).toBe('no such file')
    seen.failure = undefined
    expect(await system.make({ prompt: 'a' }, { runtime })).toHaveLength(1)
  })

  it('ends an abort during a load at once, and keeps the load for others', async () => {
    let open = () => {}
    const seen: Watched = { ...watched(), gate: new Promise((resolve) => (open = resolve)) }
    const system = tinySystem(seen)
    const controller = new AbortController()
    const aborted = message(system.make({ prompt: 'a' }, { runtime, signal: controller.signal }))
    const waiting = system.make({ prompt: 'b' }, { runtime })
    await new Promise((resolve) => setImmediate(resolve))
    controller.abort(new Error('enough'))
    expect(await aborted).toBe('enough')
    open()
    expect(await waiting).toHaveLength(1)
    expect(seen.loads).toBe(1)
  })

  it('counts seeds up from one, takes one for each result, and draws those that are not given', async () => {
    const system = tinySystem()
    const seeds = async (input: object) => (await system.make({ prompt: 'a', ...input }, { runtime })).map(({ seed }) => seed)
    expect(await seeds({ seed: 7, count: 3 })).toEqual([7, 8, 9])
    expect(await seeds({ seed: [5, 1] })).toEqual([5, 1])
    const [one, two] = [await seeds({}), await seeds({})]
    expect(one).not.toEqual(two)
    expect(await message(seeds({ seed: [5, 1], count: 3 }))).toBe(
      'Cannot run imagen: expected count to be 2, as many as there are seeds, found 3. Leave one of the two out',
    )
  })

  it('keeps the whole making of each result, with media by their file and digest', async () => {
    const system = defineSystem({
      card: cards['stable-diffusion'],
      input: z.object({ prompt: text(), image: image().optional(), masks: z.array(image()).default([]) }),
      output: text(),
      checkpoints: {},
      plan: () => [],
      load: async () =>
        async function* ({ prompt }) {
          yield { kind: 'result', results: [{ value: prompt, facts: { words: 1 } }] }
        },
    })
    const png = await encodeValue('image', blankImage(2, 2), 'png')
    const picture = await decodeValue('image', png, { name: 'photo.png' })
    const [made] = await system.make({ prompt: 'a', image: picture, masks: [blankImage(1, 1)] }, { runtime })
    expect(made).toMatchObject({ value: 'a', facts: { words: 1 }, seed: 0 })
    expect(made.provenance.options).toEqual({
      prompt: 'a',
      image: { modality: 'image', file: 'photo.png', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) },
      masks: [{ modality: 'image' }],
    })
  })

  it('says when its author gives too few results, or none', async () => {
    const broken = (results: readonly string[] | undefined) =>
      defineSystem({
        card: cards.whisper,
        input: z.object({ prompt: text() }),
        output: text(),
        checkpoints: {},
        plan: () => [],
        load: async () =>
          async function* () {
            if (results) yield { kind: 'result', results: results.map((value) => ({ value })) }
          },
      }).make({ prompt: 'a' }, { runtime })
    expect(await message(broken([]))).toMatch('Cannot go on with whisper: it gave 0 results for 1 seeds')
    expect(await message(broken(undefined))).toMatch('Cannot go on with whisper: it ended without a result')
  })

  it('judges figures by their thresholds, in either direction', async () => {
    const report = await tinySystem().measure({ runtime, limit: 1 })
    expect(report).toEqual({
      system: 'imagen',
      checkpoint: 'none',
      figures: [
        { name: 'cases', value: 1 },
        { name: 'right', value: 0.5, threshold: 0.9, passed: false },
        { name: 'error', value: 0.5, unit: 'px', threshold: 1, better: 'lower', passed: true },
      ],
    })
  })

  it('passes on why a run was aborted, whatever it broke', async () => {
    const controller = new AbortController()
    const reason = new DOMException('enough', 'AbortError')
    const system = defineSystem({
      card: cards.whisper,
      input: z.object({ prompt: text() }),
      output: text(),
      checkpoints: {},
      plan: () => [],
      load: async () =>
        // biome-ignore lint/correctness/useYield: it fails before it has anything to say
        async function* () {
          controller.abort(reason)
          throw new Error('the session is gone')
        },
    })
    await expect(system.make({ prompt: 'a' }, { runtime, signal: controller.signal })).rejects.toBe(reason)
  })
})
