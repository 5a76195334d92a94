import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { gitSha1Of, type HubServer, hubServer, refuse, send, sha256Of } from '../../../tests/support/hub-server.js'
import { openHub } from './hub.js'
import type { HubPlatform, Part } from './platform.js'
import { platform } from './platform.node.js'
import type { HubOptions } from './settings.js'

const weights = Buffer.alloc(300_000, 'weights ')
const files = {
  'README.md': '# a model',
  'config.json': '{"width":4}',
  'model.safetensors': weights,
  'model.fp16.safetensors': Buffer.alloc(2000, 1),
  'pytorch_model.bin': Buffer.alloc(2000, 2),
}
const commit = `${'a'.repeat(39)}1`
const folderOf = 'models--owner--tiny'

let server: HubServer
let cache: string
/** How long was waited, in place of waiting. */
let slept: number[]
beforeEach(async () => {
  server = await hubServer({ 'owner/tiny': { files } })
  cache = mkdtempSync(join(tmpdir(), 'genera-hub-'))
  slept = []
})
afterEach(async () => {
  await server.close()
  rmSync(cache, { recursive: true, force: true })
})

const quick: Partial<HubPlatform> = {
  env: {},
  sleep: async (seconds, signal) => {
    if (seconds >= 1) slept.push(seconds)
    await new Promise((resolve) => setTimeout(resolve, 5))
    signal.throwIfAborted()
  },
}
const open = (options: HubOptions = {}) =>
  openHub({ endpoint: server.url, cache, token: null, ...options, platform: { ...quick, ...options.platform } })

async function pull(
  reference: string,
  { signal, ...options }: HubOptions & { include?: string[]; revision?: string; signal?: AbortSignal } = {},
) {
  const hub = open(options)
  const { include, revision } = options
  const plan = await hub.plan(reference, { include, revision, signal })
  let location = ''
  let retries = 0
  for await (const event of hub.pull(plan, { signal })) {
    if (event.kind === 'done') location = event.location
    if (event.kind === 'retry') retries++
  }
  return { plan, location, retries }
}

const blobs = () => readdirSync(join(cache, folderOf, 'blobs')).sort()
const finished = () => blobs().filter((name) => !name.endsWith('.incomplete'))

/** A cut after so many bytes, once. */
function cutOnce(after: number): void {
  let cuts = 0
  server.faults.push(({ path, range }, response, bytes) => {
    if (!path.endsWith('.safetensors') || !bytes || cuts++ > 0) return false
    const from = Number(/\d+/.exec(range ?? '0')?.[0])
    response.writeHead(range ? 206 : 200, {
      'content-length': bytes.length - from,
      ...(range && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
    })
    response.write(bytes.subarray(from, from + after), () => response.destroy())
    return true
  })
}

describe('plan()', () => {
  it('says licence, size and memory before the first byte of a file is asked for', async () => {
    const plan = await open().plan('owner/tiny')
    expect(plan).toMatchObject({ repo: 'owner/tiny', revision: 'main', commit, licence: { id: 'mit' }, gated: false })
    expect(plan.files.map(({ path }) => path)).toEqual(['README.md', 'config.json', 'model.safetensors'])
    expect(plan.bytes).toBe(9 + 11 + 300_000)
    expect(plan.missing).toBe(plan.bytes)
    expect(plan.memory.needed).toBe(300_000)
    expect(server.requests.map(({ path }) => path)).toEqual(['/api/models/owner/tiny/revision/main?blobs=true'])
    expect(readdirSync(cache)).toEqual([])
  })

  it('takes globs in place of what genera reads, and refuses those that fit nothing with what there is', async () => {
    expect((await open().plan('owner/tiny', { include: ['*.fp16.*'] })).memory.needed).toBe(4000)
    await expect(open().plan('owner/tiny', { include: ['*.gguf'] })).rejects.toThrow(
      'Cannot choose files of owner/tiny: none of its 5 files fits "*.gguf". It has README.md, config.json',
    )
  })

  it('asks for each file where a server lists names alone', async () => {
    server.repositories['owner/tiny'] = {
      files,
      listing: (answer) => ({ ...answer, siblings: answer.siblings.map(({ rfilename }) => ({ rfilename })) }),
    }
    let busy = 0
    server.faults.push(({ method }, response) => {
      if (method !== 'HEAD' || busy++ > 0) return false
      refuse(response, 503)
      return true
    })
    const { location } = await pull('owner/tiny')
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
    expect(server.requests.filter(({ method }) => method === 'HEAD')).toHaveLength(4)
  })
})

describe('pull()', () => {
  it("keeps files where the hub's own library looks for them", async () => {
    const { location } = await pull('owner/tiny')
    expect(location).toBe(`${cache}/${folderOf}/snapshots/${commit}`)
    expect(readFileSync(join(cache, folderOf, 'refs', 'main'), 'utf8')).toBe(commit)
    expect(readlinkSync(join(location, 'model.safetensors'))).toBe(`../../blobs/${sha256Of(weights)}`)
    expect(readlinkSync(join(location, 'config.json'))).toBe(`../../blobs/${gitSha1Of(files['config.json'])}`)
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
    expect(readFileSync(join(cache, 'CACHEDIR.TAG'), 'utf8')).toMatch(/^Signature: 8a477f597d28d172789f06886806bc55/)
    expect(readdirSync(join(cache, '.locks', folderOf))).toEqual([])
  })

  it('asks for nothing twice', async () => {
    await pull('owner/tiny')
    server.requests.length = 0
    const { plan } = await pull('owner/tiny')
    expect(plan.missing).toBe(0)
    expect(server.requests).toHaveLength(1)
    server.requests.length = 0
    await pull(`owner/tiny@${commit}`)
    expect(server.requests).toEqual([]) // a commit never changes
  })

  it('keeps branches apart, and shares the blobs that they share', async () => {
    await pull('owner/tiny')
    server.repositories['owner/tiny'] = {
      files: { ...files, 'config.json': '{"width":8}' },
      commit: 'b'.repeat(40),
      branches: ['refs/pr/1'],
    }
    server.requests.length = 0
    const { location } = await pull('owner/tiny', { revision: 'refs/pr/1' })
    expect(server.requests).toHaveLength(2)
    expect(readFileSync(join(location, 'config.json'), 'utf8')).toBe('{"width":8}')
    expect(readFileSync(join(cache, folderOf, 'refs', 'refs', 'pr', '1'), 'utf8')).toBe('b'.repeat(40))
    expect(await open().find('owner/tiny@refs%2Fpr%2F1')).toBe(location)
    expect(await open().find('owner/tiny')).toBe(`${cache}/${folderOf}/snapshots/${commit}`)
  })

  it('writes a second name of the blob where links are not wanted', async () => {
    const { location } = await pull('owner/tiny', { platform: { env: { HF_HUB_DISABLE_SYMLINKS: '1' } } })
    expect(lstatSync(join(location, 'model.safetensors')).isFile()).toBe(true)
    expect(lstatSync(join(location, 'model.safetensors')).nlink).toBe(2)
    expect(await open().find('owner/tiny')).toBe(location)
  })

  it('goes on after a cut at the byte that it had', async () => {
    cutOnce(100_000)
    const { retries } = await pull('owner/tiny')
    const ranges = server.requests.filter(({ path }) => path.endsWith('model.safetensors')).map(({ range }) => range)
    expect(retries).toBe(1)
    expect(ranges).toEqual([undefined, expect.stringMatching(/^bytes=[1-9]\d{0,5}-$/)]) // what was on its way when it was cut may be lost
    expect(finished()).toHaveLength(3)
  })

  it('goes on where another process was killed', async () => {
    const blob = join(cache, folderOf, 'blobs')
    mkdirSync(blob, { recursive: true })
    const dead = `${sha256Of(weights)}.${platform.self.machine}-999999999-0badcafe.incomplete`
    writeFileSync(join(blob, dead), weights.subarray(0, 1234))
    await pull('owner/tiny')
    expect(server.requests.find(({ path }) => path.endsWith('model.safetensors'))?.range).toBe('bytes=1234-')
    expect(blobs()).toEqual(finished())
  })

  it('copies what a process that may still write has, and takes its name away', async () => {
    const blob = join(cache, folderOf, 'blobs')
    mkdirSync(blob, { recursive: true })
    writeFileSync(join(blob, `${sha256Of(weights)}.anothermachine-7-0badcafe.incomplete`), weights.subarray(0, 1234))
    await pull('owner/tiny')
    expect(server.requests.find(({ path }) => path.endsWith('model.safetensors'))?.range).toBe('bytes=1234-')
    expect(blobs()).toEqual(finished())
  })

  it('begins again if what was left unfinished is not the beginning of the file', async () => {
    const blob = join(cache, folderOf, 'blobs')
    mkdirSync(blob, { recursive: true })
    writeFileSync(join(blob, `${sha256Of(weights)}.free-0badcafe.incomplete`), Buffer.alloc(5000, 'x'))
    const { location, retries } = await pull('owner/tiny')
    expect(retries).toBe(1)
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('begins again where the server has no byte to go on at', async () => {
    cutOnce(100_000)
    let refused = 0
    server.faults.push(({ range }, response) => {
      if (!range || refused++ > 0) return false
      refuse(response, 416)
      return true
    })
    const { location } = await pull('owner/tiny')
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('goes without ranges where the server does not know them', async () => {
    cutOnce(100_000)
    server.faults.push(({ path, range, ...request }, response, bytes) => {
      if (!path.endsWith('model.safetensors') || !bytes) return false
      send({ ...request, path, range: undefined }, response, bytes)
      return true
    })
    const { location } = await pull('owner/tiny')
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('keeps what has come when it is stopped, and goes on the next time', async () => {
    const stop = new AbortController()
    const hub = open()
    const plan = await hub.plan('owner/tiny')
    const stopped = (async () => {
      for await (const event of hub.pull(plan, { signal: stop.signal }))
        if (event.kind === 'progress' && event.path === 'model.safetensors' && event.done > 70_000) stop.abort(new Error('enough'))
    })()
    await expect(stopped).rejects.toThrow('enough')
    expect(blobs().filter((name) => name.includes('.free-'))).toHaveLength(1)
    expect(await open().find('owner/tiny')).toBeUndefined()
    expect(await open().find(`owner/tiny@${commit}`)).toBeUndefined()
    await pull('owner/tiny')
    expect(server.requests.at(-1)?.range).toMatch(/^bytes=\d{5,}-$/)
    expect(blobs()).toEqual(finished())
  })
})

describe('a server at fault', () => {
  const answering = (answer: (response: import('node:http').ServerResponse, bytes: Buffer) => void, times = Number.POSITIVE_INFINITY) => {
    let seen = 0
    server.faults.push(({ path }, response, bytes) => {
      if (!path.endsWith('model.safetensors') || !bytes || seen++ >= times) return false
      answer(response, bytes)
      return true
    })
  }

  it.each<[string, (response: import('node:http').ServerResponse, bytes: Buffer) => void, RegExp]>([
    [
      'a page with status 200',
      (response) => response.writeHead(200, { 'content-type': 'text/html; charset=utf-8' }).end('<!DOCTYPE html><html>sign in</html>'),
      /^Cannot fetch "model\.safetensors" of owner\/tiny: the server sends an HTML page in place of the file\. The network may want you to sign in/,
    ],
    [
      'a page that calls itself a file',
      (response) => response.writeHead(200, { 'content-type': 'application/octet-stream' }).end('<!DOCTYPE html>'),
      /the server sends an HTML page in place of the file/,
    ],
    [
      'a file that is too short',
      (response, bytes) => response.writeHead(200, { 'content-length': 7 }).end(bytes.subarray(0, 7)),
      /found 7 bytes/,
    ],
    [
      'a file that is too long',
      (response, bytes) => response.writeHead(200).end(Buffer.concat([bytes, bytes])),
      /expected 300,000 bytes, found more/,
    ],
    [
      'other bytes',
      (response, bytes) => response.writeHead(200).end(Buffer.alloc(bytes.length)),
      /its SHA-256 should begin with [0-9a-f]{12}, and begins with/,
    ],
    ['packed bytes', (response) => response.writeHead(200, { 'content-encoding': 'gzip' }).end('x'), /found bytes packed with gzip/],
    ['cuts for ever', (response) => response.destroy(), /127\.0\.0\.1:\d+ cannot be reached: socket hang up/],
    [
      'status 503 for ever',
      (response) => refuse(response, 503),
      /127\.0\.0\.1:\d+ answers with status 503\. Try again later: what has come so far is kept$/,
    ],
    ['status 404', (response) => refuse(response, 404, 'EntryNotFound'), /it has no such file/],
  ])('that sends %s leaves nothing that counts', async (_, answer, sentence) => {
    answering(answer)
    await expect(pull('owner/tiny')).rejects.toThrow(sentence)
    expect(finished()).not.toContain(sha256Of(weights))
    expect(await open().find('owner/tiny')).toBeUndefined()
    server.faults.length = 0
    const { location } = await pull('owner/tiny') // a failure does not poison what comes later
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it('is asked again as it says, and with pauses that grow', async () => {
    answering((response) => refuse(response, 429, undefined, { 'retry-after': '7' }), 1)
    answering((response) => refuse(response, 503), 2)
    answering((response) => response.writeHead(429, { 'retry-after': new Date(Date.now() + 30_000).toUTCString() }).end(), 1)
    await pull('owner/tiny')
    expect(slept[0]).toBe(7)
    expect(slept.slice(1, 3)).toEqual([2, 4])
    expect(Math.round(slept[3] as number)).toBeGreaterThan(25)
  })

  it('that asks for hours is not waited for', async () => {
    answering((response) => refuse(response, 429, undefined, { 'retry-after': '7200' }))
    await expect(pull('owner/tiny')).rejects.toMatchObject({
      code: 'RateLimited',
      message: expect.stringMatching(/Try again in 7200 s; with HF_TOKEN/),
    })
    expect(slept).toEqual([])
  })

  it('that says nothing for too long is asked again', async () => {
    let silent = 0
    server.faults.push(({ path }, response) => {
      if (!path.endsWith('model.safetensors') || silent++ > 0) return false
      response.writeHead(200, { 'content-length': weights.length })
      response.write(weights.subarray(0, 10))
      return true
    })
    const { location } = await pull('owner/tiny', { platform: { env: { HF_HUB_DOWNLOAD_TIMEOUT: '0.2' } } })
    expect(readFileSync(join(location, 'model.safetensors')).equals(weights)).toBe(true)
  })

  it.each<[string, (response: import('node:http').ServerResponse) => void, string, RegExp]>([
    [
      'a page',
      (response) => response.writeHead(200).end('<html>'),
      'BadAnswer',
      /expected JSON from the server, found an HTML page\. The network may want/,
    ],
    ['half an object', (response) => response.writeHead(200).end('{"sha":'), 'BadAnswer', /found "\{\\?"sha/],
    ['no commit', (response) => response.writeHead(200).end('{"sha":"../.."}'), 'BadAnswer', /expected a commit of 40 hexadecimal digits/],
    ['status 500', (response) => refuse(response, 500), 'ServerFault', /answers with status 500/],
    ['status 418', (response) => refuse(response, 418), 'BadAnswer', /answers with status 418/],
  ])('that answers %s about a repository is told apart', async (_, answer, code, sentence) => {
    server.faults.push((_, response) => {
      answer(response)
      return true
    })
    await expect(open().plan('owner/tiny')).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) })
  })

  it('that is not there is told apart', async () => {
    await expect(open({ endpoint: 'http://127.0.0.1:1' }).plan('owner/tiny')).rejects.toThrow(
      'Cannot fetch owner/tiny: 127.0.0.1:1 cannot be reached: nothing listens there. Check the network; a mirror is named with HF_ENDPOINT',
    )
  })
})

describe('repositories that cannot be had', () => {
  it.each([
    [
      'owner/none',
      {},
      'RepositoryNotFound',
      /there is no such repository on 127\.0\.0\.1:\d+, or it is private\. Check the spelling\. If it is private: make a token/,
    ],
    ['owner/tiny@v9', {}, 'RevisionNotFound', /^Cannot fetch owner\/tiny at v9: it has no such revision\. Its branches and tags are at/],
    [
      'owner/gated',
      {},
      'Gated',
      /its terms have to be accepted first\. Accept them at http:\/\/127\.0\.0\.1:\d+\/owner\/gated\. Make a token/,
    ],
    [
      'owner/gated',
      { token: 'hf_other' },
      'Gated',
      /its terms have not been accepted by the owner of this token\. Accept them at .*, with the account/,
    ],
    ['owner/barred', {}, 'Forbidden', /the server refuses it: not in your country/],
    ['owner/old', { token: 'hf_expired' }, 'TokenRefused', /the server does not accept the token\. It may have expired/],
  ] as const)('%s with %j is %s, and what to do is said', async (repo, options, code, sentence) => {
    server.repositories['owner/gated'] = { files, gated: true }
    server.faults.push(({ path }, response) => {
      if (path.includes('owner/barred')) refuse(response, 403, undefined, { 'x-error-message': 'not in your country' })
      else if (path.includes('owner/old')) refuse(response, 401, undefined)
      else return false
      return true
    })
    await expect(pull(repo, options)).rejects.toMatchObject({ code, message: expect.stringMatching(sentence) })
  })

  it('gated ones come with the token of somebody who has accepted their terms', async () => {
    server.repositories['owner/gated'] = { files, gated: true, licence: 'creativeml-openrail-m' }
    const { plan } = await pull('owner/gated', { token: 'hf_good' })
    expect(plan).toMatchObject({ gated: true, licence: { id: 'creativeml-openrail-m' } })
  })
})

describe('redirects', () => {
  const redirecting = (location: () => string) =>
    server.faults.push(({ path }, response) => {
      if (!path.includes('/resolve/')) return false
      response.writeHead(302, { location: location() }).end()
      return true
    })

  it('to another host are followed without the token', async () => {
    const store = await hubServer({ 'owner/tiny': { files } })
    server.faults.push(({ path }, response) => {
      if (!path.includes('/resolve/')) return false
      response.writeHead(302, { location: `http://localhost:${store.port}${path}?signature=x%2Fy` }).end()
      return true
    })
    store.faults.push((request, response) => {
      const name = /\/([^/?]+)\?/.exec(request.path)?.[1] ?? ''
      send(request, response, Buffer.from(files[name as keyof typeof files]))
      return true
    })
    try {
      await pull('owner/tiny', { token: 'hf_secret', hosts: [`localhost:${store.port}`] })
      expect(server.requests.map(({ authorization }) => authorization)).toEqual(Array(4).fill('Bearer hf_secret'))
      expect(store.requests.map(({ authorization }) => authorization)).toEqual([undefined, undefined, undefined])
    } finally {
      await store.close()
    }
  })

  it.each([
    ['http://169.254.169.254/latest/meta-data/', /sends us on to 169\.254\.169\.254, and it leads to the private address/],
    ['http://localhost:1/x', /and it leads to the private address localhost is (?:127\.0\.0\.1|::1)/],
    ['http://2130706433:1/x', /127\.0\.0\.1/],
    ['http://0x7f.1:1/x', /127\.0\.0\.1/],
    ['http://[::ffff:127.0.0.1]:1/x', /private address/],
    ['http://[fd00::1]/x', /private address fd00::1/],
    ['http://10.0.0.1/x', /private address 10\.0\.0\.1/],
    ['http://127.0.0.1:1\\@example.org/x', /127\.0\.0\.1/],
    ['http://user:word@example.org/x', /it has a password in it/],
    ['file:///etc/passwd', /it is no address of the web/],
  ])('to %s are refused', async (location, sentence) => {
    redirecting(() => location)
    await expect(pull('owner/tiny')).rejects.toMatchObject({ code: 'HostRefused', message: expect.stringMatching(sentence) })
    expect(finished()).toEqual([])
  })

  it('to a store whose address is no longer good are asked for anew', async () => {
    const store = await hubServer({})
    let times = 0
    server.faults.push(({ path }, response) => {
      if (!path.endsWith('model.safetensors') || times++ > 0) return false
      response.writeHead(302, { location: `${store.url}/expired` }).end()
      return true
    })
    store.faults.push((_, response) => {
      refuse(response, 403)
      return true
    })
    try {
      expect((await pull('owner/tiny', { hosts: ['127.0.0.1'] })).retries).toBe(1)
    } finally {
      await store.close()
    }
  })

  it('in a circle end', async () => {
    redirecting(() => `${server.url}/owner/tiny/resolve/${commit}/config.json`)
    await expect(pull('owner/tiny')).rejects.toThrow(/more than 5 redirects/)
  })
})

describe('hostile names', () => {
  it.each([
    '../../evil',
    'unet/../../evil',
    '/etc/cron.d/evil',
    'C:\\evil',
    '..\\evil',
    'a/./b',
    'a//b',
    'nul\0byte',
    'right\u202eleft',
    'aux.json',
    'trailing.',
    `${'x'.repeat(300)}`,
  ])('%j refuses the repository before anything is fetched', async (name) => {
    server.repositories['owner/tiny'] = { files: { ...files, [name]: 'x' } }
    await expect(pull('owner/tiny', { include: ['*'] })).rejects.toMatchObject({ code: 'UnsafeName' })
    expect(server.requests).toHaveLength(1)
    expect(readdirSync(cache)).toEqual([])
  })

  it('that are a file and a folder at once are refused', async () => {
    server.repositories['owner/tiny'] = { files: { a: 'x', 'a/b': 'y' } }
    await expect(pull('owner/tiny', { include: ['*'] })).rejects.toThrow(
      'expected no file that is also a folder from the server, found "a"',
    )
  })

  it('through a link that somebody put into the cache are refused', async () => {
    server.repositories['owner/tiny'] = { files: { 'unet/config.json': '{}' } }
    const snapshot = join(cache, folderOf, 'snapshots', commit)
    mkdirSync(snapshot, { recursive: true })
    mkdirSync(join(cache, 'elsewhere'))
    symlinkSync(join(cache, 'elsewhere'), join(snapshot, 'unet'))
    await expect(pull('owner/tiny')).rejects.toThrow(/expected a folder, found a link/)
    expect(readdirSync(join(cache, 'elsewhere'))).toEqual([])
  })

  it('are encoded in addresses', async () => {
    server.repositories['owner/tiny'] = { files: { 'a %2e#?.json': '{}' } }
    server.repositories['owner/tiny'] = { files: { 'a %2e#.json': '{}' } }
    await pull('owner/tiny', { include: ['*'] })
    expect(server.requests.at(-1)?.path).toBe(`/owner/tiny/resolve/${commit}/a%20%252e%23.json`)
  })
})

describe('disks at fault', () => {
  const failing = (code: string, after: number): Partial<HubPlatform> => ({
    disk: {
      ...platform.disk,
      async openPart(path) {
        const part = await platform.disk.openPart(path)
        const write: Part['write'] = async (bytes, position) => {
          if (position + bytes.length > after) throw Object.assign(new Error(`${code}: no space`), { code, syscall: 'write' })
          await part.write(bytes, position)
        }
        return { ...part, write }
      },
    },
  })

  it('that fill up keep what has come', async () => {
    await expect(pull('owner/tiny', { platform: failing('ENOSPC', 150_000) })).rejects.toMatchObject({
      code: 'DiskFull',
      message: expect.stringMatching(
        /no space is left on the disk\. Free some space, or keep the cache elsewhere with HF_HUB_CACHE; what has come/,
      ),
    })
    await pull('owner/tiny')
    expect(server.requests.at(-1)?.range).toMatch(/^bytes=\d+-$/)
  })

  it('that cannot hold it all are refused before the first byte', async () => {
    const small = { disk: { ...platform.disk, free: async () => 1000 } }
    await expect(pull('owner/tiny', { platform: small })).rejects.toThrow(
      '300,020 bytes are to come, and 1,000 bytes are free where the cache is',
    )
    expect(server.requests).toHaveLength(1)
  })

  it('that are read-only say so, and what is in the cache can still be used', async () => {
    await pull('owner/tiny')
    server.repositories['owner/tiny'] = { files: { ...files, 'config.json': 'new' }, commit: 'b'.repeat(40) }
    await expect(pull('owner/tiny', { platform: failing('EROFS', 0) })).rejects.toMatchObject({ code: 'NotWritable' })
    expect(await open().find('owner/tiny')).toBe(`${cache}/${folderOf}/snapshots/${commit}`)
  })
})

describe('find() and offline', () => {
  it('find what is complete without asking anybody', async () => {
    expect(await open().find('owner/tiny')).toBeUndefined()
    const { location } = await pull('owner/tiny')
    server.requests.length = 0
    expect(await open({ offline: true }).find('owner/tiny')).toBe(location)
    expect(await open({ offline: true }).find('hf://owner/tiny/config.json')).toBe(`${location}/config.json`)
    expect((await open({ offline: true }).plan('owner/tiny')).missing).toBe(0)
    expect(server.requests).toEqual([])
  })

  it('say what is missing, and how to get it', async () => {
    await expect(open({ offline: true }).plan('owner/tiny')).rejects.toThrow(
      `Cannot take owner/tiny from the cache: it is not in ${cache}. With a network: genera pull owner/tiny, without --offline and HF_HUB_OFFLINE`,
    )
    await pull('owner/tiny')
    const path = join(cache, folderOf, 'blobs', sha256Of(weights))
    truncateSync(path, 10)
    await expect(open({ platform: { env: { HF_HUB_OFFLINE: 'yes' } } }).plan('owner/tiny')).rejects.toThrow(
      '"model.safetensors" of it is not in',
    )
    expect(await open().find('owner/tiny')).toBeUndefined()
    await pull('owner/tiny')
    expect(readFileSync(path).equals(weights)).toBe(true)
  })

  it("take a snapshot of the hub's own library as it is", async () => {
    const snapshot = join(cache, folderOf, 'snapshots', commit)
    mkdirSync(snapshot, { recursive: true })
    mkdirSync(join(cache, folderOf, 'refs'))
    writeFileSync(join(cache, folderOf, 'refs', 'main'), commit)
    expect(await open({ offline: true }).find('owner/tiny')).toBe(snapshot)
  })
})
