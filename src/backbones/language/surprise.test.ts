import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { folderTokens, languageFolder } from '../../../tests/support/language-folder.js'
import { byteAlphabet, byteFor } from '../../tokenizers/byte-alphabet.js'
import { exportGguf, openCheckpoint } from '../../weights/index.js'
import { openLanguageModel } from './open-language-model.js'
import { surpriseMeter } from './surprise.js'

const root = await mkdtemp(join(tmpdir(), 'genera-surprise-'))
afterAll(() => rm(root, { recursive: true }))
const folder = await languageFolder(join(root, 'tiny'))

/** Nats of each token after the first, from the logits that the decoder gives for the tokens before it. */
async function surprises(text: string): Promise<number[]> {
  const model = await openLanguageModel(folder)
  const tokens = [...model.tokenizer.encode(text), folderTokens.end]
  const found: number[] = []
  for (let i = 1; i < tokens.length; i++) {
    const logits = Array.from((await model.decoder.next([tokens.slice(0, i)])).data as Float32Array)
    const most = Math.max(...logits)
    const total = most + Math.log(logits.reduce((sum, logit) => sum + Math.exp(logit - most), 0))
    found.push(total - (logits[tokens[i] as number] as number))
  }
  await model.dispose()
  return found
}

describe('surpriseMeter()', () => {
  test('counts what the decoder finds of each token, and of the end of each text', async () => {
    const texts = ['red', 'a höhle']
    const each = (await Promise.all(texts.map(surprises))).flat()
    const nats = each.reduce((sum, value) => sum + value, 0)
    await using meter = await surpriseMeter(folder)
    const { perToken, bitsPerByte, tokens } = await meter.of(texts)
    expect(tokens).toBe(each.length)
    expect(perToken).toBeCloseTo(nats / each.length, 4)
    expect(bitsPerByte).toBeCloseTo(nats / Math.LN2 / 11, 4)
  })

  test('reads a GGUF file as well, and finds what the folder of the same weights finds', async () => {
    const path = join(root, 'tiny.gguf')
    const letters = [...byteAlphabet].sort((a, b) => Number(byteFor(a)) - Number(byteFor(b)))
    const tokens = [...letters, '<|end|>', '<|turn|>', '<|pad|>']
    await exportGguf(path, await openCheckpoint(folder), {
      type: 'F16',
      config: await readFile(join(folder, 'config.json'), 'utf8'),
      metadata: {
        'tokenizer.ggml.model': 'gpt2',
        'tokenizer.ggml.tokens': tokens,
        'tokenizer.ggml.token_type': { i32: tokens.map((_, id) => (id < 256 ? 1 : 3)) },
        'tokenizer.ggml.merges': [`${letters[0]} ${letters[1]}`],
        'tokenizer.ggml.eos_token_id': folderTokens.end,
      },
    })
    await using whole = await surpriseMeter(folder)
    await using packed = await surpriseMeter(path)
    const [wanted, found] = [await whole.of(['a red cube']), await packed.of(['a red cube'])]
    expect(found.tokens).toBe(wanted.tokens)
    expect(found.perToken).toBeCloseTo(wanted.perToken, 2) // halves have eleven bits
  })

  test('measures more texts than fit one run, and texts longer than a row', async () => {
    const texts = Array.from({ length: 10 }, (_, i) => `${i}`.repeat(500))
    await using meter = await surpriseMeter(folder)
    const all = await meter.of(texts)
    const single = await Promise.all(texts.map((text) => meter.of([text])))
    expect(all.tokens).toBe(10 * 500)
    expect(all.perToken).toBeCloseTo(single.reduce((sum, { perToken }) => sum + perToken, 0) / 10, 4)
  })
})
