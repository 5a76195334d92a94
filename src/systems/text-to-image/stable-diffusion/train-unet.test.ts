import { expect, test } from 'vitest'
import { clipSizes } from '../../../backbones/index.js'
import { noiseSchedule } from '../../../generative/index.js'
import type { NDArray } from '../../../graph/index.js'
import type { Parameters } from '../../../nn/index.js'
import { openTokenizer } from '../../../tokenizers/index.js'
import { stableDiffusionSizes } from './sizes.js'
import { trainUnet } from './train-unet.js'

const tokenizer = await openTokenizer()
const { projection: _, ...text } = { ...clipSizes.diorama.text, width: 16, layers: 1, heads: 2, hidden: 32 }
const size = {
  text: { ...text, vocabulary: tokenizer.vocabulary, context: tokenizer.context, end: tokenizer.end },
  unet: {
    ...stableDiffusionSizes['stable-diffusion-diorama'].unet,
    inChannels: 2,
    outChannels: 2,
    widths: [16, 16],
    heads: [2, 2],
    groups: 4,
    context: 16,
  },
  autoencoder: { latentChannels: 2, widths: [16], blocks: 1, groups: 4, scaling: 1 },
  native: 8,
}
const words = ['a red cube', 'a blue sphere']
const captions = { count: 2, caption: (index: number) => words[index] as string }
/** One picture is all 1, the other all -1, and the noise hides nearly everything: only the words tell which one is meant. */
const latents = Float32Array.from({ length: 2 * 2 * 16 }, (_, i) => (i < 32 ? 1 : -1))
const options = {
  captions,
  latents,
  tokenizer,
  size,
  prediction: 'v_prediction' as const,
  schedule: noiseSchedule({ betas: 'linear', betaStart: 0.9, betaEnd: 0.99, trainSteps: 10 }),
  batch: 16,
}

test('trainUnet() learns what the words mean: without them the loss stays higher', { timeout: 120_000 }, async () => {
  const lossOf = async (given: typeof options): Promise<number> => {
    const losses: number[] = []
    for await (const event of trainUnet({ ...given, steps: 120, learningRate: 5e-3 })) if (event.kind === 'step') losses.push(event.loss)
    return losses.slice(-40).reduce((a, b) => a + b, 0) / 40
  }
  const told = await lossOf(options)
  const untold = await lossOf({ ...options, captions: { count: 2, caption: () => 'a thing' } })
  expect(told).toBeLessThan(0.3 * untold)
})

test('trainUnet() starts from what it is given', async () => {
  let first = 0
  const run = trainUnet({ ...options, steps: 1, learningRate: 0 })
  for await (const event of run)
    if (event.kind === 'done') {
      const names = Object.keys(event.parameters)
      expect(names.some((name) => name.startsWith('text_encoder.text_model.'))).toBe(true)
      expect(names.some((name) => name.startsWith('unet.conv_in.'))).toBe(true)
      const changed = Object.fromEntries(Object.entries(event.parameters).map(([name, value]) => [name, value.copy()]))
      ;(changed['unet.conv_out.bias'] as NDArray<'float32'>).data.fill(0.5)
      for await (const again of trainUnet({ ...options, steps: 1, learningRate: 0, initial: changed }))
        if (again.kind === 'done') first = Number(again.parameters['unet.conv_out.bias']?.at(0))
    }
  expect(first).toBeCloseTo(0.5)
})

test('trainUnet() has words left out of some captions, and goes on from a U-Net at a gentler rate', async () => {
  const asked: boolean[] = []
  const caption = (index: number, _: unknown, { vague } = { vague: false }): string => {
    asked.push(vague)
    return words[index] as string
  }
  const rates: number[] = []
  const run = async (initial: Parameters) => {
    for await (const event of trainUnet({ ...options, captions: { count: 2, caption }, steps: 8, initial })) {
      if (event.kind === 'step' && event.step === 1) rates.push(event.learningRate)
      if (event.kind === 'done') return event.parameters
    }
    throw new Error('no end')
  }
  await run(await run({}))
  const share = asked.filter(Boolean).length / asked.length
  expect(share).toBeGreaterThan(0.4)
  expect(share).toBeLessThan(0.7)
  expect(rates[1]).toBeLessThan((rates[0] as number) / 2)
})
