import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gitSha1Of, type HubServer, hubServer, sha256Of } from '../../../tests/support/hub-server.js'
import { type Hub, openHub } from './hub.js'
import { platform } from './platform.node.js'

const weights = Buffer.alloc(5000, 'weights ')
const files = { 'config.json': '{"width":4}', 'unet/model.safetensors': weights, 'model_index.json': '{}' }
const [first, second] = [`${'a'.repeat(39)}1`, 'b'.repeat(40)]

let server: HubServer
let cache: string
let hub: Hub
beforeEach(async () => {
  server = await hubServer({ 'owner/tiny': { files, branches: ['v1'] } })
  cache = mkdtempSync(join(tmpdir(), 'genera-hub-'))
  hub = openHub({ endpoint: server.url, cache, token: null, platform: { env: {} } })
  await pull('owner/tiny@v1')
  server.repositories['owner/tiny'] = { files: { ...files, 'config.json': '{"width":8}' }, commit: second }
  await pull('owner/tiny')
})
afterEach(async () => {
  await server.close()
  rmSync(cache, { recursive: true, force: true })
})

async function pull(reference: string) {
  for await (const _ of hub.pull(await hub.plan(reference))) void _
}
const blob = (digest: string) => join(cache, 'models--owner--tiny', 'blobs', digest)
const faults = async (...options: Parameters<Hub['verify']>) => {
  const found = []
  for await (const fault of hub.verify(...options)) if (fault.kind !== 'read') found.push(fault)
  return found
}

describe('list()', () => {
  it('tells revisions, files and bytes of every repository, whichever program fetched it', async () => {
    mkdirSync(join(cache, 'datasets--someone--data', 'blobs'), { recursive: true })
    writeFileSync(join(cache, 'datasets--someone--data', 'blobs', `${'c'.repeat(40)}.incomplete`), 'begun')
    mkdirSync(join(cache, 'not-a-repository'))
    expect(await hub.list()).toMatchObject([
      { kind: 'dataset', repo: 'someone/data', revisions: {}, files: 0, bytes: 0, unfinished: 5 },
      { kind: 'model', repo: 'owner/tiny', revisions: { main: second, v1: first }, files: 6, bytes: 5000 + 11 + 11 + 2, unfinished: 0 },
    ])
  })

  it('is empty where there is no cache', async () => {
    expect(await openHub({ cache: join(cache, 'none'), platform: { env: {} } }).list()).toEqual([])
  })
})

describe('verify()', () => {
  it('finds nothing in a cache that is as it should be', async () => {
    let read = 0
    for await (const event of hub.verify()) read += event.kind === 'read' ? event.bytes : Number.NaN
    expect(read).toBe(5024)
  })

  it('finds bytes that have changed, takes them out if asked, and the next pull brings them', async () => {
    writeFileSync(blob(sha256Of(weights)), Buffer.alloc(5000, 'x'))
    writeFileSync(blob(gitSha1Of('{}')), '[]')
    expect(await faults()).toMatchObject([
      { kind: 'damaged', repo: 'owner/tiny', fixed: false },
      { kind: 'damaged', repo: 'owner/tiny', fixed: false },
    ])
    const [damaged] = await faults(['owner/tiny'], { fix: true })
    expect(damaged).toMatchObject({ fixed: true, files: [expect.any(String), expect.any(String)] }) // both snapshots have it
    expect(await hub.find('owner/tiny')).toBeUndefined()
    expect((await faults()).every(({ kind }) => kind === 'missing')).toBe(true)
    await pull('owner/tiny')
    expect(await faults()).toEqual([])
  })

  it('names what it does not find', async () => {
    await expect(faults(['owner/none'])).rejects.toThrow('Cannot find owner/none: it is not in the cache')
  })
})

describe('remove()', () => {
  it('removes a revision with the blobs that it has alone', async () => {
    expect(await hub.remove('owner/tiny@v1')).toEqual({ repo: 'owner/tiny', commit: first, bytes: 11 })
    expect(existsSync(blob(gitSha1Of('{"width":4}')))).toBe(false)
    expect(await hub.list()).toMatchObject([{ revisions: { main: second }, files: 3 }])
    expect(await faults()).toEqual([])
  })

  it('removes a repository with all that is of it', async () => {
    expect(await hub.remove('owner/tiny')).toEqual({ repo: 'owner/tiny', bytes: 5024 })
    expect(readdirSync(cache).sort()).toEqual(['.locks', 'CACHEDIR.TAG'])
    await expect(hub.remove('owner/tiny')).rejects.toMatchObject({ code: 'NotCached' })
  })

  it('leaves alone what a process is fetching', async () => {
    const lock = join(cache, '.locks', 'models--owner--tiny', `${sha256Of(weights)}.genera-lock`)
    writeFileSync(lock, JSON.stringify({ ...platform.self, nonce: 'x' }))
    await expect(hub.remove('owner/tiny')).rejects.toThrow('Cannot remove owner/tiny: a process is fetching it')
    writeFileSync(lock, JSON.stringify({ ...platform.self, id: 999_999_999, nonce: 'x' }))
    await hub.remove('owner/tiny')
  })

  it('refuses a revision that is not there', async () => {
    await expect(hub.remove('owner/tiny@v7')).rejects.toThrow('Cannot find owner/tiny@v7: it is not in the cache')
  })
})
