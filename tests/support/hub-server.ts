import { createHash } from 'node:crypto'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'

/** A repository as the server of a test has it. Files of at least `largeFrom` bytes are known by their SHA-256, as with git LFS. */
export interface ServedRepository {
  readonly files: Readonly<Record<string, Uint8Array | string>>
  readonly licence?: string
  readonly gated?: boolean
  readonly commit?: string
  readonly branches?: readonly string[]
  readonly largeFrom?: number
  /** What the listing says instead of what is true. */
  readonly listing?: (answer: ServedListing) => unknown
}

export interface ServedListing {
  sha: string
  gated: false | 'auto'
  cardData: { license: string }
  siblings: { rfilename: string; size?: number; blobId?: string; lfs?: { sha256: string; size: number } }[]
}

export interface SeenRequest {
  readonly method: string
  readonly path: string
  readonly range: string | undefined
  readonly authorization: string | undefined
}

/** Answers in place of the server, if it returns true. `bytes` are those of the file that was asked for, if it was a file. */
export type Fault = (request: SeenRequest, response: ServerResponse, bytes: Buffer | undefined) => boolean | undefined

export interface HubServer {
  readonly url: string
  readonly port: number
  readonly requests: SeenRequest[]
  /** Of each request, the first that answers wins. */
  readonly faults: Fault[]
  readonly repositories: Record<string, ServedRepository>
  close(): Promise<void>
}

export const sha256Of = (bytes: Uint8Array | string): string => createHash('sha256').update(bytes).digest('hex')
export const gitSha1Of = (bytes: Uint8Array | string): string =>
  createHash('sha1')
    .update(`blob ${Buffer.from(bytes).length}\0`)
    .update(bytes)
    .digest('hex')

const usualCommit = 'a'.repeat(39)

/** A server on the loopback address that speaks as much of the hub's protocol as clients need. */
export async function hubServer(repositories: Record<string, ServedRepository>): Promise<HubServer> {
  const requests: SeenRequest[] = []
  const faults: Fault[] = []

  function answer(request: IncomingMessage, response: ServerResponse): unknown {
    const path = request.url ?? '/'
    const seen = {
      method: request.method ?? 'GET',
      path,
      range: request.headers.range,
      authorization: request.headers.authorization,
    }
    requests.push(seen)
    const [, listed, revision = ''] = /^\/api\/models\/([^?]+?)\/revision\/([^?]+)\?blobs=true$/.exec(path) ?? []
    const [, resolved = '', commit, file = ''] = /^\/(.+?)\/resolve\/([^/]+)\/(.+)$/.exec(path) ?? []
    const repository = repositories[listed ?? resolved]
    const content = repository?.files[decodeURIComponent(file)]
    const bytes = content === undefined ? undefined : Buffer.from(content)
    if (faults.some((fault) => fault(seen, response, bytes))) return
    if (!repository) return refuse(response, 401, 'RepoNotFound')
    if (listed !== undefined) {
      const known = [commitOf(repository), 'main', ...(repository.branches ?? [])]
      if (!known.includes(decodeURIComponent(revision))) return refuse(response, 404, 'RevisionNotFound')
      const text = JSON.stringify((repository.listing ?? ((each) => each))(listingOf(repository)))
      return response.writeHead(200, { 'content-type': 'application/json' }).end(text)
    }
    if (repository.gated && seen.authorization !== 'Bearer hf_good') return refuse(response, seen.authorization ? 403 : 401, 'GatedRepo')
    if (bytes === undefined || commit !== commitOf(repository)) return refuse(response, 404, 'EntryNotFound')
    return send(seen, response, bytes, repository)
  }

  const server = createServer(answer)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}`,
    port,
    requests,
    faults,
    repositories,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve())
        server.closeAllConnections()
      }),
  }
}

export const commitOf = ({ commit = `${usualCommit}1` }: ServedRepository): string => commit

function listingOf(repository: ServedRepository): ServedListing {
  const { files, licence = 'mit', gated = false, largeFrom = 1000 } = repository
  const siblings = Object.entries(files).map(([rfilename, content]) => {
    const size = Buffer.from(content).length
    const large = size >= largeFrom
    return { rfilename, size, blobId: gitSha1Of(content), ...(large && { lfs: { sha256: sha256Of(content), size } }) }
  })
  return { sha: commitOf(repository), gated: gated ? 'auto' : false, cardData: { license: licence }, siblings }
}

/** A file or the range of it that was asked for. */
export function send(
  { method, range }: SeenRequest,
  response: ServerResponse,
  bytes: Buffer,
  repository: ServedRepository = { files: {} },
): void {
  const [, first] = /^bytes=(\d+)-$/.exec(range ?? '') ?? []
  const from = Number(first ?? 0)
  const large = bytes.length >= (repository.largeFrom ?? 1000)
  const headers = {
    'x-repo-commit': commitOf(repository),
    etag: `"${large ? sha256Of(bytes) : gitSha1Of(bytes)}"`,
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'content-length': bytes.length - from,
    ...(range !== undefined && { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
  }
  response.writeHead(range === undefined ? 200 : 206, headers)
  response.end(method === 'HEAD' ? undefined : bytes.subarray(from))
}

export function refuse(response: ServerResponse, status: number, code?: string, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...(code && { 'x-error-code': code }), ...headers }).end(code ?? '')
}
