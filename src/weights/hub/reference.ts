import { printable } from '../checkpoint-error.js'
import { HubError } from './hub-error.js'

/** A repository of weights on a hub, at a revision; perhaps one file or folder in it. */
export interface HubReference {
  /** `owner/name`, or a name alone as the oldest repositories have it. */
  readonly repo: string
  /** A branch, a tag or a commit. */
  readonly revision: string
  readonly path?: string
}

const part = '[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?'
const reference = new RegExp(`^(?:hf://)?((?:${part}/)?${part})(?:@(refs/[^/]+/[^/]+|[^/]+))?(?:/(.+))?$`)
const plain = new RegExp(`^${part}/${part}(?:@.+)?$`)
/** Endings of files: whoever types one means a file on disk, unless `hf://` stands before it. */
const fileEnding = /\.(safetensors|bin|ckpt|pt|pth|gguf|json|npz|onnx)$/i

/** In characters; the hub's own limit. */
const longestRepo = 96

/**
 * Reads `owner/name`, `owner/name@revision`, and with the prefix `hf://` also `hf://owner/name@revision/path/in/it`.
 *
 * @throws HubError
 */
export function parseHubReference(text: string): HubReference {
  const found = reference.exec(text)
  const wrong = (problem: string) =>
    new HubError({
      code: 'InvalidReference',
      doing: `read "${printable(text, 120)}" as the name of a repository`,
      problem,
      hint: 'Names look like stable-diffusion-v1-5/stable-diffusion-v1-5, and with a revision like owner/name@main',
    })
  if (!found) throw wrong('expected owner/name')
  const [, repo = '', revision = 'main', rest] = found
  if (repo.length > longestRepo) throw wrong(`expected at most ${longestRepo} characters, found ${repo.length}`)
  if (/--|\.\./.test(repo)) throw wrong('expected no "--" and no ".." in it')
  if (/\.git$/i.test(repo)) throw wrong('expected a name that does not end in ".git"')
  if (rest !== undefined && !text.startsWith('hf://'))
    throw wrong(`expected owner/name, found more behind it; for a file in it write hf://${text}`)
  return { repo, revision: checkedRevision(revision), ...(rest !== undefined && { path: checkedPath(rest.replace(/\/$/, '')) }) }
}

/** Whether a text that names no file on disk may name a repository: `owner/name`, or whatever begins with `hf://`. */
export const looksLikeRepository = (text: string): boolean => text.startsWith('hf://') || (plain.test(text) && !fileEnding.test(text))

/** A branch, tag or commit as a part of a path and of an address. */
export function checkedRevision(revision: string): string {
  const decoded = revision.replaceAll(/%2f/gi, '/')
  if (/^[A-Za-z0-9_][\w.+-]*(?:\/[A-Za-z0-9_][\w.+-]*)*$/.test(decoded) && !decoded.includes('..') && decoded.length <= 200) return decoded
  throw new HubError({
    code: 'InvalidReference',
    doing: `read "${printable(revision, 120)}" as a revision`,
    problem: 'expected a branch, a tag or a commit: letters, digits and _ . + - in parts divided by /',
  })
}

export const isCommit = (text: string): boolean => /^[0-9a-f]{40}$/.test(text)

/** The names that Windows keeps for devices, whatever ending follows. */
const device = /^(?:con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³])(?:\.|$)/i

/**
 * A file of a repository as it may be written: relative, without steps upwards, with parts that every system can keep.
 *
 * @throws HubError `UnsafeName`
 */
export function checkedPath(path: string): string {
  const parts = path.split('/')
  const fault = path.startsWith('/')
    ? 'it begins at the root of the disk'
    : path.length > 1024 || parts.length > 32
      ? 'it is too long'
      : parts.map(faultOf).find((each) => each !== undefined)
  if (fault === undefined) return path
  throw new HubError({
    code: 'UnsafeName',
    doing: `take a file called "${printable(path, 120)}"`,
    problem: `${fault}; nothing of it was fetched`,
    hint: 'No honest repository has such a file: leave this one alone, or choose other files with --include',
  })
}

function faultOf(part: string): string | undefined {
  if (part === '' || part === '.' || part === '..') return 'it has an empty part or leads out of its folder'
  if (/[\\:*?"<>|]/.test(part)) return 'it has a character that some systems take for a command or a folder'
  // Control, invisible, unassigned; half surrogates too.
  if (/\p{C}/u.test(part)) return 'it has an invisible character'
  if (/[. ]$/.test(part)) return 'a part of it ends in a full stop or a space, which Windows drops'
  if (device.test(part)) return 'a part of it is the name of a device on Windows'
  return new TextEncoder().encode(part).length > 255 ? 'a part of it is longer than 255 bytes' : undefined
}
