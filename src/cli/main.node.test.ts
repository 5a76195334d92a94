import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { decodeImage } from '../media/images.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-cli-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const main = fileURLToPath(new URL('./main.node.ts', import.meta.url))

interface Ended {
  readonly code: number | null
  readonly out: Buffer
  readonly err: string
}

function genera(words: readonly string[], { input = '', interruptAfter = '' } = {}): Promise<Ended> {
  const child = spawn(process.execPath, ['--conditions=genera-source', '--import', import.meta.resolve('tsx'), main, ...words], {
    cwd: folder,
  })
  const out: Buffer[] = []
  let err = ''
  child.stdout.on('data', (chunk: Buffer) => out.push(chunk))
  child.stderr.on('data', (chunk) => {
    err += chunk
    if (interruptAfter && err.includes(interruptAfter)) child.kill('SIGINT')
  })
  child.stdin.end(input)
  return new Promise((resolve) => child.on('close', (code) => resolve({ code, out: Buffer.concat(out), err })))
}

describe('genera diorama', () => {
  it('writes a picture that says how it was made, and makes the same bytes again', async () => {
    const words = ['diorama', '--seed', '7', '--size', '24', '--style', 'oil', '--json', '-o']
    const [first, second] = await Promise.all([genera([...words, 'a.png']), genera([...words, 'b.png'])])
    expect([first.code, second.code, first.err]).toEqual([0, 0, ''])
    expect(JSON.parse(first.out.toString())).toMatchObject({ file: 'a.png', seed: 7, options: { size: 24, style: 'oil', world: 'full' } })
    const [a, b] = [readFileSync(join(folder, 'a.png')), readFileSync(join(folder, 'b.png'))]
    expect(a.equals(b)).toBe(true)
    expect(await decodeImage(a)).toMatchObject({ width: 24, height: 24 })
    const inspected = await genera(['inspect', 'a.png', '--json'])
    expect(JSON.parse(inspected.out.toString())).toMatchObject({
      format: 'png',
      width: 24,
      provenance: { system: 'diorama', seed: 7, command: 'genera diorama --seed 7 --world full --size 24 --style oil -o diorama.png' },
    })
  })

  it('is made again from what the file says, byte for byte or in another modality', async () => {
    const words = ['diorama', '--seed', '11', '--size', '20', '--setting', 'night city', '--quality', '80', '-o', 'city.jpg']
    expect((await genera(words)).code).toBe(0)
    const [same, other] = await Promise.all([genera(['again', 'city.jpg']), genera(['again', 'city.jpg', '-o', 'city.glb', '--json'])])
    expect([same.code, other.code]).toEqual([0, 0])
    expect(readFileSync(join(folder, 'city-again.jpg')).equals(readFileSync(join(folder, 'city.jpg')))).toBe(true)
    expect(JSON.parse(other.out.toString())).toMatchObject({
      file: 'city.glb',
      seed: 11,
      options: { world: 'full', setting: 'night city' },
    })
  })

  it('refuses to take orders from a file', async () => {
    const provenance = { generator: 'genera', version: '0.1.0', system: 'diorama', options: { output: 'stolen.png' }, seed: 1 }
    const [strange, silent] = await Promise.all([
      genera(['again', '-'], { input: JSON.stringify({ provenance }) }),
      genera(['again', '-'], { input: '{}' }),
    ])
    expect([strange.code, strange.err]).toEqual([
      1,
      'Cannot make it again: the file has an option "output" that content does not depend on\n',
    ])
    expect([silent.code, silent.err]).toEqual([
      1,
      'Cannot make - again: it does not say how it was made by genera. See what it says: genera inspect\n',
    ])
  })

  it('writes to standard output, which inspect reads from standard input', async () => {
    const truth = await genera(['diorama', '--seed', '3', '--size', '32', '--setting', 'beach', '-f', 'json', '-o', '-', '--quiet'])
    expect([truth.code, truth.err]).toEqual([0, ''])
    expect(JSON.parse(truth.out.toString())).toMatchObject({ setting: 'beach', width: 32, provenance: { seed: 3 } })
    const { out } = await genera(['inspect', '-'], { input: truth.out.toString() })
    expect(out.toString()).toMatch(/^-: a JSON document, .* bytes\n {2}made by {2}genera .*, diorama\n {2}seed {5}3\n/)
  })

  it('lays out a sheet in worker threads', async () => {
    const { code, err } = await genera(['diorama', '--sheet', '6', '--size', '16', '--seed', '1', '-o', 'sheet.png'])
    expect([code, err]).toEqual([0, expect.stringContaining('sheet.png: seed 1, the scenes of 6 seeds')])
    expect(await decodeImage(readFileSync(join(folder, 'sheet.png')))).toMatchObject({ width: 3 * 17 + 1, height: 2 * 17 + 1 })
  })
})

describe('genera diorama with films', () => {
  it('writes an animation and what is true of it, and refuses options that have no effect', async () => {
    const words = ['diorama', '--seed', '5', '--world', 'simple', '--size', '16', '--frames', '4', '--json', '-o']
    const [gif, json, refused] = await Promise.all([
      genera([...words, 'film.gif']),
      genera([...words, 'film.json']),
      genera(['diorama', '--frames', '4', '-o', 'film.png']),
    ])
    expect([gif.code, gif.err, json.code, json.err, refused.code]).toEqual([0, '', 0, '', 2])
    expect(refused.err).toBe('Cannot use --frames for a .png file. It is for .webp, .gif, .mp4, .webm, .json or .txt\n')
    const { out } = await genera(['inspect', 'film.gif', '--json'])
    expect(JSON.parse(out.toString())).toMatchObject({ width: 16, frames: 4, provenance: { seed: 5, options: { frames: 4, size: 16 } } })
    const truth = JSON.parse(readFileSync(join(folder, 'film.json'), 'utf8'))
    expect(truth).toMatchObject({ width: 16, frames: [{ time: 0 }, {}, {}, {}], provenance: { seed: 5 } })
  })

  it('writes a sound that says how it was made', async () => {
    const { code, err } = await genera(['diorama', '--seed', '5', '--world', 'simple', '--seconds', '0.5', '-o', 'film.wav', '--json'])
    expect([code, err]).toEqual([0, ''])
    const { out } = await genera(['inspect', 'film.wav', '--json'])
    const sound = { seconds: 0.5, sampleRate: 48000, channels: 2, provenance: { seed: 5, options: { seconds: 0.5 } } }
    expect(JSON.parse(out.toString())).toMatchObject(sound)
  })
})

describe('genera', () => {
  it('ends with 2 and a sentence for a wrong command line, 1 for work that fails', async () => {
    const ends = await Promise.all([
      genera(['diorma']),
      genera(['diorama', '--sede', '7']),
      genera(['diorama', '-o', 'scene.pgn', '--json']),
      genera(['diorama', '--size', '16', '-o', 'nowhere/scene.png']),
      genera(['inspect', 'nowhere.png']),
    ])
    expect(ends.map(({ code }) => code)).toEqual([2, 2, 2, 1, 1])
    expect(ends.map(({ err }) => err)).toEqual([
      "Cannot run genera: unknown command 'diorma' (there is diorama, again, inspect). Did you mean diorama?\n",
      "Cannot run genera diorama: unknown option '--sede'. Did you mean --seed?\n",
      expect.stringMatching(
        /^\{"error":\{"code":"usage","message":"Cannot make a file that ends in \.pgn: .* Did you mean \.png\?"\}\}\n$/,
      ),
      'Cannot write nowhere/scene.png: the folder nowhere does not exist. Create it first\n',
      expect.stringMatching(/^Cannot read nowhere\.png: expected a file that can be read, found nothing there\./),
    ])
  })

  it('ends with 130 when it is interrupted, and leaves nothing behind', async () => {
    const running = genera(['diorama', '--sheet', '30', '--size', '1024', '-o', 'large.png'], { interruptAfter: 'Rendering' })
    expect((await running).code).toBe(130)
    expect(readdirSync(folder).filter((name) => name.includes('large'))).toEqual([])
  })

  it('shows its help and its version', async () => {
    const [help, version] = await Promise.all([genera([]), genera(['--version'])])
    expect([help.code, help.out.toString()]).toEqual([0, expect.stringContaining('genera diorama --seed 7 --size 512 -o scene.png')])
    expect(version.out.toString()).toMatch(/^\d+\.\d+\.\d+\n$/)
  })
})
