import { printable } from '../checkpoint-error.js'
import { HubError } from './hub-error.js'
import type { HubPlatform } from './platform.js'

/** What can be said in place of the environment. */
export interface HubOptions {
  /** The folder with `models--owner--name` in it (HF_HUB_CACHE). */
  readonly cache?: string | undefined
  /** The server (HF_ENDPOINT). */
  readonly endpoint?: string | undefined
  /** For gated and private repositories (HF_TOKEN); null sends none. */
  readonly token?: string | null | undefined
  /** No request at all (HF_HUB_OFFLINE). */
  readonly offline?: boolean | undefined
  /** Further hosts, as `host` or `host:port`, that the server may send us to although they are private or plain http (GENERA_HUB_HOSTS). */
  readonly hosts?: readonly string[] | undefined
  /** In place of the platform's own disk and network, in whole or in part. */
  readonly platform?: Partial<HubPlatform> | undefined
}

export interface HubSettings {
  readonly cache: string
  /** Without a slash at its end. */
  readonly endpoint: string
  readonly offline: boolean
  readonly hosts: readonly string[]
  /** Seconds of silence after which a question, and a download, count as cut. */
  readonly patience: { readonly question: number; readonly download: number }
  /** Whether pointers of snapshots may be symbolic links. */
  readonly links: boolean
  /** Looked up when it is needed, so that a cache can be read where the token cannot. */
  token(): Promise<string | undefined>
}

const publicEndpoint = 'https://huggingface.co'

/** The variables of the hub's own library, under their names and with its defaults. */
export function hubSettings(options: HubOptions, { env, home, disk }: Pick<HubPlatform, 'env' | 'home' | 'disk'>): HubSettings {
  const unfold = (path: string) => path.replace(/^~(?=\/|$)/, home).replace(/(.)\/+$/, '$1')
  const hubHome = unfold(env.HF_HOME || `${env.XDG_CACHE_HOME || '~/.cache'}/huggingface`)
  const cache = unfold(options.cache ?? (env.HF_HUB_CACHE || env.HUGGINGFACE_HUB_CACHE || `${hubHome}/hub`))
  const tokenPath = unfold(env.HF_TOKEN_PATH || `${hubHome}/token`)
  return {
    cache,
    endpoint: endpointOf(options.endpoint ?? (env.HF_ENDPOINT || publicEndpoint)),
    offline: options.offline ?? (isOn(env.HF_HUB_OFFLINE) || isOn(env.TRANSFORMERS_OFFLINE)),
    hosts: options.hosts ?? (env.GENERA_HUB_HOSTS ?? '').split(/[\s,]+/).filter(Boolean),
    patience: { question: seconds(env.HF_HUB_ETAG_TIMEOUT), download: seconds(env.HF_HUB_DOWNLOAD_TIMEOUT) },
    links: !isOn(env.HF_HUB_DISABLE_SYMLINKS),
    async token() {
      if (options.token !== undefined) return cleaned(options.token)
      if (isOn(env.HF_HUB_DISABLE_IMPLICIT_TOKEN)) return undefined
      return cleaned(env.HF_TOKEN || env.HUGGING_FACE_HUB_TOKEN || (await disk.readText(tokenPath).catch(() => undefined)))
    },
  }
}

/** As the hub's library reads truth. */
const isOn = (value: string | undefined): boolean => /^(?:1|on|yes|true)$/i.test(value ?? '')

const seconds = (value: string | undefined): number => {
  const number = Number(value)
  return Number.isFinite(number) && number > 0 ? number : 10
}

function cleaned(token: string | null | undefined): string | undefined {
  const text = token?.trim()
  if (!text) return undefined
  if (/^[\x21-\x7e]+$/.test(text)) return text
  throw new HubError({
    code: 'TokenRefused',
    doing: 'use the token of the hub',
    problem: 'it has a space or a character that no token has', // never the token itself
    hint: 'Set HF_TOKEN to the token alone, as the page of your tokens shows it',
  })
}

function endpointOf(text: string): string {
  try {
    const { protocol, username, password, href } = new URL(text)
    if (/^https?:$/.test(protocol) && username === '' && password === '') return href.replace(/\/+$/, '')
  } catch {}
  throw new HubError({
    code: 'InvalidReference',
    doing: `use "${printable(text, 120).replace(/\/\/[^/@]*@/, '//…@')}" as the server`,
    problem: 'expected an address that begins with https:// and has no password in it',
    hint: 'Check HF_ENDPOINT',
  })
}
