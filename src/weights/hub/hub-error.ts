import { GeneraError } from '../../graph/errors.js'

/** What went wrong between us and a hub, or in its cache. */
export type HubErrorCode =
  /** Not the name of a repository, a revision or a file that may be used. */
  | 'InvalidReference'
  | 'UnsafeName'
  | 'RepositoryNotFound'
  | 'RevisionNotFound'
  | 'EntryNotFound'
  /** The licence has to be accepted, or the owner asked, first. */
  | 'Gated'
  | 'TokenRefused'
  | 'Forbidden'
  | 'RateLimited'
  | 'ServerFault'
  | 'Unreachable'
  /** A redirect to where a hub has no business to send us. */
  | 'HostRefused'
  /** The answer is not what the protocol says. */
  | 'BadAnswer'
  | 'NotTheFile'
  | 'WrongLength'
  | 'DigestMismatch'
  | 'NothingSelected'
  /** Asked for offline, and not in the cache. */
  | 'Offline'
  | 'NotCached'
  | 'Busy'
  | 'DiskFull'
  | 'NotWritable'
  | 'IoError'
  | 'NotSupported'

/** The parts of a failure; `HubError` composes the sentence. */
export interface HubProblem {
  readonly code: HubErrorCode
  /** A verb phrase: `download "unet/config.json" of owner/name`. */
  readonly doing: string
  readonly problem: string
  readonly hint?: string | undefined
  /** Of the answer, where there was one. */
  readonly status?: number | undefined
  readonly cause?: unknown
}

/** A repository that cannot be read, fetched or kept. Whatever a server or a disk does, it ends here, and the cache stays as it was. */
export class HubError extends GeneraError {
  override readonly name = 'HubError'
  declare readonly code: HubErrorCode
  readonly status: number | undefined

  constructor({ code, doing, problem, hint, status, cause }: HubProblem) {
    super(code, `Cannot ${doing}: ${problem}`, hint, cause === undefined ? {} : { cause })
    this.status = status
  }
}

const full = 'Free some space, or keep the cache elsewhere with HF_HUB_CACHE; what has come so far is kept'
const reasons: Readonly<Record<string, readonly [HubErrorCode, string, string?]>> = {
  ENOSPC: ['DiskFull', 'no space is left on the disk', full],
  EDQUOT: ['DiskFull', "the user's disk quota is used up", full],
  EACCES: ['NotWritable', 'there is no permission', 'Check who owns the folder, or keep the cache elsewhere with HF_HUB_CACHE'],
  EPERM: ['NotWritable', 'there is no permission', 'Check who owns the folder, or keep the cache elsewhere with HF_HUB_CACHE'],
  EROFS: ['NotWritable', 'the disk is read-only', 'Keep the cache elsewhere with HF_HUB_CACHE; what is in it already can be used'],
  EMFILE: ['IoError', 'too many files are open', 'Raise the limit with "ulimit -n"'],
  ENAMETOOLONG: ['UnsafeName', 'the name is too long for this disk', 'Keep the cache in a folder with a shorter path, with HF_HUB_CACHE'],
}

/** Gives the system's error its sentence; any other error stays as it is. */
export function diskError(cause: unknown, doing: string): unknown {
  const system = systemCode(cause)
  if (system === undefined || cause instanceof HubError) return cause
  const [code, problem, hint] = reasons[system] ?? ['IoError', cause instanceof Error ? cause.message : system]
  return new HubError({ code: code as HubErrorCode, doing, problem: problem as string, hint, cause })
}

/** `ENOENT` and the like; undefined for errors that are not the system's. */
export const systemCode = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' && /^E[A-Z0-9_]+$/.test(error.code) ? error.code : undefined
