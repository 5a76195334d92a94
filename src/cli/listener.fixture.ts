import { z } from 'zod'
import { audio, cards, defineSystem, text } from '../contract/index.js'

/** A system that makes text of a sound: how long it is. */
export const listener = defineSystem({
  card: cards.whisper,
  input: z.object({ audio: audio().describe('What is said'), polite: z.boolean().default(false).describe('Says please') }),
  output: text(),
  checkpoints: {},
  plan: () => [{ stage: 'listen', total: 1 }],
  load: async () =>
    async function* ({ audio, polite }) {
      yield { kind: 'progress', stage: 'listen', done: 1, total: 1 }
      const samples = audio.channels[0]?.length ?? 0
      yield { kind: 'result', results: [{ value: `${polite ? 'please, ' : ''}${samples} samples`, facts: { samples } }] }
    },
})
