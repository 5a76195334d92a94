import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { languageFolder } from '../../../tests/support/language-folder.js'
import { commandLines } from '../session.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-tune-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const genera = commandLines(folder)
const tiny = await languageFolder(join(folder, 'tiny'))
const [data, mine] = [join(folder, 'lessons.jsonl'), join(folder, 'mine')]
writeFileSync(data, '{"messages": [{"role": "user", "content": "one"}, {"role": "assistant", "content": "uno"}]}\n')

describe('genera tune', () => {
  test('teaches a dialogue, and leaves what genera chat opens', { timeout: 60_000 }, async () => {
    const { code, err } = await genera(`tune ${tiny} ${data} -o ${mine} --steps 60 --batch 1 --width 64 --rate 1e-2`)
    expect([code, err]).toEqual([0, expect.stringContaining('1 texts, 27 tokens, 4 of them learnt, in 1 rows')])
    const { out } = await genera(`chat --checkpoint ${mine} --temperature 0 -q`, { input: 'one' })
    expect(out).toBe('uno\n')
  })

  test('refuses data that say nothing, with the line', async () => {
    writeFileSync(join(folder, 'wrong.jsonl'), '\n{"question": "one"}\n')
    const { code, err } = await genera(`tune ${tiny} ${join(folder, 'wrong.jsonl')} -o ${mine}-2`)
    expect([code, err]).toEqual([1, expect.stringContaining('wrong.jsonl, line 2: expected {"text"')])
    expect((await genera(`tune ${tiny} ${data}`)).code).toBe(2)
  })
})
