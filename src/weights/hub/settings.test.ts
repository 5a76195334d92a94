import { describe, expect, it } from 'vitest'
import { platform } from './platform.node.js'
import { type HubOptions, hubSettings } from './settings.js'

const home = '/home/user'
const files: Record<string, string> = {}
const settings = (env: Record<string, string>, options: HubOptions = {}) =>
  hubSettings(options, { env, home, disk: { ...platform.disk, readText: async (path) => files[path] } })

describe('hubSettings()', () => {
  it.each([
    [{}, '/home/user/.cache/huggingface/hub'],
    [{ XDG_CACHE_HOME: '/var/cache' }, '/var/cache/huggingface/hub'],
    [{ HF_HOME: '~/hf/' }, '/home/user/hf/hub'],
    [{ HF_HOME: '/hf', HUGGINGFACE_HUB_CACHE: '/old' }, '/old'],
    [{ HF_HUB_CACHE: '/new', HUGGINGFACE_HUB_CACHE: '/old' }, '/new'],
  ])('keeps the cache of %j in %s', (env, cache) => expect(settings(env as Record<string, string>).cache).toBe(cache))

  it('reads the server, the times and the truths', () => {
    expect(settings({})).toMatchObject({
      endpoint: 'https://huggingface.co',
      offline: false,
      links: true,
      patience: { question: 10, download: 10 },
    })
    const env = {
      HF_ENDPOINT: 'https://mirror.example/hf/',
      HF_HUB_ETAG_TIMEOUT: '3',
      HF_HUB_DOWNLOAD_TIMEOUT: 'soon',
      TRANSFORMERS_OFFLINE: 'ON',
    }
    expect(settings(env)).toMatchObject({ endpoint: 'https://mirror.example/hf', offline: true, patience: { question: 3, download: 10 } })
    expect(settings({ HF_HUB_OFFLINE: '0', HF_HUB_DISABLE_SYMLINKS: 'true' })).toMatchObject({ offline: false, links: false })
    expect(settings({ GENERA_HUB_HOSTS: 'store.local:9000, 10.0.0.7' }).hosts).toEqual(['store.local:9000', '10.0.0.7'])
  })

  it.each(['ftp://mirror', 'mirror', 'https://user:word@mirror'])('refuses the server %s, and shows no password', (HF_ENDPOINT) => {
    expect(() => settings({ HF_ENDPOINT })).toThrow(/^Cannot use "(?:(?!word).)*" as the server: .*Check HF_ENDPOINT$/)
  })

  it('finds the token where the library of the hub keeps it', async () => {
    files['/home/user/.cache/huggingface/token'] = 'hf_file\n'
    files['/tokens/mine'] = 'hf_mine'
    expect(await settings({}).token()).toBe('hf_file')
    expect(await settings({ HF_TOKEN_PATH: '/tokens/mine' }).token()).toBe('hf_mine')
    expect(await settings({ HF_TOKEN: ' hf_env ' }).token()).toBe('hf_env')
    expect(await settings({ HF_TOKEN: 'hf_env' }, { token: 'hf_own' }).token()).toBe('hf_own')
    expect(await settings({ HF_TOKEN: 'hf_env' }, { token: null }).token()).toBeUndefined()
    expect(await settings({ HF_TOKEN: 'hf_env', HF_HUB_DISABLE_IMPLICIT_TOKEN: '1' }).token()).toBeUndefined()
    await expect(settings({ HF_TOKEN: 'hf_a\r\nx-evil: 1' }).token()).rejects.toThrow(
      /^Cannot use the token of the hub: it has a space(?!.*evil)/s,
    )
  })
})
