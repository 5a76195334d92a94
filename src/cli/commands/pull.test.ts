import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { type HubServer, hubServer, sha256Of } from '../../../tests/support/hub-server.js'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { commandLines } from '../session.fixture.js'

const weights = Buffer.alloc(1_500_000, 'weights ')
const files = { 'config.json': '{}', 'model.safetensors': weights, 'other.txt': 'x', 'preview.png': 'y' }

let server: HubServer
let folder: string
let genera: ReturnType<typeof commandLines>
beforeEach(async () => {
  server = await hubServer({ 'owner/tiny': { files, licence: 'openrail' } })
  folder = mkdtempSync(join(tmpdir(), 'genera-hub-'))
  vi.stubEnv('HF_ENDPOINT', server.url)
  vi.stubEnv('HF_HUB_CACHE', folder)
  vi.stubEnv('HF_HOME', folder)
  genera = commandLines(folder, { imagen: async () => tinySystem() })
})
afterEach(async () => {
  vi.unstubAllEnvs()
  await server.close()
  rmSync(folder, { recursive: true, force: true })
})
const objects = (text: string) =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
const location = () => `${folder}/models--owner--tiny/snapshots/${'a'.repeat(39)}1`

describe('genera pull', () => {
  it('says licence, size and memory, fetches, and prints the folder alone', async () => {
    const { code, out, err } = await genera('pull owner/tiny')
    expect([code, out]).toEqual([0, `${location()}\n`])
    expect(err).toBe(
      `owner/tiny at main (aaaaaaa)\n  licence  openrail\n  files    3, 1.50 MB\n  memory   about 1.50 MB for the weights\n  cache    ${folder}\n`,
    )
    expect((await genera('pull owner/tiny')).err).toContain('files    3, 1.50 MB, all here')
  })

  it('asks whoever sits at the terminal, and takes no for an answer', async () => {
    const no = await genera('pull owner/tiny', { terminal: true, input: 'n\n' })
    expect([no.code, no.out]).toEqual([1, ''])
    expect(no.err).toContain('Fetch 1.50 MB? [Y/n] ')
    expect(no.err).toContain('Cannot go on without owner/tiny: it was not to be fetched\n')
    expect(server.requests).toHaveLength(1)
    expect((await genera('pull owner/tiny', { terminal: true, input: '\n' })).code).toBe(0)
    server.repositories['owner/tiny'] = { files: { ...files, 'config.json': '{"a":1}' }, commit: 'b'.repeat(40) }
    expect((await genera('pull owner/tiny --yes', { terminal: true, input: 'n\n' })).code).toBe(0)
  })

  it('takes globs, revisions and single files, and says all of it to programs', async () => {
    const { out } = await genera('pull owner/tiny --include "*.txt" "*.png" --exclude other.* --json')
    const [plan, result] = objects(out)
    expect(plan).toMatchObject({
      kind: 'repository',
      licence: { id: 'openrail' },
      bytes: 1,
      files: [{ path: 'preview.png', cached: false }],
    })
    expect(result).toEqual({ kind: 'result', location: location(), repo: 'owner/tiny', commit: `${'a'.repeat(39)}1`, bytes: 1 })
    expect((await genera('pull hf://owner/tiny/config.json -q')).out).toBe(`${location()}/config.json\n`)
    expect(await genera('pull owner/tiny --revision v2')).toMatchObject({
      code: 1,
      err: expect.stringContaining('it has no such revision'),
    })
    expect(await genera('pull tiny/../x')).toMatchObject({
      code: 1,
      err: expect.stringMatching(/^Cannot read "tiny\/\.\.\/x" as the name/),
    })
  })

  it('stays off the network with --offline', async () => {
    expect(await genera('pull owner/tiny --offline')).toMatchObject({
      code: 1,
      err: expect.stringContaining('With a network: genera pull owner/tiny'),
    })
    await genera('pull owner/tiny')
    server.requests.length = 0
    expect((await genera('pull owner/tiny --offline')).out).toBe(`${location()}\n`)
    expect(server.requests).toEqual([])
  })
})

describe('genera make --checkpoint owner/name', () => {
  it('fetches what is not in the cache after saying what it is, and names it in the file', async () => {
    const { code, err } = await genera('make cube --checkpoint owner/tiny --seed 1 -o cube.png')
    expect([code, err]).toEqual([0, expect.stringMatching(/^owner\/tiny at main .*\n {2}licence {2}openrail\n/)])
    const [{ provenance }] = objects((await genera('inspect cube.png --json')).out)
    expect(provenance.checkpoint.name).toBe('hf://owner/tiny')
    expect(provenance.command).toContain('--checkpoint hf://owner/tiny')
    server.requests.length = 0
    expect((await genera('make cube --checkpoint owner/tiny --seed 1 -o again.png')).err).not.toContain('licence')
    expect((await genera('again cube.png --checkpoint hf://owner/tiny --offline')).err).toContain('The same bytes as')
    expect(server.requests).toEqual([])
  })

  it('does not fetch what a record names', async () => {
    await genera('make cube --checkpoint owner/tiny --seed 1 -o cube.png')
    rmSync(join(folder, 'models--owner--tiny'), { recursive: true })
    server.requests.length = 0
    const { code, err } = await genera('again cube.png')
    expect([code, err]).toEqual([1, expect.stringContaining('If you trust who made it: --checkpoint hf://owner/tiny')])
    expect(server.requests).toEqual([])
  })

  it('makes nothing where it was not to be fetched, or the network was not to be used', async () => {
    expect((await genera('make cube --checkpoint owner/tiny -o cube.png', { terminal: true, input: 'n' })).code).toBe(1)
    expect((await genera('make cube --checkpoint owner/tiny --offline -o cube.png')).err).toContain('is not in')
    expect(existsSync(join(folder, 'cube.png'))).toBe(false)
  })
})

describe('genera cache', () => {
  it('lists, verifies and removes', async () => {
    expect((await genera('cache')).out).toBe(`${folder}\n  Nothing yet: genera pull owner/name\n`)
    await genera('pull owner/tiny')
    expect((await genera('cache list')).out).toBe(`${folder}\n  owner/tiny  main (aaaaaaa)  3 files  1.50 MB\n`)
    expect(objects((await genera('cache list --json')).out)).toMatchObject([{ repo: 'owner/tiny', kind: 'model' }])
    expect((await genera('cache verify')).err).toBe('1.50 MB read: every file is what its digest says\n')
    writeFileSync(join(folder, 'models--owner--tiny', 'blobs', sha256Of(weights)), Buffer.alloc(weights.length))
    const damaged = await genera('cache verify owner/tiny')
    expect(damaged).toMatchObject({ code: 1, out: expect.stringMatching(/^damaged {2}.*\ndamaged {2}.*model\.safetensors\n$/) })
    expect(damaged.err).toBe(
      'Cannot vouch for the cache: 1 damaged file, and one repository incomplete. Take them out with --fix, then genera pull owner/tiny\n',
    )
    await genera('cache verify --fix')
    await genera('pull owner/tiny')
    expect(readFileSync(join(location(), 'model.safetensors')).equals(weights)).toBe(true)
    expect((await genera('cache remove owner/tiny')).err).toBe('owner/tiny: removed, 1.50 MB freed\n')
    expect((await genera('cache list --json')).out).toBe('')
  })

  it('asks before it removes, and refuses what it does not know', async () => {
    await genera('pull owner/tiny')
    await genera('cache remove owner/tiny', { terminal: true, input: 'no' })
    expect((await genera('cache list')).out).toContain('owner/tiny')
    expect(await genera('cache remove')).toMatchObject({ code: 2, err: expect.stringContaining('Name it: genera cache remove owner/name') })
    expect(await genera('cache remove owner/none')).toMatchObject({
      code: 1,
      err: expect.stringContaining('genera cache list shows what is'),
    })
    expect(await genera('cache prune')).toMatchObject({ code: 2, err: expect.stringContaining('expected list, verify or remove') })
  })
})
