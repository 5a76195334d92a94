import { printable } from '../checkpoint-error.js'
import { HubError } from './hub-error.js'
import { checkedPath, isCommit } from './reference.js'

/** By what the bytes of a file are known: large files by their SHA-256, small ones by git's own digest of a blob. It names the blob in the cache. */
export interface Digest {
  readonly algorithm: 'sha256' | 'git-sha1'
  /** In hexadecimal digits: 64 or 40. */
  readonly hex: string
}

export interface HubFile {
  /** Checked: it may be written. */
  readonly path: string
  /** In bytes. */
  readonly size: number
  readonly digest: Digest
}

export interface Licence {
  /** As the repository's card names it: `mit`, `creativeml-openrail-m`, or `unknown`. */
  readonly id: string
  readonly name?: string
  readonly link?: string
}

/** What a server says of a repository at a revision. */
export interface HubListing {
  readonly commit: string
  readonly licence: Licence
  /** Whether its terms have to be accepted first. */
  readonly gated: boolean
  readonly files: readonly HubFile[]
}

const mostFiles = 100_000

/** A server's answer before it is checked: files may lack what has to be asked for one by one. */
export interface RawListing extends Omit<HubListing, 'files'> {
  readonly files: readonly (Omit<HubFile, 'size' | 'digest'> & Partial<Pick<HubFile, 'size' | 'digest'>>)[]
}

/**
 * Reads the answer to `/api/models/{repo}/revision/{revision}?blobs=true`. Names that could leave their folder, or could not be kept,
 * refuse the whole repository.
 *
 * @throws HubError
 */
export function parseListing(text: string, doing: string): RawListing {
  const answer = record(parsed(text, doing))
  const bad = (expected: string, found: unknown) => badAnswer(doing, expected, found)
  const { sha, siblings, gated } = answer
  if (typeof sha !== 'string' || !isCommit(sha)) throw bad('a commit of 40 hexadecimal digits under "sha"', sha)
  if (!Array.isArray(siblings)) throw bad('a list of files under "siblings"', siblings)
  if (siblings.length > mostFiles) throw bad(`at most ${mostFiles.toLocaleString('en')} files`, siblings.length)
  const seen = new Set<string>()
  const files = siblings.map((each) => {
    const { rfilename, size, blobId, lfs } = record(each)
    if (typeof rfilename !== 'string') throw bad('a name for each file', rfilename)
    const path = checkedPath(rfilename)
    if (seen.has(path)) throw bad('each file once', path)
    seen.add(path)
    const large = record(lfs)
    const digest = digestOf(large.sha256 ?? large.oid ?? blobId)
    const bytes = large.size ?? size
    return { path, ...(digest && { digest }), ...(isSize(bytes) && { size: bytes }) }
  })
  for (const path of seen)
    for (let at = path.indexOf('/'); at > 0; at = path.indexOf('/', at + 1))
      if (seen.has(path.slice(0, at))) throw bad('no file that is also a folder', path.slice(0, at))
  return { commit: sha, licence: licenceOf(answer), gated: gated !== undefined && gated !== false && gated !== null, files }
}

function parsed(text: string, doing: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    throw badAnswer(doing, 'JSON', text.slice(0, 40))
  }
}

export function badAnswer(doing: string, expected: string, found: unknown): HubError {
  const shown = typeof found === 'string' ? found : (JSON.stringify(found) ?? 'nothing')
  const page = /^\s*<(?:!doctype|html|head|body|!--)/i.test(shown)
  return new HubError({
    code: 'BadAnswer',
    doing,
    problem: `expected ${expected} from the server, found ${page ? 'an HTML page' : `"${printable(shown, 60)}"`}`,
    hint: page
      ? 'The network may want you to sign in first: open any page in a browser. Otherwise check HF_ENDPOINT'
      : 'Check that HF_ENDPOINT is a server that speaks the protocol of the hub',
  })
}

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {}

const isSize = (value: unknown): value is number => typeof value === 'number' && Number.isSafeInteger(value) && value >= 0

/** From an identifier of git or of its large files, with or without quotes and prefix; undefined for any other text. */
export function digestOf(text: unknown): Digest | undefined {
  const hex =
    typeof text === 'string'
      ? text
          .replace(/^W\//, '')
          .replace(/^"|"$/g, '')
          .replace(/^sha256:/, '')
      : ''
  if (/^[0-9a-f]{64}$/.test(hex)) return { algorithm: 'sha256', hex }
  return /^[0-9a-f]{40}$/.test(hex) ? { algorithm: 'git-sha1', hex } : undefined
}

function licenceOf({ cardData, tags }: Readonly<Record<string, unknown>>): Licence {
  const card = record(cardData)
  const text = (value: unknown): string | undefined =>
    typeof value === 'string' && value !== '' ? printable(value, 200) : Array.isArray(value) ? text(value.join(', ')) : undefined
  const tag = Array.isArray(tags) ? tags.find((each): each is string => typeof each === 'string' && each.startsWith('license:')) : undefined
  const id = text(card.license) ?? text(tag?.slice('license:'.length)) ?? 'unknown'
  const [name, link] = [text(card.license_name), text(card.license_link)]
  return { id, ...(name !== undefined && { name }), ...(link !== undefined && { link }) }
}

/** A listing as the cache keeps it, beside the snapshot that it describes, so that one can tell offline whether that is complete. */
export const encodeListing = ({ commit, licence, gated, files }: HubListing): string =>
  `${JSON.stringify({
    sha: commit,
    gated,
    cardData: { license: licence.id, license_name: licence.name, license_link: licence.link },
    siblings: files.map(({ path, size, digest }) => ({ rfilename: path, size, blobId: digest.hex })),
  })}\n`

/** Of the cache; undefined if it is not as it was written, for then it is as good as none. */
export function decodeListing(text: string): HubListing | undefined {
  try {
    const listing = parseListing(text, 'read a listing')
    const whole = listing.files.every(({ size, digest }) => size !== undefined && digest !== undefined)
    return whole ? (listing as HubListing) : undefined
  } catch {
    return undefined
  }
}
