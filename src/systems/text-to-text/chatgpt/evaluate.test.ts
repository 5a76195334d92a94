import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import { languageFolder } from '../../../../tests/support/language-folder.js'
import { chatgpt } from './system.js'

const root = await mkdtemp(join(tmpdir(), 'genera-chatgpt-eval-'))
afterAll(() => rm(root, { recursive: true }))

test('a model that knows nothing foresees nothing and answers nothing', { timeout: 120_000 }, async () => {
  const checkpoint = await languageFolder(join(root, 'tiny'))
  const { figures } = await chatgpt.measure({ checkpoint, limit: 12 })
  const value = (name: string) => figures.find((figure) => figure.name === name)?.value
  // A byte a token: as many nats as a byte has values, give or take what random weights prefer.
  expect(value('seen.perplexity')).toBeGreaterThan(200)
  expect(value('heldOut.perplexity')).toBeGreaterThan(200)
  expect(value('seen.bitsPerByte')).toBeGreaterThan(7)
  const answered = figures.filter(({ name }) => name.includes('.right: '))
  expect(answered.length).toBeGreaterThan(3)
  for (const { name, value } of answered) expect(value, name).toBe(0)
  await chatgpt.dispose()
})
