import { spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { type HubServer, hubServer, sha256Of } from '../../../tests/support/hub-server.js'
import { openHub } from './hub.js'
import { takeLock } from './lock.js'
import { platform } from './platform.node.js'

const weights = Buffer.alloc(2_000_000, 'weights ')
const script = fileURLToPath(new URL('../../../tests/support/pull-in-process.ts', import.meta.url))
const tsx = import.meta.resolve('tsx')

let server: HubServer
let cache: string
beforeEach(async () => {
  server = await hubServer({ 'owner/tiny': { files: { 'model.safetensors': weights } } })
  cache = mkdtempSync(join(tmpdir(), 'genera-hub-'))
})
afterEach(async () => {
  await server.close()
  rmSync(cache, { recursive: true, force: true })
})

/** A process that pulls; `until` ends it with SIGKILL as soon as its output has these words. */
function pulling({ hang = false, until = '' } = {}) {
  const words = ['--conditions=genera-source', '--import', tsx, script, server.url, cache, 'owner/tiny', ...(hang ? ['hang'] : [])]
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'pipe', 'inherit'] })
  let out = ''
  child.stdout.on('data', (chunk) => {
    out += chunk
    if (until && out.includes(until)) child.kill('SIGKILL')
  })
  return new Promise<{ readonly signal: string | null; readonly out: string }>((resolve) =>
    child.on('close', (_, signal) => resolve({ signal, out })),
  )
}

const blobs = join('models--owner--tiny', 'blobs')
async function pull() {
  const hub = openHub({ endpoint: server.url, cache, token: null, platform: { env: {} } })
  let location = ''
  for await (const event of hub.pull(await hub.plan('owner/tiny'))) if (event.kind === 'done') location = event.location
  return location
}
const downloads = () => server.requests.filter(({ path }) => path.includes('/resolve/'))

describe('pull() beside other processes', () => {
  it('takes over from one that was killed between the last byte and the rename, and fetches nothing again', async () => {
    expect((await pulling({ hang: true, until: 'renaming' })).signal).toBe('SIGKILL')
    expect(readdirSync(join(cache, blobs)).filter((name) => !name.endsWith('.incomplete'))).toEqual([])
    const location = await pull()
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
    expect(downloads()).toHaveLength(1)
    expect(readdirSync(join(cache, blobs))).toEqual([sha256Of(weights)])
  })

  it('goes on where one was killed amid the bytes', async () => {
    let held = true
    server.faults.push(({ path }, response, bytes) => {
      if (!path.includes('/resolve/') || !bytes || !held) return false
      held = false
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 700_000)) // the rest never comes
      return true
    })
    expect((await pulling({ until: 'progress 700000' })).signal).toBe('SIGKILL')
    const location = await pull()
    expect(downloads().map(({ range }) => range)).toEqual([undefined, 'bytes=700000-'])
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('lets one of two fetch, and the other wait', async () => {
    server.faults.push(({ path }, response, bytes) => {
      if (!path.includes('/resolve/') || !bytes) return false
      response.writeHead(200, { 'content-length': bytes.length })
      response.write(bytes.subarray(0, 1_000_000))
      setTimeout(() => response.end(bytes.subarray(1_000_000)), 1500)
      return true
    })
    const first = pulling()
    while (downloads().length === 0) await new Promise((resolve) => setTimeout(resolve, 20))
    const [{ out }, second] = await Promise.all([first, pull()])
    expect(out.trim().split(' ').at(-1)).toBe(second)
    expect(downloads()).toHaveLength(1)
  })

  it('lets two in one process share one download', async () => {
    expect(new Set(await Promise.all([pull(), pull(), pull()])).size).toBe(1)
    expect(downloads()).toHaveLength(1)
  })
})

describe('takeLock()', () => {
  const signal = new AbortController().signal
  const path = () => join(cache, 'a.genera-lock')

  it('lets one in at a time, whoever comes', async () => {
    let [inside, most] = [0, 0]
    const enter = async () => {
      const lock = await takeLock(path(), platform, signal)
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 5))
      inside--
      await lock.release()
    }
    await Promise.all(Array.from({ length: 8 }, enter))
    expect(most).toBe(1)
    expect(readdirSync(cache)).toEqual([])
  })

  it.each([
    ['of a dead process of this machine', { machine: platform.self.machine, id: 999_999_999 }, 0, false],
    ['of another machine that is silent', { machine: 'other', id: 1 }, 120, false],
    ['of another machine that is alive', { machine: 'other', id: 1 }, 5, true],
    ['of a living process of this machine', { machine: platform.self.machine, id: process.pid }, 120, true],
    ['of a process that was stopped long ago', { machine: platform.self.machine, id: process.pid }, 1200, false],
  ])('and a lock %s %j', async (_, owner, age, waits) => {
    mkdirSync(cache, { recursive: true })
    await platform.disk.create(path(), JSON.stringify({ ...owner, nonce: 'x' }))
    const entry: typeof platform.disk.entry = async (at) => {
      const found = await platform.disk.entry(at)
      return found && { ...found, modified: Date.now() - age * 1000 }
    }
    const stop = new AbortController()
    const waiting = () => stop.abort(new Error('it waits'))
    const taken = takeLock(path(), { ...platform, disk: { ...platform.disk, entry } }, stop.signal, waiting)
    if (waits) await expect(taken).rejects.toThrow('it waits')
    else await (await taken).release()
  })
})
