import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { folderTokens, languageFolder } from '../../../../tests/support/language-folder.js'
import { testSystem } from '../../../../tests/support/test-system.js'
import { chatgpt } from './system.js'

const root = await mkdtemp(join(tmpdir(), 'genera-chatgpt-'))
afterAll(() => rm(root, { recursive: true, force: true }))
const checkpoint = await languageFolder(join(root, 'tiny'))
const base = await languageFolder(join(root, 'base'), { chat: null })

testSystem(chatgpt, { tiny: { prompt: 'Why?', maxTokens: 6 }, options: { checkpoint } })

describe('chatgpt', () => {
  test('knows the text world with the weights that come with genera', async () => {
    const instructions = 'Scene: snow, day, photo\n1 large red matte cube\n2 small blue metal sphere'
    const [{ value, facts }] = await chatgpt.make({ prompt: 'What shape is the red thing?', instructions, temperature: 0 })
    expect([value, facts?.ending]).toEqual(['cube', 'end'])
  })

  test('shows its answer as it comes, in texts that grow', async () => {
    const shown: string[] = []
    let value = ''
    for await (const event of chatgpt.generate({ prompt: 'Why?', maxTokens: 12, seed: 1 }, { checkpoint })) {
      if (event.kind === 'preview') shown.push(event.value)
      if (event.kind === 'result') value = event.results[0].value
    }
    expect(shown.length).toBeGreaterThan(1)
    for (const [i, text] of shown.entries()) expect(text.startsWith(shown[i - 1] ?? '')).toBe(true)
    expect(value).toBe(shown.at(-1))
  })

  test('listens to its instructions', async () => {
    const answer = async (instructions: string) =>
      (await chatgpt.make({ prompt: 'Why?', instructions, temperature: 0, maxTokens: 16 }, { checkpoint }))[0].value
    expect(await answer('Be brief.')).not.toBe(await answer('Sing.'))
  })

  test('continues a text only if asked to, with a model that was not tuned for dialogues', async () => {
    await expect(chatgpt.make({ prompt: 'Once' }, { checkpoint: base })).rejects.toThrow('the tokenizer has no chat template')
    const [{ facts }] = await chatgpt.make({ prompt: 'Once', template: false, maxTokens: 3, seed: 1 }, { checkpoint: base })
    expect(facts).toMatchObject({ tokens: 3, ending: 'length' })
  })

  test('answers with an encoder-decoder, which needs no dialogue', async () => {
    const t5 = { model_type: 't5', d_model: 32, d_kv: 8, d_ff: 48, num_layers: 1, num_heads: 4, decoder_start_token_id: folderTokens.pad }
    const folder = await languageFolder(join(root, 't5'), { config: t5, chat: null })
    const [{ value }] = await chatgpt.make({ prompt: 'Once', maxTokens: 8, seed: 1 }, { checkpoint: folder })
    expect(value.length).toBeGreaterThan(0)
  })
})
