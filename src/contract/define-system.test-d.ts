import { expectTypeOf } from 'vitest'
import { z } from 'zod'
import type { Audio } from '../media/audio.js'
import type { Image } from '../media/image.js'
import { audio, cards, defineSystem, image, type Result, type System, seed, text, video } from './index.js'

const system = defineSystem({
  card: cards['stable-diffusion'],
  input: z.object({
    prompt: text().min(1),
    image: image().optional(),
    steps: z.int().min(1).default(25),
    scheduler: z.enum(['ddim', 'euler']).default('ddim'),
    seed: seed(),
  }),
  output: image(),
  checkpoints: { embedded: 'stable-diffusion-diorama' },
  plan: ({ steps }) => [{ stage: 'denoise', total: steps }],
  load: async (checkpoint) => {
    const weights = await checkpoint.open('unet')
    return async function* (input, { seeds, signal }) {
      expectTypeOf(input.steps).toEqualTypeOf<number>()
      expectTypeOf(input.image).toEqualTypeOf<Image | undefined>()
      expectTypeOf(input.scheduler).toEqualTypeOf<'ddim' | 'euler'>()
      expectTypeOf(signal).toEqualTypeOf<AbortSignal>()
      yield { kind: 'progress', stage: 'denoise', done: weights.names.length, total: input.steps }
      yield { kind: 'preview', index: 0, value: input.image as Image }
      yield { kind: 'result', results: seeds.map(() => ({ value: input.image as Image })) }
    }
  },
  evaluate: async function* ({ make }) {
    const [{ value }] = await make({ prompt: 'a red cube' })
    expectTypeOf(value).toEqualTypeOf<Image>()
    yield { kind: 'report', figures: [{ name: 'single', value: 1, threshold: 0.9 }] }
  },
})

const [first] = await system.make({ prompt: 'a red cube', seed: [1, 2] })
expectTypeOf(first).toEqualTypeOf<Result<Image>>()
for await (const event of system.generate({ prompt: 'a red cube' }))
  if (event.kind === 'preview') expectTypeOf(event.value).toEqualTypeOf<Image>()

// @ts-expect-error a misspelt option
await system.make({ prompt: 'a red cube', step: 3 })
// @ts-expect-error a value of another kind
await system.make({ prompt: 'a red cube', scheduler: 'eular' })
// @ts-expect-error what is required
await system.make({})

// Faces hold systems of any kind.
expectTypeOf(system).toExtend<System>()

const pair = defineSystem({
  card: cards.soundify,
  input: z.object({ video: video() }),
  output: z.object({ audio: audio(), video: video() }),
  checkpoints: {},
  plan: () => [],
  load: async () => async function* () {},
})
const [{ value }] = await pair.make({ video: { frameRate: 24, frames: [] } })
expectTypeOf(value.audio).toEqualTypeOf<Audio>()
