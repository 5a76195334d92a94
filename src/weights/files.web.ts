import { byteCount, CheckpointError } from './checkpoint-error.js'
import { copied, type Files, ioError, memoryFile, type OpenFile } from './files.js'

/** Enough for the header of most files, so that opening one takes a single request. In bytes. */
const firstRequest = 256 * 1024

/** Browsers read addresses of the page's own origin, in ranges where the server offers them, and write nothing. */
export const files: Files = {
  async open(location) {
    const url = sameOrigin(location)
    const { body, total } = await request(url, 0, firstRequest)
    if (total === undefined) return memoryFile(body, url) // The server sent all of it: it does not know ranges.
    return rangedFile(url, body, total)
  },

  /** A folder is an address that ends with a slash; what is in it, a browser cannot see. */
  list: async (location) => (new URL(sameOrigin(location)).pathname.endsWith('/') ? [] : undefined),

  within: (folder, name) => new URL(encodeURIComponent(name), sameOrigin(folder)).href,
  beside: (file, name) => new URL(encodeURIComponent(name), sameOrigin(file)).href,

  async write([content]) {
    throw new CheckpointError({
      code: 'NotSupported',
      action: 'write',
      file: content?.location ?? 'a file',
      expected: 'a file system',
      found: 'a browser',
      hint: 'Use encodeSafetensors() and offer the bytes as a download',
    })
  },
}

function rangedFile(url: string, head: Uint8Array, size: number): OpenFile {
  return {
    name: url,
    size,
    source: undefined,
    async read(offset, length) {
      if (length === 0) return new Uint8Array(0)
      if (offset + length <= head.length) return copied(head, offset, length)
      const { body, total } = await request(url, offset, length)
      const unchanged = total === size && body.length === length
      if (unchanged) return body
      throw new CheckpointError({
        code: 'IoError',
        file: url,
        expected: `${byteCount(length)} of ${byteCount(size)} from byte ${offset}`,
        found: total === undefined ? 'the whole file' : `${byteCount(body.length)} of ${byteCount(total)}`,
        hint: 'The file changed on the server, or a proxy in between ignores ranges: open it again',
      })
    },
  }
}

/** Fetches a range; `total` is the file's size in bytes, or undefined if the server answered with the whole file. */
async function request(url: string, offset: number, length: number): Promise<{ body: Uint8Array<ArrayBuffer>; total: number | undefined }> {
  const expected = 'an answer from the server'
  try {
    const response = await fetch(url, {
      headers: { Range: `bytes=${offset}-${offset + length - 1}` },
      // The browser then refuses a redirect to another origin.
      ...(globalThis.location ? { mode: 'same-origin' as const } : {}),
    })
    // An empty file has no range to give.
    const empty = response.status === 416 && response.headers.get('Content-Range') === 'bytes */0'
    if (!response.ok && !empty) {
      const found = `status ${response.status}`
      const missing = response.status === 404 || response.status === 410
      await response.body?.cancel()
      throw new CheckpointError({
        code: missing ? 'FileNotFound' : 'IoError',
        file: url,
        expected: 'a file',
        found,
        hint: 'Check the address',
      })
    }
    const total = response.status === 206 ? contentRange(response, url, offset) : undefined
    return { body: empty ? new Uint8Array(0) : new Uint8Array(await response.arrayBuffer()), total }
  } catch (cause) {
    if (cause instanceof CheckpointError) throw cause
    throw ioError({ file: url, expected, cause, hint: 'Check the address and the connection' })
  }
}

function contentRange(response: Response, file: string, offset: number): number {
  const header = response.headers.get('Content-Range') ?? 'no Content-Range'
  const [, start, total] = /^bytes (\d+)-\d+\/(\d+)$/.exec(header) ?? []
  if (Number(start) === offset && Number.isSafeInteger(Number(total))) return Number(total)
  throw new CheckpointError({
    code: 'IoError',
    file,
    expected: `a range that starts at byte ${offset} and gives the file's size`,
    found: `"${header}"`,
    hint: 'Fetch the file yourself and pass the Blob',
  })
}

function sameOrigin(location: string | URL): string {
  const page = globalThis.location as Location | undefined
  const url = URL.canParse(String(location), page?.href) ? new URL(location, page?.href) : undefined
  const found = !url ? 'no address' : page && url.origin !== page.origin ? `the origin ${url.origin}` : undefined
  if (url && !found) return url.href
  throw new CheckpointError({
    code: 'NotSupported',
    file: String(location),
    expected: page ? `an address of ${page.origin}` : 'an absolute address',
    found: String(found),
    hint: 'Fetch the file yourself and pass the Blob',
  })
}
