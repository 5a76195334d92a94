import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import { afterAll, describe, expect, test, vi } from 'vitest'
import { languageFolder } from '../../../tests/support/language-folder.js'
import { run } from '../program.js'
import { commandLines } from '../session.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-chat-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const genera = commandLines(folder)
const tiny = await languageFolder(join(folder, 'tiny'))
const plain = await languageFolder(join(folder, 'plain'), { chat: null })
const strict = await languageFolder(join(folder, 'strict'), {
  chat: "{% for m in messages %}{% if m.role == 'system' %}{{ raise_exception('no system role') }}{% endif %}{{ m.content }}{% endfor %}",
})
const chat = `chat --checkpoint ${tiny} --max-tokens 6`

describe('genera chat', () => {
  test('answers what is piped in, and prints nothing else; the same seed gives the same answer', async () => {
    const [once, again, other] = [
      await genera(`${chat} --seed 3 -q`, { input: 'hi\n' }),
      await genera(`${chat} --seed 3 -q`, { input: 'hi\n' }),
      await genera(`${chat} --seed 4 -q`, { input: 'hi\n' }),
    ]
    expect([once.code, once.err, once.out.endsWith('\n')]).toEqual([0, '', true])
    expect([again.out === once.out, other.out === once.out]).toEqual([true, false])
  })

  test('answers the words of the command line like the same words in a pipe, and prints events with --json', async () => {
    const { out } = await genera(`${chat} --seed 3 --json hi there`)
    const events = out
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events.at(-1)).toMatchObject({ kind: 'result', ending: 'length', tokens: 6, promptTokens: expect.any(Number) })
    expect(`${events.at(-1).text}\n`).toBe((await genera(`${chat} --seed 3`, { input: 'hi there' })).out)
  })

  test('tells the model what --system says', async () => {
    const promptTokens = async (words: string) =>
      JSON.parse((await genera(`${chat} --json ${words}`)).out.trim().split('\n').at(-1) ?? '').promptTokens
    const [without, with_] = [await promptTokens('hi'), await promptTokens('hi --system Brief.')]
    expect(with_ - without).toBe('<|turn|>system: Brief.<|end|>'.length - '<|turn|><|end|>'.length + 2)
  })

  test('holds a dialogue: keeps what was said, saves it, loads it, begins anew', async () => {
    const input =
      'one\ntwo\n/save said.json\n/reset\nthree\n/save later.json\n/load said.json\n/system Brief.\n/system\n/save third.json\n/bye\nnever\n'.replace(
        /(\w+\.json)/g,
        (name) => join(folder, name),
      )
    const { code, err } = await genera(`${chat} --seed 1`, { input, terminal: true })
    const roles = (name: string) =>
      JSON.parse(readFileSync(join(folder, name), 'utf8'))
        .messages.map(({ role }: { role: string }) => role[0])
        .join('')
    expect([code, roles('said.json'), roles('later.json'), roles('third.json')]).toEqual([0, 'uaua', 'ua', 'suaua'])
    expect(err).toContain('Going on after 2 questions.')
    expect(err).toContain('Brief.')
    const loaded = await genera(`${chat} --load said.json --json -q hi`)
    const fresh = await genera(`${chat} --json -q hi`)
    const given = ({ out }: { out: string }): number => JSON.parse(out.trim().split('\n').at(-1) ?? '').promptTokens
    expect(given(loaded)).toBeGreaterThan(given(fresh) + 20)
  })

  test('stops an answer at Ctrl-C, and not itself; the second one at an empty line ends it', async () => {
    const stdin = Object.assign(new PassThrough(), { isTTY: true, setRawMode: () => undefined })
    const out = Object.assign(new PassThrough(), { isTTY: true, columns: 100 })
    let shown = ''
    out.on('data', (chunk: Buffer) => {
      shown += chunk.toString()
    })
    const until = async (wanted: RegExp): Promise<void> => {
      for (let i = 0; i < 2000 && !wanted.test(shown); i++) await new Promise((resolve) => setTimeout(resolve, 5))
      expect(shown).toMatch(wanted)
      shown = ''
    }
    const signal = new AbortController().signal
    const code = run(['chat', '--checkpoint', tiny, '--max-tokens', '450', '--seed', '2'], {
      stdin,
      stdout: out,
      stderr: out,
      signal,
      protect: (work) => work,
    })
    await until(/> /)
    stdin.write('hello\r')
    await until(/hello\r?\n.{4}/s)
    stdin.write('\x03')
    await until(/\(stopped\)/)
    stdin.write('/system Be brief.\r')
    await until(/told so from now on/)
    stdin.write('\x03')
    await until(/Ctrl-C again/)
    stdin.write('\x03')
    expect(await code).toBe(0)
  })

  test('answers with JSON that keeps to a schema', async () => {
    const schema = {
      type: 'object',
      properties: { ok: { type: 'boolean' }, n: { type: 'integer', minimum: 3, maximum: 5 } },
      required: ['ok', 'n'],
    }
    writeFileSync(join(folder, 'shape.json'), JSON.stringify(schema))
    const { out } = await genera(`chat --checkpoint ${tiny} --schema shape.json -q hi`)
    expect(JSON.parse(out)).toEqual({ ok: expect.any(Boolean), n: expect.any(Number) })
    writeFileSync(join(folder, 'dates.json'), '{"type": "string", "format": "date"}')
    const refused = await genera('chat --checkpoint ./nowhere --schema dates.json -q hi')
    expect([refused.code, refused.err]).toEqual([
      1,
      expect.stringContaining('at "#" the keyword "format" is not built for the type string'),
    ])
  })

  test('answers with weights in blocks of few bits', async () => {
    vi.stubEnv('HF_HOME', join(folder, 'home')) // packed weights are kept there
    const { code, out, err } = await genera(`${chat} --bits 8 --seed 3 -q hi`)
    vi.unstubAllEnvs()
    expect([code, err, out.length > 1]).toEqual([0, '', true])
    expect(readdirSync(join(folder, 'home', 'genera'))).toHaveLength(1)
  })

  test('continues texts with --no-template', async () => {
    const { code, out } = await genera(`chat --checkpoint ${plain} --no-template --max-tokens 3 --temperature 0 -q Once`)
    expect([code, out.length > 1]).toEqual([0, true])
  })

  test.each<[string, string, string | Uint8Array, number, string]>([
    ['no question', chat, ' \n', 2, 'Cannot answer: expected a question, found nothing'],
    ['a model without a template', `chat --checkpoint ${plain} hi`, '', 1, 'or continue texts with --no-template'],
    ['a question longer than the context', chat, 'x'.repeat(600), 1, 'it has 620 tokens, the model reads 512'],
    [
      'a pipe that is no UTF-8',
      chat,
      Uint8Array.of(0x61, 0xff),
      1,
      'Cannot read standard input: expected UTF-8, found the byte 0xff at place 1 of 2',
    ],
    ['what the template refuses', `chat --checkpoint ${strict} hi --system x`, '', 1, 'found no system role'],
    ['an option out of its range', `${chat} --top-p 2 hi`, '', 2, 'Cannot use --top-p "2": expected a number from 0 to 1'],
    ['a folder that is not there', 'chat --checkpoint ./nowhere hi', '', 1, 'Cannot load the checkpoint "./nowhere" of chat'],
  ])('says what is wrong with %s', async (_, line, input, exit, sentence) => {
    const { code, err, out } = await genera(line, { input })
    expect(err).toContain(sentence)
    expect([code, out]).toEqual([exit, ''])
  })

  test('goes on after a command that cannot be done', async () => {
    writeFileSync(join(folder, 'other.json'), '{"format": "genera-dialogue", "messages": [{"content": 3}]}')
    const input = `/nope\n/save\n/load ${join(folder, 'other.json')}\nhi\n`
    const { code, err } = await genera(chat, { input, terminal: true })
    expect(code).toBe(0)
    expect(err).toContain('Cannot do /nope: there is no such command')
    expect(err).toContain('Cannot do /save: expected a file')
    expect(err).toContain('expected a dialogue that /save has written, found a fault at "messages.0.role"')
  })
})
