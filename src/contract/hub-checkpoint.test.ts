import { mkdirSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, hubServer } from '../../tests/support/hub-server.js'
import { idleRuntime, tinySystem } from '../../tests/support/tiny-system.js'
import { array } from '../graph/index.js'
import { encodeSafetensors } from '../weights/index.js'
import { chooseCheckpoint } from './checkpoint-choice.js'
import { checkpointToFetch, repositoryAsked } from './hub-checkpoint.js'

const weights = encodeSafetensors(new Map([['weight', array([7])]]))
const before = process.cwd()
let server: HubServer
let folder: string
beforeEach(async () => {
  server = await hubServer({ 'owner/tiny': { files: { 'model.safetensors': weights, 'config.json': '{}' } } })
  folder = mkdtempSync(join(tmpdir(), 'genera-hub-'))
  vi.stubEnv('HF_ENDPOINT', server.url)
  vi.stubEnv('HF_HOME', folder)
  process.chdir(folder)
})
afterEach(async () => {
  process.chdir(before)
  vi.unstubAllEnvs()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})

describe('repositoryAsked()', () => {
  it('takes for a repository what names no file, no folder and no path in a folder that is here', async () => {
    mkdirSync(join(folder, 'out', 'model'), { recursive: true })
    const asked = [
      'owner/tiny',
      'owner/tiny@v1',
      'hf://out/model',
      'out/model',
      'out/modle',
      'out/x.safetensors',
      './owner/tiny',
      'tiny',
      undefined,
    ]
    expect(await Promise.all(asked.map(repositoryAsked))).toEqual([
      'owner/tiny',
      'owner/tiny@v1',
      'hf://out/model',
      ...Array(6).fill(undefined),
    ])
  })
})

describe('a checkpoint on the hub', () => {
  const runtime = idleRuntime()

  it('is planned with its bytes, fetched with progress, and found in the cache from then on', async () => {
    const system = tinySystem()
    const events = []
    for await (const event of system.generate({ prompt: 'a' }, { runtime, checkpoint: 'owner/tiny' })) events.push(event)
    expect(events[0]).toMatchObject({
      kind: 'plan',
      bytes: weights.length + 2,
      stages: [{ stage: 'fetch', total: weights.length + 2 }, { stage: 'load' }, {}],
    })
    expect(events.filter((event) => event.kind === 'progress' && event.stage === 'fetch').at(-1)).toMatchObject({
      done: weights.length + 2,
    })
    expect(events.at(-1)).toMatchObject({ results: [{ provenance: { checkpoint: { name: 'hf://owner/tiny' } } }] })
    server.requests.length = 0
    for await (const event of system.generate({ prompt: 'a' }, { runtime, checkpoint: 'owner/tiny' }))
      if (event.kind === 'plan') expect(event).toMatchObject({ bytes: 0, stages: [{ stage: 'load' }, {}] })
    expect(server.requests).toEqual([])
  })

  it('is not fetched by whoever stops at the plan', async () => {
    for await (const event of tinySystem().generate({ prompt: 'a' }, { runtime, checkpoint: 'owner/tiny' })) {
      expect(event.kind).toBe('plan')
      break
    }
    expect(server.requests).toHaveLength(1)
  })

  it('is chosen by its own name where the system knows it, and otherwise by one that no folder has', async () => {
    expect((await checkpointToFetch('owner/tiny'))?.missing).toBe(weights.length + 2)
    await expect(chooseCheckpoint('imagen', {}, 'owner/tiny')).rejects.toMatchObject({ code: 'CheckpointMissing' })
    for await (const event of tinySystem().generate({ prompt: 'a' }, { runtime, checkpoint: 'owner/tiny' })) void event
    expect(await checkpointToFetch('owner/tiny')).toBeUndefined()
    const choice = await chooseCheckpoint('imagen', {}, 'owner/tiny')
    expect(choice).toMatchObject({ kind: 'hub', name: 'hf://owner/tiny', location: expect.stringContaining('models--owner--tiny') })
    expect(await (await choice.open()).read('weight').then(({ data }) => data[0])).toBe(7)
    expect(await chooseCheckpoint('imagen', { hub: ['owner/tiny'] }, 'owner/tiny')).toMatchObject({ name: 'owner/tiny' })
    const file = await chooseCheckpoint('imagen', {}, 'hf://owner/tiny/model.safetensors')
    expect(file.location).toMatch(/snapshots\/a{39}1\/model\.safetensors$/)
    expect(await file.sha256()).toMatch(/^[0-9a-f]{64}$/)
  })

  it('that does not exist, or is asked for offline, is refused with what to do', async () => {
    const make = (checkpoint: string) => tinySystem().make({ prompt: 'a' }, { runtime, checkpoint })
    await expect(make('owner/none')).rejects.toMatchObject({ code: 'RepositoryNotFound' })
    vi.stubEnv('HF_HUB_OFFLINE', '1')
    server.requests.length = 0
    await expect(make('owner/tiny')).rejects.toThrow(/^Cannot take owner\/tiny from the cache: .* With a network: genera pull owner\/tiny/)
    expect(server.requests).toEqual([])
  })
})
