import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { idleRuntime, tinySystem } from '../../tests/support/tiny-system.js'
import { audio, cards, defineSystem, text, video } from '../contract/index.js'
import { follow, partOf } from './follow.js'
import { routeFor } from './routes.js'

const sound = { sampleRate: 8000, channels: [new Float32Array(8)] }
const whisper = defineSystem({
  card: cards.whisper,
  input: z.object({ audio: audio(), language: z.string().default('en') }),
  output: text(),
  checkpoints: {},
  plan: () => [],
  load: async () =>
    async function* ({ audio, language }) {
      yield { kind: 'result', results: [{ value: `${audio.channels.length} ${language}` }] }
    },
})
const imagen = tinySystem()
const systems = { whisper: async () => whisper, imagen: async () => imagen }
const runtime = idleRuntime()
const route = routeFor(['audio'], 'png', { systems })

describe('follow()', () => {
  it('feeds each system with what the one before it made, and each option to the system that has it', async () => {
    const seen: string[] = []
    let last: unknown
    const options = { language: 'de', steps: 2, seed: 7 }
    for await (const { step, system, event } of follow(route, [{ modality: 'audio', value: sound }], { systems, runtime, options })) {
      if (event.kind === 'plan' || event.kind === 'result') seen.push(`${step} ${system.id} ${event.kind}`)
      if (event.kind === 'result') last = event.results[0]
    }
    expect(seen).toEqual(['0 whisper plan', '0 whisper result', '1 imagen plan', '1 imagen result'])
    expect(last).toEqual((await imagen.make({ prompt: '1 de', steps: 2, seed: 7 }, { runtime }))[0])
  })

  it('refuses an option that no system on the way has, before any work', async () => {
    const walk = follow(route, [{ modality: 'audio', value: sound }], { systems, runtime, options: { langage: 'de' } })
    await expect(walk.next()).rejects.toThrow(/^Cannot run whisper and imagen: .*, found "langage"\. Did you mean "language"\?$/)
  })

  it('ends with the reason of an abort on the way', async () => {
    const controller = new AbortController()
    const reason = new Error('enough')
    const walk = async () => {
      for await (const { step } of follow(route, [{ modality: 'audio', value: sound }], { systems, runtime, signal: controller.signal }))
        if (step === 0) controller.abort(reason)
    }
    await expect(walk()).rejects.toBe(reason)
  })
})

describe('partOf()', () => {
  it('takes a whole value, or the part of the modality', () => {
    expect(partOf(imagen, { value: 1 }, 'image')).toEqual({ modality: 'image', value: 1 })
    const outputs = defineSystem({
      card: cards.soundify,
      input: z.object({ video: video() }),
      output: z.object({ sound: audio(), film: video() }),
      checkpoints: {},
      plan: () => [],
      load: async () => async function* () {},
    })
    expect(partOf(outputs, { value: { sound, film: 2 } }, 'audio')).toEqual({ modality: 'audio', value: sound })
  })
})
