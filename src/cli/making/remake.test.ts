import { mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { encodeAudio } from '../../media/sounds.js'
import { listener } from '../listener.fixture.js'
import { commandLines } from '../session.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-remake-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const tiny = tinySystem()
const genera = commandLines(folder, { imagen: async () => tiny, whisper: async () => listener })
const read = (name: string): Buffer => readFileSync(join(folder, name))

beforeAll(async () => {
  const audio = { sampleRate: 8000, channels: [new Float32Array(800)] }
  writeFileSync(join(folder, 'speech.wav'), await encodeAudio(audio, { format: 'wav' }))
})

describe('genera again', () => {
  it.each(['png', 'jpg', 'webp'])('makes a .%s file of a system again, byte for byte', async (ending) => {
    await genera(`make "a red 'cube'" --steps 2 --bright --quality 80 -n 2 --seed 4 -o scene.${ending}`)
    const { code, err } = await genera(`again scene-2.${ending}`)
    expect([code, err]).toEqual([0, expect.stringContaining('The same bytes as')])
    expect(read(`scene-2-again.${ending}`).equals(read(`scene-2.${ending}`))).toBe(true)
  })

  it('makes text again from a sound that lies beside it, or is given, and is the same', async () => {
    expect((await genera('run whisper speech.wav -o notes.txt --polite')).code).toBe(0)
    expect(read('notes.txt').toString()).toBe('please, 800 samples')
    expect(JSON.parse(read('notes.txt.json').toString()).provenance).toMatchObject({
      options: { audio: { modality: 'audio', file: 'speech.wav', sha256: expect.stringMatching(/^[0-9a-f]{64}$/) } },
      command: 'genera run whisper --audio speech.wav --polite -o whisper.txt',
    })
    expect((await genera('again notes.txt')).err).toContain('The same bytes as')
    mkdirSync(join(folder, 'elsewhere'))
    renameSync(join(folder, 'speech.wav'), join(folder, 'elsewhere', 'talk.wav'))
    const missing = await genera('again notes.txt')
    expect([missing.code, missing.err]).toEqual([
      1,
      expect.stringMatching(/it was made from "speech\.wav" .* Say where it is: --from FILE\n$/),
    ])
    const given = await genera(`again notes.txt --from ${join(folder, 'elsewhere', 'talk.wav')}`)
    expect([given.code, given.err]).toEqual([0, expect.stringContaining('The same bytes as')])
    expect(read('notes-again.txt.json').equals(read('notes.txt.json'))).toBe(true)
    renameSync(join(folder, 'elsewhere', 'talk.wav'), join(folder, 'speech.wav'))
  })

  const record = { generator: 'genera', version: '0.1.0', system: 'imagen', options: { prompt: 'cube' }, seed: 1 }
  const sound = { modality: 'audio', file: '../../etc/passwd.wav', sha256: 'a'.repeat(64) }
  it.each([
    [
      'an option that is too large',
      { ...record, options: { prompt: 'cube', steps: 1e9 } },
      'expected steps to be a whole number from 1 to 50',
    ],
    ['an option that there is not', { ...record, options: { prompt: 'cube', output: 'stolen.png' } }, 'found "output"'],
    ['a quality that is none', { ...record, options: { prompt: 'cube', quality: '1' } }, 'expected its quality to be from 1 to 100'],
    ['weights of its own', { ...record, checkpoint: { name: '/etc/weights', sha256: 'a'.repeat(64) } }, 'Say where they are: --checkpoint'],
    ['a path', { ...record, system: 'whisper', options: { audio: sound } }, 'it was made from "passwd.wav"'],
    ['a medium that was not kept', { ...record, system: 'whisper', options: { audio: { modality: 'audio' } } }, 'was not kept'],
    ['a system that is not built', { ...record, system: 'muse' }, 'Cannot run muse: it is not built yet'],
  ])('takes no orders from a file: %s', async (_, provenance, sentence) => {
    writeFileSync(join(folder, 'foreign.txt'), 'anything')
    writeFileSync(join(folder, 'foreign.txt.json'), JSON.stringify({ provenance }))
    const ending = provenance.system === 'whisper' ? 'txt' : 'png'
    const { code, err } = await genera(`again foreign.txt -o remade.${ending}`)
    expect([code, err]).toEqual([1, expect.stringContaining(sentence)])
  })
})

describe('genera make, over several systems', () => {
  it('goes from a sound to a picture, and gives options to the systems that have them', async () => {
    const { code, out } = await genera('make speech.wav --polite --size 3 -o heard.png --seed 2 --json')
    expect(code).toBe(0)
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.filter(({ kind }) => kind === 'plan').map(({ system }) => system)).toEqual(['whisper', 'imagen'])
    const [found] = (await genera('inspect heard.png --json')).out.split('\n')
    expect(JSON.parse(found as string).provenance).toMatchObject({ system: 'imagen', options: { prompt: 'please, 800 samples', size: 3 } })
    const refused = await genera('make speech.wav -o heard.png --checkpoint x')
    expect([refused.code, refused.err]).toEqual([2, expect.stringContaining('Name the system with --system')])
  })

  it('prints text that is not sent elsewhere, with its facts beside it in JSON', async () => {
    expect(await genera('run whisper speech.wav --quiet')).toMatchObject({ code: 0, out: '800 samples', err: '' })
    const wav = await genera('run whisper - -f txt', { input: read('speech.wav') })
    expect(wav.out).toBe('800 samples')
    const { out } = await genera('run whisper --audio speech.wav -o facts.txt --json')
    expect(JSON.parse(out.trimEnd().split('\n').at(-1) as string)).toMatchObject({ facts: { samples: 800 } })
  })
})
