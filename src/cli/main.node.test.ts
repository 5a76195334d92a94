import { spawn, spawnSync } from 'node:child_process'
import { closeSync, existsSync, mkdtempSync, openSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'

const folder = mkdtempSync(join(tmpdir(), 'genera-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const main = fileURLToPath(new URL('./main.node.ts', import.meta.url))

/** Runs a command line in a process of its own, and interrupts it when it has said something. */
function genera(words: readonly string[], { interruptAfter = '' } = {}) {
  const child = spawn(process.execPath, ['--conditions=genera-source', '--import', import.meta.resolve('tsx'), main, ...words], {
    cwd: folder,
  })
  let [out, err] = ['', '']
  child.stdout.on('data', (chunk) => {
    out += chunk
  })
  child.stderr.on('data', (chunk) => {
    err += chunk
    if (interruptAfter && err.includes(interruptAfter)) child.kill('SIGINT')
  })
  return new Promise<{ code: number | null; out: string; err: string }>((resolve) =>
    child.on('close', (code) => resolve({ code, out, err })),
  )
}

describe('genera', () => {
  it('ends with 0, 1 for work that fails and 2 for a wrong command line, with a sentence', async () => {
    const ends = await Promise.all([
      genera([]),
      genera(['--version']),
      genera(['inspect', 'nowhere.png']),
      genera(['diorama', '--size', '16', '-o', 'nowhere/scene.png', '--json']),
      genera(['diorma']),
      genera(['diorama', '--sede', '7']),
    ])
    expect(ends.map(({ code }) => code)).toEqual([0, 0, 1, 1, 2, 2])
    const [help, version] = ends
    expect(help?.out).toContain('genera make "a red cube')
    expect(version?.out).toMatch(/^\d+\.\d+\.\d+\n$/)
    expect(ends.map(({ err }) => err).slice(2)).toEqual([
      'Cannot read nowhere.png: expected a file that can be read, found nothing there. Check the path; a relative one starts at the current folder\n',
      '{"error":{"code":"output","message":"Cannot write nowhere/scene.png: the folder nowhere does not exist. Create it first"}}\n',
      "Cannot run genera: unknown command 'diorma'. Did you mean diorama?\n",
      "Cannot run genera diorama: unknown option '--sede'. Did you mean --seed?\n",
    ])
  })

  it.runIf(existsSync('/dev/full'))('says in a sentence that standard output takes no more', () => {
    const words = ['--conditions=genera-source', '--import', import.meta.resolve('tsx'), main, 'completion', 'bash']
    const full = openSync('/dev/full', 'w')
    const { status, stderr } = spawnSync(process.execPath, words, { stdio: ['ignore', full, 'pipe'], encoding: 'utf8' })
    closeSync(full)
    expect([status, stderr]).toEqual([1, 'Cannot write to standard output: no space is left on the disk\n'])
  })

  it('ends with 130 on SIGINT, and leaves nothing behind', async () => {
    const { code } = await genera(['diorama', '--sheet', '30', '--size', '1024', '-o', 'large.png'], { interruptAfter: 'Rendering' })
    expect([code, readdirSync(folder)]).toEqual([130, []])
  })
})
