import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { documentText } from './base.js'
import { stages } from './stages.js'
import { chatgpt } from './system.js'

const folder = await mkdtemp(join(tmpdir(), 'genera-chatgpt-train-'))
afterAll(() => rm(folder, { recursive: true }))

test("the stages make a model of a user's own texts, in a folder that opens", { timeout: 120_000 }, async () => {
  const data = join(folder, 'texts.jsonl')
  const dialogue = {
    messages: [
      { role: 'user', content: 'Who is there?' },
      { role: 'assistant', content: 'Nobody at all.' },
    ],
  }
  await writeFile(data, [{ text: 'Nobody is at home at all.' }, dialogue].map((each) => JSON.stringify(each)).join('\n'))
  const [output, further] = [join(folder, 'model'), join(folder, 'further')]
  await Promise.all([mkdir(output), mkdir(further)])
  for (const stage of stages) {
    const kinds = new Set<string>()
    for await (const event of stage.run({ data, output, steps: 1 })) kinds.add(event.kind)
    expect(kinds, stage.name).toContain('done')
  }
  const config = JSON.parse(await readFile(join(output, 'config.json'), 'utf8'))
  // The bytes, the pairs of these few words, and the token that ends a text, which is the last.
  expect(config.vocab_size).toBeGreaterThan(257)
  expect(config.eos_token_id).toBe(config.vocab_size - 1)
  const [{ facts }] = await chatgpt.make({ prompt: 'Who is there?', maxTokens: 4, temperature: 0 }, { checkpoint: output })
  expect(facts?.tokens).toBeGreaterThan(0)

  for (const stage of stages) for await (const _ of stage.run({ data, output: further, from: output, steps: 1 }));
  expect(JSON.parse(await readFile(join(further, 'config.json'), 'utf8'))).toEqual(config)
  await chatgpt.dispose()
})

test('the decoder is not trained before there is a tokenizer, and nothing is written', async () => {
  const output = join(folder, 'empty')
  await mkdir(output)
  await expect(
    stages
      .find(({ name }) => name === 'base')
      ?.run({ output })
      [Symbol.asyncIterator]()
      .next(),
  ).rejects.toThrow(
    `Cannot train the decoder: expected a tokenizer.json in ${output}, found none. Let the stage before make one: genera train chatgpt tokenizer -o`,
  )
  expect(await readdir(output)).toEqual([])
})

test('documentText() ends every answer of a dialogue, and leaves other documents as they are', () => {
  const text = 'Scene: snow, day, photo\nUser: Where is this?\nAssistant: snow\nUser: And when?\nAssistant: day'
  expect(documentText({ kind: 'dialogue', text })).toBe(
    'Scene: snow, day, photo\nUser: Where is this?\nAssistant: snow<|end|>\nUser: And when?\nAssistant: day<|end|>',
  )
  expect(documentText({ kind: 'questions', text })).toBe(text)
})
