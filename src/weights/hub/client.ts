import { printable } from '../checkpoint-error.js'
import { HubError, type HubErrorCode, systemCode } from './hub-error.js'
import { badAnswer } from './listing.js'
import { type HubPlatform, type HubResponse, PrivateAddress } from './platform.js'
import type { HubSettings } from './settings.js'

/** Asks a server, within one piece of work that can be aborted. */
export interface HubClient {
  /** Addresses of the server itself. */
  readonly endpoint: string
  /** The text of a small answer, after as many tries as it takes. */
  text(path: string, question: Question): Promise<string>
  /** The headers of a file, redirects not followed. */
  head(path: string, question: Question): Promise<HubResponse>
  /**
   * One try at a file from some byte on.
   *
   * @throws Interruption where another try may help, HubError where not
   */
  file(path: string, from: number, question: Question): Promise<HubResponse>
}

export interface Question {
  /** A verb phrase for errors. */
  readonly doing: string
  readonly repo: string
  readonly signal: AbortSignal
}

/** A fault that may be gone by the next try. */
export class Interruption extends Error {
  constructor(
    /** What the caller sees if no try helps. */
    readonly error: HubError,
    /** How long the server asks us to wait, in seconds. */
    readonly wait?: number,
  ) {
    super(error.message, { cause: error })
  }
}

const mostHops = 5
/** In bytes: an answer about the largest repositories is a few megabytes. */
const longestAnswer = 64 * 2 ** 20
/** Tries without a byte of progress. */
export const mostTries = 5
/** Longer than this nobody waits, in seconds. */
const longestWait = 120

/** 1 s, 2 s, 4 s and so on, or what the server asks for. */
export function waitBefore(attempt: number, { wait, error }: Interruption): number {
  if (wait !== undefined && wait > longestWait) throw error
  return wait ?? Math.min(2 ** (attempt - 1), 30)
}

export function hubClient(settings: HubSettings, platform: HubPlatform): HubClient {
  const { endpoint } = settings
  const origin = new URL(endpoint).origin

  /** Follows redirects; the token goes to the server itself and to nobody else. */
  async function ask(
    path: string,
    { doing, repo, signal }: Question,
    { method = 'GET', patience, from = 0, hops = mostHops }: { method?: 'GET' | 'HEAD'; patience: number; from?: number; hops?: number },
  ): Promise<HubResponse> {
    const token = await settings.token()
    let url = new URL(`${endpoint}${path}`)
    for (let hop = 0; ; hop++) {
      const home = url.origin === origin
      const authorised = token !== undefined && home && mayCarryToken(url)
      const headers = {
        'user-agent': 'genera',
        accept: '*/*',
        'accept-encoding': 'identity', // lengths are those of the file
        ...(authorised && { authorization: `Bearer ${token}` }),
        ...(from > 0 && { range: `bytes=${from}-` }),
      }
      const publicOnly = !home && !settings.hosts.includes(url.host) && !settings.hosts.includes(url.hostname)
      const response = await platform.request(url, { method, headers, signal, patience, publicOnly }).catch((cause: unknown) => {
        signal.throwIfAborted()
        if (cause instanceof PrivateAddress) throw refusedHost(doing, url, `it leads to the private address ${cause.message}`)
        throw new Interruption(unreachable(doing, url, cause))
      })
      const location = response.header('location')
      if (response.status >= 300 && response.status < 400 && location !== undefined && hops > 0) {
        response.close()
        if (hop >= hops) throw refusedHost(doing, url, `more than ${hops} redirects`)
        url = redirected(url, location, doing)
        continue
      }
      if (response.status >= 200 && response.status < 400) return response
      response.close()
      throw refusal(response, { doing, repo, url, endpoint, tokenSent: authorised, tokenKept: token !== undefined && !authorised && home })
    }
  }

  function redirected(from: URL, location: string, doing: string): URL {
    let to: URL
    try {
      to = new URL(location, from)
    } catch {
      throw badAnswer(doing, 'an address to go on at', location)
    }
    const trusted = settings.hosts.includes(to.host) || settings.hosts.includes(to.hostname)
    if (!/^https?:$/.test(to.protocol)) throw refusedHost(doing, to, 'it is no address of the web')
    if (to.username !== '' || to.password !== '') throw refusedHost(doing, to, 'it has a password in it')
    if (from.protocol === 'https:' && to.protocol === 'http:' && !trusted) throw refusedHost(doing, to, 'it gives up encryption')
    return to
  }

  /** As many tries as it takes; what was still in the way at the last one is thrown. */
  async function tried<T>(once: () => Promise<T>, { signal }: Question): Promise<T> {
    for (let attempt = 1; ; attempt++) {
      try {
        return await once()
      } catch (error) {
        if (!(error instanceof Interruption)) throw error
        if (attempt >= mostTries) throw error.error
        await platform.sleep(waitBefore(attempt, error), signal)
      }
    }
  }

  const { question: patience, download } = settings.patience
  return {
    endpoint,
    text: (path, question) => tried(async () => whole(await ask(path, question, { patience }), question), question),
    head: (path, question) => tried(() => ask(path, question, { method: 'HEAD', patience, hops: 0 }), question),
    file: (path, from, question) => ask(path, question, { patience: download, from }),
  }
}

/** In the clear a token goes to this machine only. */
const mayCarryToken = ({ protocol, hostname }: URL): boolean =>
  protocol === 'https:' || /^(?:localhost|127\.\d+\.\d+\.\d+|\[::1\])$/.test(hostname)

async function whole(response: HubResponse, { doing, signal }: Question): Promise<string> {
  const chunks: Uint8Array[] = []
  let length = 0
  try {
    for await (const chunk of response.body) {
      length += chunk.length
      if (length > longestAnswer) throw badAnswer(doing, `at most ${longestAnswer / 2 ** 20} MiB`, 'more')
      chunks.push(chunk)
    }
  } catch (cause) {
    signal.throwIfAborted()
    if (cause instanceof HubError) throw cause
    throw new Interruption(cut(doing, cause))
  } finally {
    response.close()
  }
  const bytes = new Uint8Array(length)
  let at = 0
  for (const chunk of chunks) {
    bytes.set(chunk, at)
    at += chunk.length
  }
  return new TextDecoder().decode(bytes)
}

export const cut = (doing: string, cause: unknown): HubError =>
  new HubError({
    code: 'Unreachable',
    doing,
    problem: `the connection was cut (${cause instanceof Error ? printable(cause.message, 80) : 'no reason given'})`,
    hint: 'Try again: what has come so far is kept',
    cause,
  })

function unreachable(doing: string, { host }: URL, cause: unknown): HubError {
  const code = systemCode(cause)
  const reason = { ENOTFOUND: 'its name is unknown', EAI_AGAIN: 'names cannot be looked up', ECONNREFUSED: 'nothing listens there' }[
    code ?? ''
  ]
  return new HubError({
    code: 'Unreachable',
    doing,
    problem: `${printable(host)} cannot be reached: ${reason ?? (cause instanceof Error ? printable(cause.message, 120) : 'no reason given')}`,
    hint: 'Check the network; a mirror is named with HF_ENDPOINT, and --offline uses what the cache has',
    cause,
  })
}

const refusedHost = (doing: string, { host }: URL, problem: string): HubError =>
  new HubError({
    code: 'HostRefused',
    doing,
    problem: `the server sends us on to ${printable(host, 120)}, and ${problem}`,
    hint: 'If that host is yours, name it in GENERA_HUB_HOSTS',
  })

interface Refused {
  readonly doing: string
  readonly repo: string
  readonly url: URL
  readonly endpoint: string
  readonly tokenSent: boolean
  /** There is one that was not sent, because the connection is not encrypted. */
  readonly tokenKept: boolean
}

/** What an answer of 400 and above means, by its status and by the hub's own code for it. */
function refusal(response: HubResponse, { doing, repo, url, endpoint: site, tokenSent, tokenKept }: Refused): HubError | Interruption {
  const { status } = response
  const said = response.header('x-error-message')
  const reason = response.header('x-error-code')
  const error = (code: HubErrorCode, problem: string, hint: string) => new HubError({ code, doing, problem, hint, status })
  const withToken = tokenKept
    ? 'There is a token, which was not sent because the address begins with http://: use https://'
    : `Make a token at ${site}/settings/tokens and set HF_TOKEN to it`

  // The store that the server sends us to knows no repositories, only addresses that are good for a while: a new one may do.
  if (url.origin !== new URL(site).origin && status < 500 && status !== 429)
    return new Interruption(
      error('ServerFault', `${printable(url.host)}, which the server sends us to, answers with status ${status}`, 'Try again later'),
    )
  if (status === 416)
    return new Interruption(
      error('WrongLength', 'the server has no byte where the file should go on', 'Try another server with HF_ENDPOINT'),
    )
  if (reason === 'GatedRepo')
    return error(
      'Gated',
      tokenSent ? 'its terms have not been accepted by the owner of this token' : 'its terms have to be accepted first',
      `Accept them at ${site}/${repo}${tokenSent ? ', with the account that the token is of' : `. ${withToken}`}`,
    )
  if (reason === 'RevisionNotFound')
    return error('RevisionNotFound', 'it has no such revision', `Its branches and tags are at ${site}/${repo}/tree/main`)
  if (reason === 'EntryNotFound') return error('EntryNotFound', 'it has no such file', `Its files are at ${site}/${repo}/tree/main`)
  if (status === 401 && tokenSent && reason !== 'RepoNotFound')
    return error(
      'TokenRefused',
      'the server does not accept the token',
      `It may have expired. ${withToken}, or delete the file of the old one`,
    )
  if (status === 401 || reason === 'RepoNotFound' || (status === 404 && !url.pathname.includes('/resolve/')))
    return error(
      'RepositoryNotFound',
      `there is no such repository on ${printable(url.host)}, or it is private`,
      `Check the spelling${tokenSent ? '; the token may be of another account' : `. If it is private: ${withToken.replace(/^M/, 'm').replace(/^T/, 't')}`}`,
    )
  if (status === 403) return error('Forbidden', `the server refuses it${said ? `: ${printable(said, 160)}` : ''}`, withToken)
  if (status === 404) return error('EntryNotFound', 'there is no such file', `Its files are at ${site}/${repo}/tree/main`)
  if (status === 429) {
    const wait = retryAfter(response.header('retry-after'))
    const soon = wait === undefined ? 'a few minutes' : `${Math.ceil(wait)} s`
    return new Interruption(
      error('RateLimited', 'the server has had too many requests from here', `Try again in ${soon}; with HF_TOKEN set it allows more`),
      wait,
    )
  }
  if (status === 408 || status >= 500)
    return new Interruption(
      error('ServerFault', `${printable(url.host)} answers with status ${status}`, 'Try again later: what has come so far is kept'),
      retryAfter(response.header('retry-after')),
    )
  return error(
    'BadAnswer',
    `${printable(url.host)} answers with status ${status}${said ? `: ${printable(said, 160)}` : ''}`,
    'Check HF_ENDPOINT',
  )
}

/** In seconds, from seconds or a date. */
function retryAfter(value: string | undefined): number | undefined {
  if (value === undefined) return undefined
  if (/^\d{1,9}$/.test(value.trim())) return Number(value)
  const until = Date.parse(value)
  return Number.isNaN(until) ? undefined : Math.max(0, (until - Date.now()) / 1000)
}
