import { mkdir, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from 'vitest'
import { languageFolder } from '../../../tests/support/language-folder.js'
import { completeText, type TextResult } from '../../generative/language/index.js'
import { openCheckpoint } from '../../weights/index.js'
import { type FineTuning, type FineTuningEvent, fineTune } from './fine-tune.js'
import { openLanguageModel } from './open-language-model.js'

const root = await mkdtemp(join(tmpdir(), 'genera-tune-'))
afterAll(() => rm(root, { recursive: true, force: true }))

const questions = ['one', 'two'] as const

/** Dialogues of one question and its answer. */
const lessons = (...answers: readonly string[]): Uint8Array =>
  new TextEncoder().encode(
    questions
      .map((content, i) => ({
        messages: [
          { role: 'user', content },
          { role: 'assistant', content: answers[i] },
        ],
      }))
      .map((lesson) => JSON.stringify(lesson))
      .join('\n'),
  )
const spanish = lessons('uno', 'dos')

let folders = 0
async function tuned(options: Omit<FineTuning, 'output' | 'data'> & Partial<FineTuning>) {
  const output = join(root, `out-${folders++}`)
  const adapterOutput = join(output, 'adapter')
  await mkdir(adapterOutput, { recursive: true })
  const events: FineTuningEvent[] = []
  for await (const event of fineTune({ data: spanish, output, adapterOutput, ...options })) events.push(event)
  return { output, events, losses: events.flatMap((event) => (event.kind === 'step' ? [event.loss] : [])) }
}

async function answers(folder: string): Promise<(string | TextResult)[]> {
  const model = await openLanguageModel(folder)
  const found: (string | TextResult)[] = []
  for (const content of questions) {
    const prompt = model.tokenizer.chat?.render([{ role: 'user', content }]) as string
    found.push(await completeText(model, prompt, { maxTokens: 8, temperature: 0 }))
  }
  await model.dispose()
  return found
}

describe('fineTune()', () => {
  test('teaches the answers of dialogues, and leaves a model that can be opened', { timeout: 120_000 }, async () => {
    const model = await languageFolder(join(root, 'llama'))
    const { output, events, losses } = await tuned({ model, steps: 80, batch: 1, width: 96, learningRate: 0.01 })
    // Of each answer three letters and the token that ends it are learnt.
    expect(events[0]).toMatchObject({ kind: 'data', texts: 2, learnt: 8, rows: 1 })
    expect(losses.at(-1)).toBeLessThan(0.1)
    expect(await answers(output)).toEqual(['uno', 'dos'])
  })

  test.each(['llama', 'gpt2'])(
    'trains an adapter of %s: merged into the weights, it says what it has learnt',
    { timeout: 120_000 },
    async (kind) => {
      const gpt2 = { model_type: 'gpt2', n_embd: 32, n_layer: 2, n_head: 4, n_positions: 128, tie_word_embeddings: true }
      const chance = await languageFolder(join(root, `${kind}-base`), kind === 'gpt2' ? { config: gpt2 } : {})
      const shared = { batch: 1, width: 96, learningRate: 0.01 }
      const { output: model } = await tuned({ ...shared, model: chance, steps: 80 })
      const { output, losses } = await tuned({ ...shared, model, data: lessons('dos', 'uno'), rank: 16, steps: 120 })
      expect(losses.at(-1)).toBeLessThan((losses[0] as number) / 10)
      expect([await answers(model), await answers(output)]).toEqual([
        ['uno', 'dos'],
        ['dos', 'uno'],
      ])

      const [base, whole, adapter] = await Promise.all([
        openCheckpoint(join(model, 'model.safetensors')),
        openCheckpoint(join(output, 'model.safetensors')),
        openCheckpoint(join(output, 'adapter', 'adapter_model.safetensors')),
      ])
      expect(new Set(whole.names)).toEqual(new Set(base.names))
      const words = kind === 'gpt2' ? 'wte.weight' : 'model.embed_tokens.weight'
      expect((await whole.read(words)).data).toEqual((await base.read(words)).data)
      const matrix = kind === 'gpt2' ? 'transformer.h.0.attn.c_attn' : 'model.layers.0.self_attn.q_proj'
      expect(adapter.info(`base_model.model.${matrix}.lora_A.weight`).shape).toEqual([16, 32])
      const told = JSON.parse(await readFile(join(output, 'adapter', 'adapter_config.json'), 'utf8'))
      expect(told).toMatchObject({ peft_type: 'LORA', r: 16, lora_alpha: 32, fan_in_fan_out: kind === 'gpt2' })
    },
  )

  test('goes on from its run, and takes texts as well', { timeout: 60_000 }, async () => {
    const model = await languageFolder(join(root, 'texts'))
    const data = new TextEncoder().encode('{"text": "a b a b a b"}\n{"text": "b a b a"}\n')
    const output = join(root, 'again')
    await mkdir(output)
    const run = async (steps: number): Promise<FineTuningEvent[]> => {
      const events: FineTuningEvent[] = []
      for await (const event of fineTune({ model, data, output, fresh: true, steps, batch: 1, width: 32 })) events.push(event)
      return events
    }
    expect((await run(2))[0]).toMatchObject({ kind: 'data', texts: 2, learnt: 18 })
    expect(await run(4)).toContainEqual(expect.objectContaining({ kind: 'start', step: 2, resumed: true }))
  })

  test('says what is wrong with data and options', async () => {
    const model = await languageFolder(join(root, 'faults'))
    const bytes = (text: string): Uint8Array => new TextEncoder().encode(text)
    await expect(tuned({ model, data: bytes('{"text": "a b"}\n{"prompt": "x"}\n') })).rejects.toThrow(/line 2: expected {"text"/)
    await expect(tuned({ model, width: 1000 })).rejects.toThrow(/rows of 1000 tokens: the model's context has 512/)
    await expect(tuned({ model, fresh: true, rank: 4 })).rejects.toThrow(/adapter from chance/)
    const mute = await languageFolder(join(root, 'mute'), { chat: null })
    await expect(tuned({ model: mute })).rejects.toThrow(/no chat template/)
  })
})
