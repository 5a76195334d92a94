import { cards, defineSystem, text } from '../../../contract/index.js'
import { input } from './input.js'
import { stages } from './stages.js'

/**
 * A dialogue model of published weights: any that `openLanguageModel` opens. What the paper adds to one, rewards and preference learning, is not here.
 *
 *     const [{ value }] = await chatgpt.make({ prompt: 'Why is the sky blue?' }, { checkpoint: 'HuggingFaceTB/SmolLM2-135M-Instruct' })
 */
export const chatgpt = defineSystem({
  card: cards.chatgpt,
  input,
  output: text(),
  checkpoints: { embedded: 'textbase', hub: ['HuggingFaceTB/SmolLM2-135M-Instruct', 'Qwen/Qwen2.5-0.5B-Instruct'] },
  plan: ({ maxTokens }, seeds) => [{ stage: 'answer', total: maxTokens * seeds.length }],
  // Late, because faces that only list systems import this file.
  async load(checkpoint, runtime) {
    const { answering } = await import('./answering.js')
    return answering(checkpoint.location, runtime)
  },
  train: stages,
  async *evaluate(context) {
    const { evaluateLanguage } = await import('./evaluate.js')
    yield* evaluateLanguage(context)
  },
})
