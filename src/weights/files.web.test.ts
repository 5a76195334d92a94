import { readFile } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { scalar } from '../graph/ndarray.js'
import { openSafetensors } from './checkpoint.js'
import { exists, openCheckpoint } from './open-checkpoint.js'
import { writeSafetensors } from './write-safetensors.js'

// The files of a browser, run in Node, which has the same fetch.
vi.mock('#files', () => import('./files.web.js'))

type Answer = (
  url: URL,
  range: [first: number, last: number] | undefined,
) => { status: number; headers?: Record<string, string>; body?: Uint8Array }

let server: Server
let origin: string
let answer: Answer
const requests: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    const [, first, last] = /^bytes=(\d+)-(\d+)$/.exec(request.headers.range ?? '') ?? []
    requests.push(`${request.url} ${request.headers.range ?? 'all'}`)
    const { status, headers, body } = answer(new URL(request.url ?? '/', origin), first && last ? [Number(first), Number(last)] : undefined)
    response.writeHead(status, headers).end(body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => {
  requests.length = 0
  vi.unstubAllGlobals()
})
afterAll(() => new Promise((resolve) => server.close(resolve)))

const fixture = async (name: string) => new Uint8Array(await readFile(new URL(`../../tests/fixtures/safetensors${name}`, import.meta.url)))

/** A server that knows ranges. */
const ranged =
  (contents: Record<string, Uint8Array>): Answer =>
  ({ pathname }, range) => {
    const content = contents[pathname]
    if (!content) return { status: 404 }
    if (!range) return { status: 200, body: content }
    if (range[0] >= content.length) return { status: 416, headers: { 'Content-Range': `bytes */${content.length}` } }
    const body = content.slice(range[0], range[1] + 1)
    return { status: 206, headers: { 'Content-Range': `bytes ${range[0]}-${range[0] + body.length - 1}/${content.length}` }, body }
  }

/** 1 MB in front of a small tensor, so that it lies beyond the first request. */
function large(value: number): Uint8Array {
  const file = fileOf({ big: entry('U8', [1_000_000], 0, 1_000_000), small: entry('F32', [1], 1_000_000, 1_000_004) }, 1_000_004)
  file.set(new Uint8Array(new Float32Array([value]).buffer), file.length - 4)
  return file
}

describe('openSafetensors() in a browser', () => {
  test('reads a small file with one request', async () => {
    answer = ranged({ '/m.safetensors': await fixture('/types.safetensors') })
    const checkpoint = await openSafetensors(`${origin}/m.safetensors`)
    expect((await checkpoint.read('i32')).toNested()).toEqual([2 ** 31 - 1, -(2 ** 31)])
    expect((await checkpoint.read('empty')).shape).toEqual([0, 4])
    expect(checkpoint.info('f32').region).toBeUndefined()
    expect(requests).toEqual(['/m.safetensors bytes=0-262143'])
  })

  test('fetches only the range of the tensor that is read', async () => {
    const file = large(3)
    answer = ranged({ '/m.safetensors': file })
    const checkpoint = await openSafetensors(new URL('/m.safetensors', origin))
    expect((await checkpoint.read('small')).item()).toBe(3)
    expect(requests[1]).toBe(`/m.safetensors bytes=${file.length - 4}-${file.length - 1}`)
  })

  test('reads everything at once with inMemory, and then has regions', async () => {
    answer = ranged({ '/m.safetensors': large(4) })
    const checkpoint = await openSafetensors(`${origin}/m.safetensors`, { inMemory: true })
    expect(checkpoint.info('small').region).toMatchObject({ source: { name: `${origin}/m.safetensors` }, length: 4 })
    expect((await checkpoint.read('small')).item()).toBe(4)
  })

  test('takes a server that knows no ranges, with one request for all', async () => {
    answer = () => ({ status: 200, body: large(5) })
    const checkpoint = await openSafetensors(`${origin}/m.safetensors`)
    expect((await checkpoint.read('small')).item()).toBe(5)
    expect(requests).toHaveLength(1)
  })

  test('names a file that is not there, one that is empty, and a page in its place', async () => {
    answer = ranged({ '/empty': new Uint8Array(0), '/page': new TextEncoder().encode('<!doctype html>'.padEnd(99)) })
    await expect(openSafetensors(`${origin}/gone`)).rejects.toMatchObject({
      code: 'FileNotFound',
      found: 'status 404',
      file: `${origin}/gone`,
    })
    await expect(openSafetensors(`${origin}/empty`)).rejects.toMatchObject({ code: 'HeaderTooSmall', found: 'an empty file' })
    await expect(openSafetensors(`${origin}/page`)).rejects.toMatchObject({ code: 'NotSafetensors', found: 'an HTML page' })
    answer = () => ({ status: 503 })
    await expect(openSafetensors(`${origin}/busy`)).rejects.toMatchObject({ code: 'IoError', found: 'status 503' })
    await expect(openSafetensors('http://127.0.0.1:1/')).rejects.toMatchObject({ code: 'IoError' })
  })

  test('refuses ranges that are not the ones it asked for', async () => {
    const body = large(6)
    for (const range of ['bytes 5-9/100', 'bytes 0-9/*', 'items 0-9/100', `bytes 0-9/${'9'.repeat(30)}`]) {
      answer = () => ({ status: 206, headers: { 'Content-Range': range }, body })
      await expect(openSafetensors(`${origin}/m`), range).rejects.toMatchObject({ code: 'IoError', found: `"${range}"` })
    }
    answer = () => ({ status: 206, body })
    await expect(openSafetensors(`${origin}/m`)).rejects.toMatchObject({ found: '"no Content-Range"' })
  })

  test('notices that the file changed on the server, or that a proxy ignores ranges', async () => {
    const file = large(7)
    answer = ranged({ '/m': file })
    const checkpoint = await openSafetensors(`${origin}/m`)
    answer = ranged({ '/m': fileOf(file, 1000) })
    await expect(checkpoint.read('small')).rejects.toMatchObject({ code: 'IoError', hint: expect.stringContaining('open it again') })
    answer = () => ({ status: 200, body: file })
    await expect(checkpoint.read('small')).rejects.toMatchObject({ code: 'IoError', found: 'the whole file' })
    answer = (_, range) => ({ status: 206, headers: { 'Content-Range': `bytes ${range?.[0]}-9/${file.length}` }, body: file.slice(0, 2) })
    await expect(checkpoint.read('small')).rejects.toMatchObject({
      code: 'IoError',
      found: `2 bytes of ${file.length.toLocaleString('en')} bytes`,
    })
  })

  test('stays on the origin of the page, given as relative or absolute addresses', async () => {
    answer = ranged({ '/app/m.safetensors': await fixture('/types.safetensors') })
    vi.stubGlobal('location', new URL(`${origin}/app/index.html`))
    for (const other of [
      'https://example.com/m',
      '//example.com/m',
      'data:,x',
      'file:///etc/passwd',
      'blob:https://example.com/1',
      `http://a\\@${origin.slice(7)}/`,
      'http://[',
      origin.replace('127.0.0.1', '2130706433.example'),
    ])
      await expect(openSafetensors(other), other).rejects.toMatchObject({
        code: 'NotSupported',
        hint: 'Fetch the file yourself and pass the Blob',
      })
    expect(requests).toEqual([])
  })

  test('asks fetch to refuse redirects to another origin', async () => {
    vi.stubGlobal('location', new URL(`${origin}/app/index.html`))
    const fetched = vi.fn(async () => new Response(new Uint8Array(large(1))))
    vi.stubGlobal('fetch', fetched)
    await openSafetensors('m.safetensors')
    expect(fetched).toHaveBeenCalledWith(`${origin}/app/m.safetensors`, expect.objectContaining({ mode: 'same-origin' }))
  })
})

describe('openCheckpoint() in a browser', () => {
  test('reads shards beside their index, and tries the usual names in a folder', async () => {
    const names = ['model.safetensors.index.json', 'model-00001-of-00002.safetensors', 'model-00002-of-00002.safetensors']
    answer = ranged(Object.fromEntries(await Promise.all(names.map(async (name) => [`/w/${name}`, await fixture(`/sharded/${name}`)]))))
    for (const address of [`${origin}/w/${names[0]}`, `${origin}/w/`, `${origin}/w/${names[0]}?download=true`]) {
      const checkpoint = await openCheckpoint(address)
      expect(checkpoint.names).toEqual(['a.weight', 'a.bias', 'b.weight'])
      expect((await checkpoint.read('b.weight')).toNested()).toEqual([2, 2, 2])
      expect(checkpoint.info('b.weight').file).toBe(`${origin}/w/${names[2]}`)
    }
    await expect(openCheckpoint(`${origin}/nothing/`)).rejects.toMatchObject({ code: 'FileNotFound' })
    expect([await exists(`${origin}/w/${names[1]}`), await exists(`${origin}/w/other`)]).toEqual([true, false])
  })
})

test('writeSafetensors() in a browser points at encodeSafetensors()', async () => {
  await expect(writeSafetensors('m.safetensors', [['a', scalar(1)]])).rejects.toThrow(
    'Cannot write m.safetensors: expected a file system, found a browser. Use encodeSafetensors() and offer the bytes as a download',
  )
})
