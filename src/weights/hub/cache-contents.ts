import { blobHasher } from './blob.js'
import { folderName } from './cache.js'
import { diskError, HubError } from './hub-error.js'
import { digestOf } from './listing.js'
import { isAbandoned } from './lock.js'
import type { HubPlatform } from './platform.js'
import { type HubReference, isCommit } from './reference.js'

export interface CachedRepository {
  readonly kind: 'model' | 'dataset' | 'space'
  readonly repo: string
  readonly folder: string
  /** Branches and tags, with the commits that they were. */
  readonly revisions: Readonly<Record<string, string>>
  readonly commits: readonly string[]
  readonly files: number
  /** On the disk, each blob once. */
  readonly bytes: number
  /** Of downloads that were interrupted and can be gone on with. */
  readonly unfinished: number
  /** When something of it last changed, in milliseconds since 1970. */
  readonly modified: number
}

export type CacheFault =
  /** A blob whose bytes are not those that its name promises. */
  | { readonly kind: 'damaged'; readonly repo: string; readonly path: string; readonly files: readonly string[]; readonly fixed: boolean }
  /** A name in a snapshot that leads to nothing. */
  | { readonly kind: 'missing'; readonly repo: string; readonly path: string }

export interface Removed {
  readonly repo: string
  /** Undefined where the whole repository is gone. */
  readonly commit?: string
  readonly bytes: number
}

const kinds = { models: 'model', datasets: 'dataset', spaces: 'space' } as const
/** Folders inside one another; the hub's own files are rarely deeper than five. */
const deepest = 32

interface Pointer {
  readonly path: string
  /** The blob that it names; undefined for a file that is no link. */
  readonly digest: string | undefined
}

/** What is in a cache, whichever program put it there. */
export async function listCache(cache: string, platform: HubPlatform): Promise<readonly CachedRepository[]> {
  const { disk } = platform
  const found: CachedRepository[] = []
  for (const name of [...(await reading(cache, disk.list(cache)))].sort()) {
    const [, plural, rest = ''] = /^(models|datasets|spaces)--(.+)$/.exec(name) ?? []
    const folder = `${cache}/${name}`
    if (plural === undefined || (await disk.entry(folder))?.kind !== 'folder') continue
    const commits = (await disk.list(`${folder}/snapshots`)).filter(isCommit)
    const pointers = (await Promise.all(commits.map((commit) => pointersOf(`${folder}/snapshots/${commit}`, platform)))).flat()
    const blobs = await blobsOf(folder, platform)
    const sum = (finished: boolean) => blobs.filter((each) => each.finished === finished).reduce((bytes, { size }) => bytes + size, 0)
    found.push({
      kind: kinds[plural as keyof typeof kinds],
      repo: rest.replaceAll('--', '/'),
      folder,
      revisions: await refsOf(`${folder}/refs`, platform),
      commits,
      files: pointers.length,
      bytes: sum(true),
      unfinished: sum(false),
      modified: Math.max(0, ...blobs.map(({ modified }) => modified)),
    })
  }
  return found
}

interface VerifyOptions {
  readonly repos: readonly string[]
  readonly fix: boolean
  readonly signal: AbortSignal
}

export async function* verifyCache(
  cache: string,
  platform: HubPlatform,
  { repos, fix, signal }: VerifyOptions,
): AsyncGenerator<CacheFault | { readonly kind: 'read'; readonly bytes: number }, void> {
  const { disk } = platform
  const all = await listCache(cache, platform)
  for (const repo of repos) if (!all.some((each) => each.repo === repo)) throw notCached(repo, cache)
  for (const { repo, folder, commits } of all.filter((each) => repos.length === 0 || repos.includes(each.repo))) {
    const pointers = (await Promise.all(commits.map((commit) => pointersOf(`${folder}/snapshots/${commit}`, platform)))).flat()
    for (const { name, size } of await blobsOf(folder, platform)) {
      const digest = digestOf(name)
      if (!digest) continue
      const hash = blobHasher({ digest, size }, platform)
      const path = `${folder}/blobs/${name}`
      try {
        for await (const chunk of disk.read(path)) {
          signal.throwIfAborted()
          hash.update(chunk)
          yield { kind: 'read', bytes: chunk.length }
        }
      } catch (error) {
        throw diskError(error, `read ${path}`)
      }
      if (hash.digest() === digest.hex) continue
      if (fix) await reading(path, disk.remove(path))
      yield { kind: 'damaged', repo, path, files: pointers.filter((each) => each.digest === name).map((each) => each.path), fixed: fix }
    }
    for (const { path, digest } of pointers)
      if (digest !== undefined && !(await disk.entry(`${folder}/blobs/${digest}`))) yield { kind: 'missing', repo, path }
  }
}

export async function removeFromCache(
  cache: string,
  { repo, revision }: HubReference,
  oneRevision: boolean,
  platform: HubPlatform,
): Promise<Removed> {
  const { disk } = platform
  const found = (await listCache(cache, platform)).find((each) => each.repo === repo && each.kind === 'model')
  if (!found) throw notCached(repo, cache)
  const locks = `${cache}/.locks/${folderName(repo)}`
  for (const name of await disk.list(locks))
    if (name.endsWith('.genera-lock') && !(await isAbandoned(`${locks}/${name}`, platform)))
      throw new HubError({
        code: 'Busy',
        doing: `remove ${repo}`,
        problem: 'a process is fetching it',
        hint: 'Wait until it is done, or stop it',
      })
  try {
    const { folder, commits, revisions } = found
    const commit = isCommit(revision) ? revision : revisions[revision]
    if (oneRevision && (commit === undefined || !commits.includes(commit))) throw notCached(`${repo}@${revision}`, cache)
    if (!oneRevision || commits.length < 2) {
      // What others look at first goes first, so that nobody finds half a snapshot.
      for (const part of ['refs', 'snapshots', '']) await disk.remove(`${folder}/${part}`.replace(/\/$/, ''))
      await disk.remove(locks)
      return { repo, bytes: found.bytes + found.unfinished }
    }
    for (const [name, each] of Object.entries(revisions)) if (each === commit) await disk.remove(`${folder}/refs/${name}`)
    await disk.remove(`${folder}/snapshots/${commit}`)
    await disk.remove(`${folder}/.genera/${commit}.json`)
    const rest = commits.filter((each) => each !== commit)
    const kept = new Set(
      (await Promise.all(rest.map((each) => pointersOf(`${folder}/snapshots/${each}`, platform)))).flat().map(({ digest }) => digest),
    )
    // Names that are no links do not say what they are: then no blob is known to be free.
    const free = kept.has(undefined) ? [] : (await blobsOf(folder, platform)).filter(({ name, finished }) => finished && !kept.has(name))
    for (const { name } of free) await disk.remove(`${folder}/blobs/${name}`)
    return { repo, commit: commit as string, bytes: free.reduce((bytes, { size }) => bytes + size, 0) }
  } catch (error) {
    throw diskError(error, `remove ${repo}`)
  }
}

async function blobsOf(folder: string, { disk }: HubPlatform) {
  const blobs: { readonly name: string; readonly size: number; readonly modified: number; readonly finished: boolean }[] = []
  for (const name of await disk.list(`${folder}/blobs`)) {
    const entry = await disk.entry(`${folder}/blobs/${name}`)
    if (entry?.kind === 'file') blobs.push({ name, size: entry.size, modified: entry.modified, finished: !name.endsWith('.incomplete') })
  }
  return blobs
}

async function pointersOf(folder: string, platform: HubPlatform, depth = 0): Promise<readonly Pointer[]> {
  const { disk } = platform
  const pointers: Pointer[] = []
  for (const name of await disk.list(folder)) {
    const path = `${folder}/${name}`
    const entry = await disk.entry(path)
    if (entry?.kind === 'folder' && depth < deepest) pointers.push(...(await pointersOf(path, platform, depth + 1)))
    else if (entry?.kind === 'link') pointers.push({ path, digest: (await disk.readLink(path)).split(/[\\/]/).at(-1) })
    else if (entry?.kind === 'file') pointers.push({ path, digest: undefined })
  }
  return pointers
}

async function refsOf(folder: string, platform: HubPlatform, prefix = '', depth = 0): Promise<Record<string, string>> {
  const { disk } = platform
  const refs: Record<string, string> = {}
  for (const name of await disk.list(folder)) {
    const path = `${folder}/${name}`
    const entry = await disk.entry(path)
    if (entry?.kind === 'folder' && depth < 4) Object.assign(refs, await refsOf(path, platform, `${prefix}${name}/`, depth + 1))
    const text = entry?.kind === 'file' && entry.size <= 100 ? (await disk.readText(path))?.trim() : undefined
    if (text !== undefined && isCommit(text)) refs[`${prefix}${name}`] = text
  }
  return refs
}

async function reading<T>(path: string, work: Promise<T>): Promise<T> {
  try {
    return await work
  } catch (error) {
    throw diskError(error, `read the cache ${path}`)
  }
}

const notCached = (repo: string, cache: string) =>
  new HubError({
    code: 'NotCached',
    doing: `find ${repo}`,
    problem: `it is not in the cache ${cache}`,
    hint: 'genera cache list shows what is',
  })
