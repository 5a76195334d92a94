import { z } from 'zod'
import { cards, count, defineSystem, image, seed, text } from '../../src/contract/index.js'
import type { Runtime } from '../../src/graph/index.js'
import { blankImage, type Image } from '../../src/media/image.js'

/** What a test can watch and change. */
export interface Watched {
  loads: number
  disposals: number
  /** Thrown by the next load. */
  failure?: Error | undefined
  /** Awaited by every load. */
  gate?: Promise<void> | undefined
}

/** A runtime that runs nothing, for systems that compute nothing. */
export const idleRuntime = (): Runtime => {
  const refuse = async () => {
    throw new Error('This runtime runs nothing')
  }
  return { name: 'idle', device: 'cpu', load: refuse, upload: refuse, dispose: async () => {} }
}

/** A system without weights: pictures of one colour that follows from the prompt, the steps and the seed. */
export function tinySystem(watched: Watched = { loads: 0, disposals: 0 }) {
  return defineSystem({
    card: cards.imagen,
    input: z
      .object({
        prompt: text().min(1).max(100).describe('What is to be seen'),
        size: z.int().min(1).max(8).default(2).describe('Width and height in pixels'),
        guidanceScale: z.number().gt(0).max(30).default(7.5).describe('How closely the words are followed'),
        scheduler: z.enum(['ddim', 'euler']).default('ddim').describe('Way of going through the noise'),
        bright: z.boolean().default(false).describe('Adds light'),
        steps: z.int().min(1).max(50).default(3).describe('Rounds of work'),
        count: count(4),
        seed: seed(),
      })
      .refine(({ size, steps }) => size <= steps + 7, { path: ['size'], error: 'at most seven more than steps' }),
    output: image(),
    checkpoints: {},
    plan: ({ steps }, seeds) => [{ stage: 'paint', total: steps * seeds.length }],
    load: async () => {
      watched.loads++
      await watched.gate
      if (watched.failure) throw watched.failure
      const generate = async function* (input: Asked, { seeds, signal }: { seeds: readonly number[]; signal: AbortSignal }) {
        const total = input.steps * seeds.length
        const values = seeds.map((seed) => paint(input, seed))
        for (let done = 1; done <= total; done++) {
          signal.throwIfAborted()
          yield { kind: 'progress', stage: 'paint', done, total } as const
        }
        yield { kind: 'preview', index: 0, value: values[0] as Image } as const
        yield { kind: 'result', results: values.map((value) => ({ value })) } as const
      }
      return Object.assign(generate, { dispose: () => void watched.disposals++ })
    },
    train: [{ name: 'colours', summary: 'Learns nothing', run: async function* () {} }],
    evaluate: async function* ({ make, limit = 2 }) {
      for (let done = 1; done <= limit; done++) {
        await make({ prompt: 'red', seed: done })
        yield { kind: 'progress', stage: 'cases', done, total: limit }
      }
      yield {
        kind: 'report',
        figures: [
          { name: 'cases', value: limit },
          { name: 'right', value: 0.5, threshold: 0.9 },
          { name: 'error', value: 0.5, unit: 'px', threshold: 1, better: 'lower' },
        ],
      }
    },
    parameters: () => ({ painter: new Map([['weight', { shape: [3, 2], dtype: 'float32' }]]) }),
  })
}

interface Asked {
  readonly prompt: string
  readonly size: number
  readonly guidanceScale: number
  readonly steps: number
  readonly bright: boolean
}

function paint({ prompt, size, guidanceScale, steps, bright }: Asked, seed: number): Image {
  const letters = Array.from(prompt, (letter) => letter.codePointAt(0) ?? 0)
  const mixed = letters.reduce((sum, letter) => sum * 31 + letter, seed * 7 + steps + guidanceScale * 10) & 0xffffff
  const light = bright ? 128 : 0
  return blankImage(size, size, [(mixed >> 16) | light, ((mixed >> 8) & 255) | light, (mixed & 255) | light])
}
