import { platform as ownPlatform } from '#hub'
import { byteCount } from '../checkpoint-error.js'
import { fetchBlob } from './blob.js'
import { type RepositoryCache, repositoryCache } from './cache.js'
import { type CachedRepository, type CacheFault, listCache, type Removed, removeFromCache, verifyCache } from './cache-contents.js'
import { type HubClient, hubClient } from './client.js'
import { diskError, HubError } from './hub-error.js'
import { badAnswer, digestOf, type HubFile, type Licence, parseListing, type RawListing } from './listing.js'
import type { HubPlatform } from './platform.js'
import { type HubReference, isCommit, parseHubReference } from './reference.js'
import { memoryFor, type Selection, selectFiles } from './select-files.js'
import { type HubOptions, hubSettings } from './settings.js'

export interface PlannedFile extends HubFile {
  /** Whether its bytes are in the cache already. */
  readonly cached: boolean
}

/** All that can be said of a repository before the first byte of it is fetched. */
export interface HubPlan extends HubReference {
  readonly commit: string
  readonly licence: Licence
  /** Whether its terms have to be accepted on its page first. */
  readonly gated: boolean
  /** Where the page of the repository is. */
  readonly page: string
  /** Where its files will stand. */
  readonly folder: string
  readonly files: readonly PlannedFile[]
  /** Every file of the repository, wanted or not, as far as the server says how long it is. */
  readonly listed: readonly HubFile[]
  /** Of all files that are wanted, in bytes. */
  readonly bytes: number
  /** Of those, what is still to be fetched. */
  readonly missing: number
  /** About what the weights take in memory, in bytes, and what this process may use. */
  readonly memory: { readonly needed: number; readonly available: number }
}

export type PullEvent =
  /** So many of `plan.missing` bytes are here; it falls if a file has to be fetched once more. */
  | { readonly kind: 'progress'; readonly path: string; readonly done: number; readonly total: number }
  /** Another process fetches this file, and this one waits for it. */
  | { readonly kind: 'wait'; readonly path: string }
  | { readonly kind: 'retry'; readonly path: string; readonly reason: string; readonly seconds: number }
  /** Comes last: the folder of the snapshot, or what in it was asked for. */
  | { readonly kind: 'done'; readonly location: string }

export interface PlanOptions extends Selection {
  readonly revision?: string | undefined
  readonly signal?: AbortSignal | undefined
}

/** A server of repositories, with the cache of what came from there. */
export interface Hub {
  /** The folder of the cache. */
  readonly cache: string
  readonly offline: boolean
  /**
   * Asks what a repository is and how much of it is missing. Offline it answers from the cache.
   *
   * @throws HubError
   */
  plan(reference: string, options?: PlanOptions): Promise<HubPlan>
  /** Fetches what is missing. It can be stopped at any byte and goes on there the next time, in whatever process. */
  pull(plan: HubPlan, options?: { readonly signal?: AbortSignal | undefined }): AsyncGenerator<PullEvent, void>
  /** The location of what is in the cache and complete, without asking anybody; undefined if something is missing. */
  find(reference: string, options?: PlanOptions): Promise<string | undefined>
  list(): Promise<readonly CachedRepository[]>
  /** Reads every blob and compares it with its digest. With `fix`, what is damaged is taken out, so that the next pull brings it. */
  verify(
    repos?: readonly string[],
    options?: { readonly fix?: boolean; readonly signal?: AbortSignal | undefined },
  ): AsyncGenerator<CacheFault | { readonly kind: 'read'; readonly bytes: number }, void>
  /** Removes a repository, or one revision of it with the blobs that no other one has. */
  remove(reference: string): Promise<Removed>
}

/**
 * The hub of the environment (HF_ENDPOINT, HF_HOME, HF_TOKEN and so on), or of `options`.
 *
 *     const hub = openHub()
 *     const plan = await hub.plan('stable-diffusion-v1-5/stable-diffusion-v1-5')
 *     console.log(plan.licence.id, plan.missing)
 *     for await (const event of hub.pull(plan)) if (event.kind === 'done') console.log(event.location)
 */
export function openHub(options: HubOptions = {}): Hub {
  const platform: HubPlatform = { ...ownPlatform, ...options.platform }
  const settings = hubSettings(options, platform)
  const client = hubClient(settings, platform)
  const cacheOf = (repo: string) => repositoryCache(repo, settings, platform)

  async function plan(
    asked: string,
    { revision, include, exclude, signal = new AbortController().signal }: PlanOptions = {},
  ): Promise<HubPlan> {
    const reference = referenceOf(asked, revision)
    const { repo } = reference
    const cache = cacheOf(repo)
    const listing = settings.offline ? await cachedListing(reference, cache) : await fetchedListing(reference, cache, signal)
    const wanted = selectFiles(listing.files, { include: include ?? within(reference), exclude }, repo)
    const files: PlannedFile[] = []
    for (const each of wanted) {
      const file = isMeasured(each) ? bare(each) : await measured(each.path, repo, listing.commit, client, signal)
      const blob = await platform.disk.entry(`${cache.blobs}/${file.digest.hex}`)
      const cached = settings.offline ? await cache.has(listing.commit, file) : blob?.kind === 'file' && blob.size === file.size
      files.push({ ...file, cached })
    }
    const missing = sum(files.filter(({ cached }) => !cached))
    if (settings.offline && missing > 0)
      throw incomplete(
        reference,
        files.filter(({ cached }) => !cached),
        settings.cache,
      )
    return {
      ...reference,
      commit: listing.commit,
      licence: listing.licence,
      gated: listing.gated,
      page: `${settings.endpoint}/${repo}`,
      folder: cache.snapshot(listing.commit),
      files,
      listed: [...new Map([...listing.files.filter(isMeasured), ...files].map((file) => [file.path, bare(file)])).values()],
      bytes: sum(files),
      missing,
      memory: { needed: memoryFor(files), available: platform.memory },
    }
  }

  /** A commit never changes, so what is known of it need not be asked for again. */
  async function fetchedListing({ repo, revision }: HubReference, cache: RepositoryCache, signal: AbortSignal): Promise<RawListing> {
    const known = isCommit(revision) ? await cache.listing(revision) : undefined
    if (known) return known
    const doing = `fetch ${repo}${revision === 'main' ? '' : ` at ${revision}`}`
    const address = `/api/models/${repo}/revision/${encodeURIComponent(revision)}?blobs=true`
    return parseListing(await client.text(address, { doing, repo, signal }), doing)
  }

  async function cachedListing(reference: HubReference, cache: RepositoryCache): Promise<RawListing> {
    const commit = await cache.commitOf(reference.revision)
    const listing = commit === undefined ? undefined : await cache.listing(commit)
    if (listing) return listing
    throw incomplete(reference, [], settings.cache)
  }

  async function* pull(
    plan: HubPlan,
    { signal = new AbortController().signal }: { readonly signal?: AbortSignal | undefined } = {},
  ): AsyncGenerator<PullEvent, void> {
    const { repo, revision, commit, files, missing } = plan
    const cache = cacheOf(repo)
    const location = plan.path === undefined ? plan.folder : `${plan.folder}/${plan.path}`
    if (settings.offline) {
      yield { kind: 'done', location }
      return
    }
    await cache.prepare()
    await assertRoom(plan, { cache: settings.cache, blobs: cache.blobs }, platform)
    const doing = (path: string) => `fetch "${path}" of ${repo}`
    try {
      // Known first, so that a snapshot that was interrupted can be told from a whole one.
      const known = new Map([...((await cache.listing(commit))?.files ?? []), ...plan.listed].map((file) => [file.path, file]))
      await cache.keepListing({ commit, licence: plan.licence, gated: plan.gated, files: [...known.values()] })
      let before = 0
      for (const file of files) {
        const { path, size } = file
        const question = { doing: doing(path), repo, signal }
        const address = `/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`
        const job = { file, blobs: cache.blobs, lock: cache.lock(file.digest.hex), address, question }
        if (!file.cached) {
          for await (const event of fetchBlob(job, client, platform))
            yield event.kind === 'bytes' ? { kind: 'progress', path, done: before + event.done, total: missing } : { ...event, path }
          before += size
          yield { kind: 'progress', path, done: before, total: missing }
        }
        signal.throwIfAborted()
        await cache.place(commit, file)
      }
      await cache.setCommit(revision, commit) // a revision points at a commit only once the files are there
    } catch (error) {
      throw diskError(error, `fetch ${repo}`)
    }
    yield { kind: 'done', location }
  }

  async function find(asked: string, { revision, include, exclude }: PlanOptions = {}): Promise<string | undefined> {
    const reference = referenceOf(asked, revision)
    const cache = cacheOf(reference.repo)
    const commit = await cache.commitOf(reference.revision)
    if (commit === undefined || (await platform.disk.entry(cache.snapshot(commit)))?.kind !== 'folder') return undefined
    const location = reference.path === undefined ? cache.snapshot(commit) : `${cache.snapshot(commit)}/${reference.path}`
    const listing = await cache.listing(commit)
    // What another program fetched is taken as it is: nobody here knows what it should be.
    if (!listing) return (await platform.disk.target(location)) && location
    try {
      for (const file of selectFiles(listing.files, { include: include ?? within(reference), exclude }, reference.repo))
        if (!(await cache.has(commit, file))) return undefined
    } catch (error) {
      if (error instanceof HubError && error.code === 'NothingSelected') return undefined // perhaps there is more by now
      throw error
    }
    return location
  }

  return {
    cache: settings.cache,
    offline: settings.offline,
    plan,
    pull,
    find,
    list: () => listCache(settings.cache, platform),
    verify: (repos = [], { fix = false, signal = new AbortController().signal } = {}) =>
      verifyCache(settings.cache, platform, { repos, fix, signal }),
    remove: (reference) => removeFromCache(settings.cache, parseHubReference(reference), /@/.test(reference), platform),
  }
}

const referenceOf = (text: string, revision: string | undefined): HubReference =>
  revision === undefined
    ? parseHubReference(text)
    : { ...parseHubReference(text), revision: parseHubReference(`a/b@${revision.replaceAll('/', '%2F')}`).revision }

/** Where one file or folder of a repository was asked for, no more than that is wanted. */
const within = ({ path }: HubReference): readonly string[] | undefined =>
  path === undefined ? undefined : [literal(path), `${literal(path)}/`]

/** A name as a glob that fits nothing else. */
const literal = (path: string): string => path.replaceAll(/[[*?]/g, (letter) => `[${letter}]`)

const isMeasured = (file: RawListing['files'][number]): file is HubFile => file.size !== undefined && file.digest !== undefined
const bare = ({ path, size, digest }: HubFile): HubFile => ({ path, size, digest })
const sum = (files: readonly { readonly size: number }[]): number => files.reduce((bytes, { size }) => bytes + size, 0)

/** For servers that list names alone: the headers of a file say how long it is, and by what it is known. */
async function measured(path: string, repo: string, commit: string, client: HubClient, signal: AbortSignal): Promise<HubFile> {
  const doing = `fetch "${path}" of ${repo}`
  const head = await client.head(`/${repo}/resolve/${commit}/${path.split('/').map(encodeURIComponent).join('/')}`, { doing, repo, signal })
  head.close()
  const digest = digestOf(head.header('x-linked-etag') ?? head.header('etag'))
  const size = Number(head.header('x-linked-size') ?? head.header('content-length') ?? Number.NaN)
  if (digest && Number.isSafeInteger(size) && size >= 0) return { path, size, digest }
  throw badAnswer(doing, 'a digest and a size of each file', head.header('etag') ?? 'neither')
}

/** Bytes that are still to come must fit on the disk, less those that an earlier download left. */
async function assertRoom(
  { repo, files }: HubPlan,
  { cache, blobs }: { readonly cache: string; readonly blobs: string },
  { disk }: HubPlatform,
): Promise<void> {
  const names = await disk.list(blobs)
  let needed = 0
  for (const { digest, size, cached } of files) {
    if (cached) continue
    const parts = names.filter((name) => name.startsWith(`${digest.hex}.`) && name.endsWith('.incomplete'))
    const begun = await Promise.all(parts.map(async (name) => (await disk.entry(`${blobs}/${name}`))?.size ?? 0))
    needed += Math.max(0, size - Math.max(0, ...begun))
  }
  const free = await disk.free(cache)
  if (needed <= free) return
  throw new HubError({
    code: 'DiskFull',
    doing: `fetch ${repo}`,
    problem: `${byteCount(needed)} are to come, and ${byteCount(Math.floor(free))} are free where the cache is, ${cache}`,
    hint: 'Free some space, or keep the cache elsewhere with HF_HUB_CACHE',
  })
}

function incomplete({ repo, revision }: HubReference, missing: readonly PlannedFile[], cache: string): HubError {
  const names = missing.slice(0, 3).map(({ path }) => `"${path}"`)
  const what =
    names.length > 0
      ? `${names.join(', ')}${missing.length > names.length ? ` and ${missing.length - names.length} more` : ''} of it`
      : 'it'
  return new HubError({
    code: 'Offline',
    doing: `take ${repo}${revision === 'main' ? '' : `@${revision}`} from the cache`,
    problem: `${what} ${names.length > 1 ? 'are' : 'is'} not in ${cache}`,
    hint: `With a network: genera pull ${repo}${revision === 'main' ? '' : ` --revision ${revision}`}, without --offline and HF_HUB_OFFLINE`,
  })
}
