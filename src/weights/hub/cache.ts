import { diskError, HubError, systemCode } from './hub-error.js'
import { decodeListing, encodeListing, type HubFile, type HubListing } from './listing.js'
import { nonce } from './lock.js'
import type { HubPlatform } from './platform.js'
import { isCommit } from './reference.js'
import type { HubSettings } from './settings.js'

/** Where the hub's own library keeps a repository, so that both find what either has fetched. */
export interface RepositoryCache {
  /** `models--owner--name`. */
  readonly folder: string
  readonly blobs: string
  snapshot(commit: string): string
  lock(digest: string): string
  /** The commit that a revision was when it was last fetched. */
  commitOf(revision: string): Promise<string | undefined>
  setCommit(revision: string, commit: string): Promise<void>
  /** What the server said of a commit; undefined where another program fetched it. */
  listing(commit: string): Promise<HubListing | undefined>
  keepListing(listing: HubListing): Promise<void>
  /** Whether a file of a snapshot is there in its full length. */
  has(commit: string, file: Pick<HubFile, 'path' | 'size'>): Promise<boolean>
  /** Gives a blob its name in a snapshot. */
  place(commit: string, file: HubFile): Promise<void>
  prepare(): Promise<void>
}

export const folderName = (repo: string): string => `models--${repo.replaceAll('/', '--')}`

/** What backup programs look for, by the convention of bford.info/cachedir. */
const cacheTag = 'Signature: 8a477f597d28d172789f06886806bc55\n# This folder is a cache: what is in it can be fetched again.\n'

export function repositoryCache(repo: string, { cache, links }: HubSettings, platform: HubPlatform): RepositoryCache {
  const { disk } = platform
  const folder = `${cache}/${folderName(repo)}`
  const blobs = `${folder}/blobs`
  const locks = `${cache}/.locks/${folderName(repo)}`
  const snapshot = (commit: string) => `${folder}/snapshots/${commit}`
  const listingPath = (commit: string) => `${folder}/.genera/${commit}.json`

  /** Makes the folders above a file one by one, and refuses to go through a link: whoever put it there would decide where we write. */
  async function makeFoldersAbove(root: string, path: string): Promise<void> {
    await disk.makeFolder(root)
    let at = root
    for (const part of ['', ...path.split('/').slice(0, -1)]) {
      if (part !== '') at += `/${part}`
      const found = await disk.entry(at)
      if (found && found.kind !== 'folder')
        throw new HubError({
          code: 'UnsafeName',
          doing: `write into ${at}`,
          problem: `expected a folder, found ${found.kind === 'link' ? 'a link' : 'a file'}`,
          hint: `Remove it: genera cache remove ${repo}`,
        })
      if (!found) await disk.makeFolder(at)
    }
  }

  /** What stands in a snapshot is a link to the blob; where links are not allowed, a second name of it, or else a copy. */
  async function point(target: string, blob: string, path: string): Promise<void> {
    const temporary = `${path}.${nonce()}.tmp`
    try {
      const linked = links && (await attempted(disk.symbolicLink(target, temporary)))
      if (!linked && !(await attempted(disk.hardLink(blob, temporary)))) await disk.copy(blob, temporary)
      await disk.rename(temporary, path)
    } finally {
      await disk.remove(temporary).catch(() => {})
    }
  }

  return {
    folder,
    blobs,
    snapshot,
    lock: (digest) => `${locks}/${digest}.genera-lock`,
    async commitOf(revision) {
      if (isCommit(revision)) return revision
      const text = (await disk.readText(`${folder}/refs/${revision}`).catch(() => undefined))?.trim()
      return text !== undefined && isCommit(text) ? text : undefined
    },
    async setCommit(revision, commit) {
      if (isCommit(revision)) return
      await makeFoldersAbove(`${folder}/refs`, revision)
      await disk.replace(`${folder}/refs/${revision}`, commit)
    },
    async listing(commit) {
      const text = await disk.readText(listingPath(commit))
      return text === undefined ? undefined : decodeListing(text)
    },
    async keepListing(listing) {
      await disk.makeFolder(`${folder}/.genera`)
      await disk.replace(listingPath(listing.commit), encodeListing(listing))
    },
    async has(commit, { path, size }) {
      const found = await disk.target(`${snapshot(commit)}/${path}`)
      return found?.kind === 'file' && found.size === size
    },
    async place(commit, file) {
      const path = `${snapshot(commit)}/${file.path}`
      const upwards = '../'.repeat(file.path.split('/').length + 1)
      const target = `${upwards}blobs/${file.digest.hex}`
      await makeFoldersAbove(snapshot(commit), file.path)
      const found = await disk.entry(path)
      if (found?.kind === 'link' && (await disk.readLink(path)).replaceAll('\\', '/') === target) return
      if (found?.kind === 'folder')
        throw new HubError({
          code: 'UnsafeName',
          doing: `write ${path}`,
          problem: 'a folder is there',
          hint: `Remove it: genera cache remove ${repo}`,
        })
      await point(target, `${blobs}/${file.digest.hex}`, path)
    },
    async prepare() {
      try {
        for (const each of [blobs, locks]) await disk.makeFolder(each)
        const found = await disk.entry(blobs)
        if (found?.kind !== 'folder')
          throw new HubError({
            code: 'UnsafeName',
            doing: `write into ${blobs}`,
            problem: 'expected a folder, found a link',
            hint: 'Remove it',
          })
        await disk.create(`${cache}/CACHEDIR.TAG`, cacheTag)
      } catch (error) {
        throw diskError(error, `write into the cache ${cache}`)
      }
    },
  }
}

/** Whether the system could; false where it has no such links or does not allow them. */
async function attempted(work: Promise<unknown>): Promise<boolean> {
  try {
    await work
    return true
  } catch (error) {
    if (['EPERM', 'EACCES', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV', 'EMLINK', 'EINVAL', 'EUNKNOWN'].includes(systemCode(error) ?? ''))
      return false
    throw error
  }
}
