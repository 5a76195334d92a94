import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { folderTokens, languageFolder } from '../../../tests/support/language-folder.js'
import { completeText } from '../../generative/language/index.js'
import { openLanguageModel } from './open-language-model.js'

const root = await mkdtemp(join(tmpdir(), 'genera-language-'))
afterAll(() => rm(root, { recursive: true, force: true }))

describe('openLanguageModel()', () => {
  test('opens a decoder with its tokenizer, its template and what ends a text', async () => {
    const model = await openLanguageModel(await languageFolder(join(root, 'llama')))
    expect(model.endTokens).toEqual([folderTokens.end])
    expect(model.tokenizer.chat).toBeDefined()
    const [once, again] = [
      await completeText(model, 'Hi', { maxTokens: 8, seed: 3 }),
      await completeText(model, 'Hi', { maxTokens: 8, seed: 3 }),
    ]
    expect(once).toBe(again)
    await model.dispose()
  })

  test('opens an encoder-decoder alike: a text is what it answers to', async () => {
    const config = { model_type: 't5', d_model: 32, d_kv: 8, d_ff: 48, num_layers: 1, num_heads: 4, feed_forward_proj: 'gated-gelu' }
    const folder = await languageFolder(join(root, 't5'), {
      config: { ...config, decoder_start_token_id: folderTokens.pad },
      chat: null,
    })
    const model = await openLanguageModel(folder)
    expect(model.tokenizer.encode('ab')).toEqual([97, 98, folderTokens.pad])
    const options = { maxTokens: 8, temperature: 0 }
    expect(await completeText(model, 'translate', options)).not.toBe(await completeText(model, 'summarise', options))
    expect((await completeText(model, 'x'.repeat(40), { ...options, beams: 2 })).length).toBeGreaterThan(0)
    await model.dispose()
  })

  test('refuses a tokenizer with more tokens than the model reads', async () => {
    const folder = await languageFolder(join(root, 'narrow'), { config: { vocab_size: 200 } })
    await expect(openLanguageModel(folder)).rejects.toThrow('the tokenizer has tokens up to 258, the model reads 200')
  })
})
