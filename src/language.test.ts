import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { languageFolder } from '../tests/support/language-folder.js'
import { chatWith, openLanguageModel } from './language.js'

const root = await mkdtemp(join(tmpdir(), 'genera-entry-'))
afterAll(() => rm(root, { recursive: true, force: true }))

test('genera/language opens a folder and holds a dialogue of several turns with it', async () => {
  const model = await openLanguageModel(await languageFolder(join(root, 'tiny')))
  const chat = chatWith(model)
  const messages = [{ role: 'user', content: 'Hi' } as const]
  const turn = async (dialogue: Parameters<typeof chat.stream>[0]) => {
    let result: unknown
    for await (const event of chat.stream(dialogue, { maxTokens: 6, seed: 1 })) if (event.kind === 'result') result = event
    return result as { readonly messages: typeof dialogue; readonly promptTokens: number; readonly tokens: number }
  }
  const first = await turn(messages)
  const second = await turn([...messages, ...first.messages, { role: 'user', content: 'Again' }])
  expect([first.tokens, second.tokens]).toEqual([6, 6])
  expect(second.promptTokens).toBeGreaterThan(first.promptTokens + first.tokens)
  await model.dispose()
})

test('genera/language is an entry of the package', async () => {
  const { exports } = JSON.parse(await readFile(new URL('../package.json', import.meta.url), 'utf8'))
  expect(exports['./language']).toEqual({
    'genera-source': './src/language.ts',
    types: './dist/language.d.ts',
    default: './dist/language.js',
  })
})
