import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { reader, readerSizes } from '../diorama/reader/network.js'
import { placeholder } from '../graph/index.js'
import { blankImage } from '../media/image.js'
import { decodeImage } from '../media/images.js'
import { encodePng } from '../media/png.js'
import { initialise } from '../nn/index.js'
import { writeSafetensors } from '../weights/index.js'
import { commandLines } from './session.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-program-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const at = (name: string): string => join(folder, name)
const read = (name: string): Buffer => readFileSync(at(name))

const genera = commandLines(folder)
const json = async (line: string, options?: { readonly input?: string }) => JSON.parse((await genera(line, options)).out)

describe('genera diorama', () => {
  it('writes a picture that says how it was made, and makes the same bytes again', async () => {
    expect(await json('diorama --seed 7 --size 24 --style oil --json -o a.png')).toMatchObject({
      file: at('a.png'),
      seed: 7,
      options: { size: 24, style: 'oil', world: 'full' },
    })
    await genera('diorama --seed 7 --size 24 --style oil -o b.png')
    expect(read('a.png').equals(read('b.png'))).toBe(true)
    expect(await decodeImage(read('a.png'))).toMatchObject({ width: 24, height: 24 })
    expect(await json('inspect a.png --json')).toMatchObject({
      format: 'png',
      width: 24,
      provenance: { system: 'diorama', seed: 7, command: 'genera diorama --seed 7 --world full --size 24 --style oil -o diorama.png' },
    })
  })

  it('writes to standard output, which inspect reads from standard input', async () => {
    const truth = await genera('diorama --seed 3 --size 32 --setting beach -f json -o - --quiet')
    expect([truth.code, truth.err]).toEqual([0, ''])
    expect(JSON.parse(truth.out)).toMatchObject({ setting: 'beach', width: 32, provenance: { seed: 3 } })
    const { out } = await genera('inspect -', { input: truth.out })
    expect(out).toMatch(/^-: a JSON document, .* bytes\n {2}made by {2}genera .*, diorama\n {2}seed {5}3\n/)
  })

  it('says a true sentence about the scene, and what happens in the film', async () => {
    const [still, film] = [await genera('diorama --seed 3 -f txt -o -'), await genera('diorama --seed 3 --seconds 4 -f txt -o -')]
    expect([still.out, film.out]).toEqual([expect.stringMatching(/^.{8,}\n$/), expect.stringMatching(/^.{8,}\n$/)])
    expect(film.out).not.toBe(still.out)
  })

  it('lays out a sheet in worker threads', async () => {
    const { code, err } = await genera('diorama --sheet 6 --size 16 --seed 1 -o sheet.png')
    expect([code, err]).toEqual([0, expect.stringContaining('sheet.png: seed 1, the scenes of 6 seeds')])
    expect(await decodeImage(read('sheet.png'))).toMatchObject({ width: 3 * 17 + 1, height: 2 * 17 + 1 })
  })

  it('writes an animation and what is true of it', async () => {
    await genera('diorama --seed 5 --world simple --size 16 --frames 4 -o film.gif')
    await genera('diorama --seed 5 --world simple --size 16 --frames 4 -o film.json')
    const animation = { width: 16, frames: 4, provenance: { seed: 5, options: { frames: 4, size: 16 } } }
    expect(await json('inspect film.gif --json')).toMatchObject(animation)
    expect(JSON.parse(read('film.json').toString())).toMatchObject({
      width: 16,
      frames: [{ time: 0 }, {}, {}, {}],
      provenance: { seed: 5 },
    })
  })

  it('writes a sound that says how it was made', async () => {
    await genera('diorama --seed 5 --world simple --seconds 0.5 -o film.wav')
    const sound = { seconds: 0.5, sampleRate: 48000, channels: 2, provenance: { seed: 5, options: { seconds: 0.5 } } }
    expect(await json('inspect film.wav --json')).toMatchObject(sound)
  })

  it.each([
    ['-o scene.pgn', /^Cannot make a file that ends in \.pgn: .* Did you mean \.png\?\n$/],
    ['--frames 4 -o film.png', 'Cannot use --frames for a .png file. It is for .webp, .gif, .mp4, .webm, .json or .txt\n'],
    ['--rate 4 --frames 4 -o film.gif', 'Cannot use --rate and --frames together. With --frames the rate follows from the length\n'],
    ['--columns 4 -o a.png', 'Cannot use --columns without --sheet. Say how many scenes: --sheet 24\n'],
    ['--setting "night city" --time day -o a.png', /^Cannot show the night city by day: there it is always night\./],
    ['--sheet 1000 --size 2048 -o a.png', /^Cannot lay out 1000 scenes of 2048 pixels: .* Choose a --size of at most 252\n$/],
    [
      '--rate 60 --seconds 60 --size 4096 -o a.mp4',
      /^Cannot hold 3600 frames of 4096 pixels in memory: at most 64\. Choose a smaller --size/,
    ],
  ])('refuses %j', async (options, sentence) => {
    const { code, err, out } = await genera(`diorama --seed 1 --world simple ${options}`)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(sentence)
  })

  it('stops when it is interrupted, and leaves nothing behind', async () => {
    const stop = new AbortController()
    const running = genera('diorama --sheet 30 --size 512 -o large.png', { stop })
    setTimeout(() => stop.abort(new Error('Interrupted')), 50)
    expect((await running).code).toBe(130)
    expect(readdirSync(folder).filter((name) => name.includes('large'))).toEqual([])
  })
})

describe('genera again', () => {
  it('makes a file again, byte for byte or in another modality', async () => {
    await genera('diorama --seed 11 --size 20 --setting "night city" --quality 80 -o city.jpg')
    expect((await genera('again city.jpg')).code).toBe(0)
    expect(read('city-again.jpg').equals(read('city.jpg'))).toBe(true)
    const mesh = { file: at('city.glb'), seed: 11, options: { world: 'full', setting: 'night city' } }
    expect(await json('again city.jpg -o city.glb --json')).toMatchObject(mesh)
  })

  it('takes no orders from a file', async () => {
    const provenance = { generator: 'genera', version: '0.1.0', system: 'diorama', options: { output: 'stolen.png' }, seed: 1 }
    const { code, err } = await genera('again -', { input: JSON.stringify({ provenance }) })
    expect([code, err]).toEqual([1, 'Cannot make it again: the file has an option "output" that content does not depend on\n'])
    const other = await genera('again -', { input: JSON.stringify({ provenance: { ...provenance, system: 'inspect' } }) })
    expect([other.code, other.err]).toEqual([1, 'Cannot make what "inspect" made: this version of genera does not know it\n'])
  })

  it('says that a file does not say how it was made', async () => {
    const { code, err } = await genera('again -', { input: '{}' })
    expect([code, err]).toEqual([1, 'Cannot make - again: it does not say how it was made by genera. See what it says: genera inspect\n'])
  })
})

describe('genera diorama-bench', () => {
  it('prints the prompts with their names', async () => {
    const lines = (await genera('diorama-bench')).out.trimEnd().split('\n')
    expect(lines.length).toBe(200)
    expect(lines[0]).toMatch(/^[a-z-]+-01\t\S.*$/)
    expect(JSON.parse((await genera('diorama-bench --json')).out.split('\n')[0] as string)).toHaveProperty('constraints')
  })

  it('scores pictures by what a reader sees in them', async () => {
    // A reader that has learnt nothing, so that the test needs no weights: what matters is the way from files to shares.
    const size = readerSizes.embedded
    const parameters = initialise((scope) => reader(scope, placeholder([1, 3, size.pixels, size.pixels]), size), { seed: 1 })
    await writeSafetensors(at('reader.safetensors'), Object.entries(parameters))
    mkdirSync(join(folder, 'pictures'))
    for (const name of ['colours-01.png', 'colours-01_2.png', 'notes.txt'])
      writeFileSync(join(folder, 'pictures', name), encodePng(blankImage(16, 16)))
    const { code, out, err } = await genera(`diorama-bench ${join(folder, 'pictures')} --reader reader.safetensors`)
    expect([code, err]).toEqual([0, expect.stringContaining('1 of 200 prompts have a picture')])
    expect(out).toMatch(/met in full\n {2}overall +0\.0 % {2}of 2\n/)
  })

  it('says that nothing in a folder is called after a prompt', async () => {
    const { code, err } = await genera(`diorama-bench ${folder}`)
    expect([code, err]).toEqual([1, expect.stringContaining('is a picture called after a prompt. Call them')])
  })
})
