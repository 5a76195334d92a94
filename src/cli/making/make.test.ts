import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tinySystem, type Watched } from '../../../tests/support/tiny-system.js'
import { decodeImage } from '../../media/images.js'
import { commandLines } from '../session.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-make-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const watched: Watched = { loads: 0, disposals: 0 }
const tiny = tinySystem(watched)
const genera = commandLines(folder, { imagen: async () => tiny })
const read = (name: string): Buffer => readFileSync(join(folder, name))
const objects = (out: string) =>
  out
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))

describe('genera make', () => {
  it('makes a file of words, which says how it was made', async () => {
    const made = await genera('make a red cube -o words.png --seed 7')
    expect([made.code, made.err]).toEqual([0, expect.stringMatching(/words\.png: imagen, seed 7, .* s, [\d,]+ bytes\n$/)])
    expect(await decodeImage(read('words.png'))).toMatchObject({ width: 2, height: 2 })
    const [found] = objects((await genera('inspect words.png --json')).out)
    expect(found.provenance).toMatchObject({
      system: 'imagen',
      seed: 7,
      options: { prompt: 'a red cube', steps: 3 },
      command: 'genera run imagen --prompt "a red cube" --seed 7 -o imagen.png',
    })
  })

  it('takes the options of the system as flags, wherever they stand', async () => {
    await genera('make --size 3 "a red cube" --guidance-scale=2.5 -o flags.png --bright --seed 1')
    const { provenance } = objects((await genera('inspect flags.png --json')).out)[0]
    expect(provenance.options).toMatchObject({ prompt: 'a red cube', size: 3, guidanceScale: 2.5, bright: true })
    expect(provenance.command).toContain('--size 3 --guidance-scale 2.5 --bright')
  })

  it('numbers the files of several results, each with a seed of its own', async () => {
    const { out } = await genera('make cube -n 3 --seed 5 -o many.png --json')
    const results = objects(out).filter(({ kind }) => kind === 'result')
    expect(results.map(({ file, seed }) => [file, seed])).toEqual([1, 2, 3].map((i) => [join(folder, `many-${i}.png`), 4 + i]))
    await genera('make cube --seed 6 -o alone.png')
    expect(read('many-2.png').equals(read('alone.png'))).toBe(true)
    expect((await genera('make cube --seed 5,9 -o few.png --quiet')).err).toBe('')
    expect(readdirSync(folder)).toEqual(expect.arrayContaining(['few-1.png', 'few-2.png']))
  })

  it('prints events and results as objects with --json', async () => {
    const lines = objects((await genera('make cube --seed 5 --steps 2 -o events.png --json')).out)
    expect(lines.map(({ kind }) => kind)).toEqual(['plan', 'progress', 'progress', 'progress', 'result'])
    expect(lines[0]).toMatchObject({
      system: 'imagen',
      stages: [
        { stage: 'load', total: 1 },
        { stage: 'paint', total: 2 },
      ],
    })
    expect(lines.at(-1)).toMatchObject({ file: join(folder, 'events.png'), seed: 5, system: 'imagen', seconds: expect.any(Number) })
  })

  it('reads words from a file or from standard input, and writes to standard output', async () => {
    writeFileSync(join(folder, 'prompt.txt'), 'a red cube')
    const file = await genera('make prompt.txt -f png -o - --seed 7')
    const stdin = await genera('make - -f .png -o - --seed 7', { input: 'a red cube' })
    expect(file.bytes.equals(stdin.bytes)).toBe(true)
    expect(await decodeImage(file.bytes)).toMatchObject({ width: 2 })
  })

  it('takes what stands behind -- as words, and the prompt as a flag', async () => {
    expect((await genera('make -o dashes.png --seed 7 -- --not a flag')).code).toBe(0)
    expect((await genera('make --prompt "a red cube" -o named.png --seed 7')).code).toBe(0)
    expect(objects((await genera('inspect dashes.png --json')).out)[0].provenance.options.prompt).toBe('--not a flag')
  })

  it('leaves out how it was made if it is asked to', async () => {
    await genera('make cube --no-metadata -o bare.png')
    expect(objects((await genera('inspect bare.png --json')).out)[0].provenance).toBeNull()
  })

  it.each([
    ['make cube -o cube.pgn', /^Cannot write a file that ends in \.pgn: endings are \.png, .* Did you mean "png"\?\n$/],
    ['make cube -o cube.wav', /^Cannot find a route from text to audio: built systems that read text make image/],
    ['make cube -o cube', 'Cannot tell what "cube" should be: its name has no ending'],
    ['make cube', 'Cannot tell what to make. Its ending says it'],
    ['make -o cube.png', "Cannot run genera make: missing required argument 'prompt'"],
    ['make "" -o cube.png', 'expected --prompt to be text of 1 to 100 characters, found ""'],
    [`make "${'x'.repeat(101)}" -o cube.png`, 'found 101 characters'],
    ['make cube --guidance-scale -1 -o cube.png', 'expected --guidance-scale to be a number of at most 30 above 0, found -1'],
    ['make cube --scheduler eular -o cube.png', 'expected --scheduler to be "ddim" or "euler", found "eular". Did you mean "euler"?'],
    ['make cube --guidance-scal 4 -o cube.png', 'Cannot run genera make: unknown option --guidance-scal. Did you mean "--guidance-scale"?'],
    ['make cube --steps -o cube.png', 'Cannot run genera make: --steps needs a value'],
    ['make cube --steps 2 --steps 3 -o cube.png', '--steps stands there twice'],
    ['make cube --system imagen -o cube.wav', 'Cannot make a .wav file with imagen: it makes pictures'],
    ['make cube --system imagin -o cube.png', 'Cannot find the system "imagin". Did you mean "imagen"?'],
    ['make cube -n 2 -f png -o -', 'Cannot write several results to standard output'],
    ['make cube --device gpu -o cube.png', 'Cannot use --device "gpu": expected auto, cpu'],
    ['make photo.png -o cube.png', 'Cannot find a route from image to image'],
    ['run', 'Cannot run a system: expected its name first'],
    ['run --steps 4 imagen', 'Cannot run a system: expected its name first'],
    ['run imagen --stepz 4', 'Cannot run genera run imagen: unknown option --stepz. Did you mean "--steps"?'],
  ])('refuses %j as wrong usage', async (line, sentence) => {
    writeFileSync(join(folder, 'photo.png'), read('words.png'))
    const before = readdirSync(folder)
    const { code, err, out } = await genera(line)
    expect([code, out]).toEqual([2, ''])
    expect(err).toMatch(sentence)
    expect(readdirSync(folder)).toEqual(before)
  })

  it.each([
    ['make cube --system muse -o cube.png', 'Cannot run muse: it is not built yet. Built are imagen\n'],
    ['make missing.wav -o cube.png', /^Cannot read .*missing\.wav: there is no such file\. If it is a word of the text/],
    ['make cube -o nowhere/cube.png', 'Cannot write nowhere/cube.png: the folder nowhere does not exist'],
    ['make cube -o folder.png', 'folder.png: a folder has this name'],
    ['make cube --checkpoint nothing-here -o cube.png', 'Cannot load the checkpoint "nothing-here" of imagen'],
  ])('fails for %j with a sentence', async (line, sentence) => {
    mkdirSync(join(folder, 'folder.png'), { recursive: true })
    const { code, err } = await genera(line)
    expect(code).toBe(1)
    expect(err).toMatch(sentence)
  })

  it('ends with 130 when it is interrupted, leaves nothing behind, and works the next time', async () => {
    const stop = new AbortController()
    let open = () => {}
    const fresh = tinySystem({
      loads: 0,
      disposals: 0,
      gate: new Promise((resolve) => {
        open = resolve
      }),
    })
    const waiting = commandLines(folder, { imagen: async () => fresh })
    const running = waiting('make cube -o stopped.png', { stop })
    setTimeout(() => stop.abort(new Error('Interrupted')), 20)
    expect((await running).code).toBe(130)
    expect(readdirSync(folder).filter((name) => name.includes('stopped'))).toEqual([])
    open()
    expect((await waiting('make cube -o stopped.png')).code).toBe(0)
  })

  it('paints no bar for quick work, and clears the line that it waits with', async () => {
    const { err } = await genera('make cube --seed 1 -o bars.png', { terminal: true })
    expect(err.startsWith(`\r\x1b[2KMaking ${join(folder, 'bars.png')} with imagen: load …`)).toBe(true)
    expect(err.slice(err.lastIndexOf('\r')).startsWith(`\r\x1b[2K${join(folder, 'bars.png')}: imagen, seed 1`)).toBe(true)
  })

  it('refuses to print a picture on a terminal', async () => {
    const { code, err } = await genera('make cube -f png -o -', { terminal: true })
    expect([code, err]).toEqual([2, expect.stringContaining('Cannot print a file that is not text on a terminal')])
  })
})

describe('genera run', () => {
  it('runs the system that is named', async () => {
    expect((await genera('run imagen --prompt cube --seed 3 -o run.png')).code).toBe(0)
    await genera('make cube --seed 3 -o made.png')
    expect(read('run.png').equals(read('made.png'))).toBe(true)
  })

  it('shows the options of a system with --help', async () => {
    const { code, out } = await genera('run imagen --help')
    expect(code).toBe(0)
    expect(out).toContain('Usage: genera run imagen --prompt … [options] -o FILE')
    expect(out).toMatch(/--guidance-scale +How closely the words are followed \(a number of at most 30 above 0; otherwise\s+7\.5\)\n/)
    expect(out.match(/--seed/g)).toHaveLength(1)
    expect(out).toContain('--checkpoint <file>')
    expect((await genera('run --help')).out).toContain('Usage: genera run')
  })

  it('says honestly what is not built', async () => {
    expect(await genera('run phenaki --prompt cube')).toMatchObject({
      code: 1,
      err: 'Cannot run phenaki: it is not built yet. Built are imagen\n',
    })
  })
})
