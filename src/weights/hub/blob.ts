import { byteCount } from '../checkpoint-error.js'
import { recognisedBytes } from '../recognise.js'
import { cut, type HubClient, Interruption, mostTries, type Question, waitBefore } from './client.js'
import { diskError, HubError } from './hub-error.js'
import type { Digest, HubFile } from './listing.js'
import { type Lock, nonce, takeLock } from './lock.js'
import type { Hasher, HubPlatform, HubResponse, Part } from './platform.js'
import { isWeights } from './select-files.js'

/** What is said while a file comes. */
export type BlobEvent =
  /** So many bytes of the file are here. */
  | { readonly kind: 'bytes'; readonly done: number }
  /** Another process fetches the same file; this one waits for it. */
  | { readonly kind: 'wait' }
  | { readonly kind: 'retry'; readonly reason: string; readonly seconds: number }

export interface BlobJob {
  readonly file: HubFile
  /** The folder of blobs, and the lock of this one. */
  readonly blobs: string
  readonly lock: string
  /** Of the file at a commit, below the server's own. */
  readonly address: string
  readonly question: Question
}

/** Parts that this process writes to at this moment. */
const own = new Set<string>()

/**
 * Fetches one blob unless it is there. It has its name only once its length and its digest are right and it is on the disk; until
 * then it grows under a name of this process alone, so that no two ever write into one file. What an earlier process left
 * unfinished is gone on with.
 *
 * @throws HubError
 */
export async function* fetchBlob(job: BlobJob, client: HubClient, platform: HubPlatform): AsyncGenerator<BlobEvent, void> {
  const { file, blobs, question } = job
  const { disk } = platform
  const target = `${blobs}/${file.digest.hex}`
  if (await isWhole(target, file.size, platform)) return
  const waits: BlobEvent[] = []
  const locking = takeLock(job.lock, platform, question.signal, () => waits.push({ kind: 'wait' }))
  let lock: Lock | undefined
  try {
    for (; lock === undefined; yield* waits.splice(0))
      lock = (await Promise.race([locking, platform.sleep(0.2, question.signal)])) ?? undefined
    if (await isWhole(target, file.size, platform)) return // the process that we waited for has brought it
    const path = await claimPart(blobs, file.digest, platform)
    own.add(path)
    try {
      const part = await disk.openPart(path)
      try {
        yield* fill(part, path, job, client, platform)
        await part.sync()
      } finally {
        await part.close()
      }
      await disk.rename(path, target)
      await disk.syncFolder(blobs)
    } finally {
      own.delete(path)
      // What is unfinished belongs to nobody from here on.
      const unfinished = await disk.entry(path).catch(() => undefined)
      const free = () => disk.rename(path, `${blobs}/${file.digest.hex}.free-${nonce()}.incomplete`)
      if (unfinished) await (unfinished.size > 0 ? free() : disk.remove(path)).catch(() => {})
    }
  } catch (error) {
    throw diskError(error, question.doing)
  } finally {
    const release = async () => (lock ?? (await locking)).release()
    if (lock) await release().catch(() => {})
    else release().catch(() => {}) // whoever stopped listening while it waited does not wait any longer
  }
}

/** Whether a blob is there and as long as it must be. What is no file goes away; a file stays until a better one takes its name. */
async function isWhole(path: string, size: number, { disk }: HubPlatform): Promise<boolean> {
  const found = await disk.entry(path)
  if (found && found.kind !== 'file') await disk.remove(path)
  return found?.kind === 'file' && found.size === size
}

/**
 * A part of our own name, begun by somebody else if possible. A part whose owner is certainly gone is renamed; one whose owner may
 * still write to it is copied, and then taken away from him.
 */
async function claimPart(blobs: string, { hex }: Digest, { disk, self, isRunning }: HubPlatform): Promise<string> {
  const path = `${blobs}/${hex}.${self.machine}-${self.id}-${nonce()}.incomplete`
  const left: { readonly path: string; readonly size: number; readonly gone: boolean }[] = []
  for (const name of await disk.list(blobs)) {
    const [, machine, id] = new RegExp(`^${hex}\\.(?:free|([0-9a-z]+)-(\\d+))-[0-9a-f]+\\.incomplete$`).exec(name) ?? []
    const other = `${blobs}/${name}`
    if (!name.startsWith(`${hex}.`) || !name.endsWith('.incomplete') || own.has(other)) continue
    if (machine === undefined && !name.startsWith(`${hex}.free-`)) continue // of another program
    const entry = await disk.entry(other)
    if (entry?.kind !== 'file') continue
    const gone = machine === undefined || (machine === self.machine && (Number(id) === self.id || !isRunning(Number(id))))
    left.push({ path: other, size: entry.size, gone })
  }
  const [best, ...others] = left.sort((a, b) => b.size - a.size)
  if (best) {
    if (best.gone) await disk.rename(best.path, path)
    else await disk.copy(best.path, path)
    for (const { path: each } of best.gone ? others : left) await disk.remove(each)
  }
  return path
}

/** Brings a part to its full length and checks it. */
async function* fill(part: Part, path: string, job: BlobJob, client: HubClient, platform: HubPlatform): AsyncGenerator<BlobEvent, void> {
  const { file, address, question } = job
  const { size } = file
  let hash = blobHasher(file, platform)
  let at = 0
  const restart = async () => {
    await part.truncate()
    hash = blobHasher(file, platform)
    at = 0
  }
  if (part.size > size) await restart()
  else if (part.size > 0)
    for await (const chunk of platform.disk.read(path)) {
      question.signal.throwIfAborted()
      hash.update(chunk)
      at += chunk.length
    }
  let resumed = at > 0
  let mended = false
  yield { kind: 'bytes', done: at }
  for (let attempt = 1; ; ) {
    const before = at
    try {
      while (at < size) {
        const response = await client.file(address, at, question)
        try {
          if (checkedStart(response, at, file, question) === 0 && at > 0) await restart()
          for await (const chunk of chunksOf(response, question)) {
            if (at === 0) assertNoPage(chunk, response, file, question)
            if (at + chunk.length > size) {
              await restart()
              throw new Interruption(wrongLength(question, size, 'more'))
            }
            await part.write(chunk, at)
            hash.update(chunk)
            at += chunk.length
            yield { kind: 'bytes', done: at }
          }
          if (at < size) throw new Interruption(cut(question.doing, new Error(`it ended after ${byteCount(at)} of ${byteCount(size)}`)))
        } finally {
          response.close()
        }
      }
      const found = hash.digest()
      if (found === file.digest.hex) return
      await restart()
      if (!resumed || mended) throw mismatch(question, file.digest, found)
      mended = true // what was left unfinished, or an answer to a range, may have been at fault: once more, from the beginning
      yield { kind: 'retry', reason: 'the bytes that were there already are not those of the file', seconds: 0 }
    } catch (error) {
      if (!(error instanceof Interruption)) throw error
      if (error.error.status === 416) await restart()
      if (at > before) attempt = 1
      resumed ||= at > 0
      if (attempt >= mostTries) throw error.error
      const seconds = waitBefore(attempt++, error)
      yield { kind: 'retry', reason: error.message, seconds }
      await platform.sleep(seconds, question.signal)
    }
  }
}

async function* chunksOf({ body }: HubResponse, { doing, signal }: Question): AsyncGenerator<Uint8Array, void> {
  try {
    for await (const chunk of body) {
      signal.throwIfAborted()
      yield chunk
    }
  } catch (cause) {
    signal.throwIfAborted()
    throw new Interruption(cut(doing, cause))
  }
}

/** The byte that an answer begins with: what was asked for, or 0 from a server that does not know ranges. Nothing is written before. */
function checkedStart(response: HubResponse, from: number, { path, size }: HubFile, question: Question): number {
  const { status } = response
  if (/^text\/html\b/i.test(response.header('content-type') ?? '') && !/\.html?$/i.test(path)) throw page(question, status)
  const encoding = response.header('content-encoding') ?? 'identity'
  if (encoding !== 'identity') throw new Interruption(wrongLength(question, size, `bytes packed with ${encoding.slice(0, 20)}`))
  const length = response.header('content-length')
  const start = status === 206 ? rangeStart(response.header('content-range'), size) : 0
  if (start === undefined || (start !== 0 && start !== from) || ![200, 206].includes(status))
    throw new Interruption(wrongLength(question, size, `an answer of status ${status} to another range`))
  if (length !== undefined && Number(length) !== size - start)
    throw new Interruption(wrongLength(question, size, byteCount(start + Number(length))))
  return start
}

/** Pages that call themselves something else, in place of files that cannot begin like one. */
function assertNoPage(chunk: Uint8Array, { status }: HubResponse, { path }: HubFile, question: Question): void {
  const begins = String.fromCharCode(...chunk.subarray(0, recognisedBytes))
  if (/^\s*<(?:!doctype|html)/i.test(begins) && (isWeights(path) || /\.json$/i.test(path))) throw page(question, status)
}

const page = ({ doing }: Question, status: number) =>
  new HubError({
    code: 'NotTheFile',
    doing,
    problem: 'the server sends an HTML page in place of the file',
    hint: 'The network may want you to sign in first: open any page in a browser. Otherwise check HF_ENDPOINT',
    status,
  })

/** Undefined if it is a range of a file of another length. */
function rangeStart(value: string | undefined, size: number): number | undefined {
  const [, first, last, total] = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(value ?? '') ?? []
  return first !== undefined && Number(last) === size - 1 && (total === '*' || Number(total) === size) ? Number(first) : undefined
}

/** Git hashes a blob with its length before it. */
export function blobHasher({ digest, size }: Pick<HubFile, 'digest' | 'size'>, { hasher }: Pick<HubPlatform, 'hasher'>): Hasher {
  const hash = hasher?.(digest.algorithm === 'sha256' ? 'sha256' : 'sha1')
  if (!hash)
    throw new HubError({ code: 'NotSupported', doing: 'check a file of the hub', problem: 'this platform makes no digests piece by piece' })
  if (digest.algorithm === 'git-sha1') hash.update(new TextEncoder().encode(`blob ${size}\0`))
  return hash
}

const wrongLength = ({ doing }: Question, size: number, found: string) =>
  new HubError({
    code: 'WrongLength',
    doing,
    problem: `expected ${byteCount(size)}, found ${found}`,
    hint: 'A server in between may change files: try without it, or another one with HF_ENDPOINT. Nothing was kept',
  })

const mismatch = ({ doing }: Question, { algorithm, hex }: Digest, found: string) =>
  new HubError({
    code: 'DigestMismatch',
    doing,
    problem: `its ${algorithm === 'sha256' ? 'SHA-256' : 'SHA-1 as git counts it'} should begin with ${hex.slice(0, 12)}, and begins with ${found.slice(0, 12)}`,
    hint: 'The bytes that came are not the file: try another server with HF_ENDPOINT, or later. Nothing was kept',
  })
