import { LanguageError } from './language-error.js'
import type { TrainingText } from './packing.js'

interface Message {
  readonly role: string
  readonly content?: unknown
  readonly [key: string]: unknown
}

/** What turns dialogues into tokens: a tokenizer with a chat template. */
export interface DialogueCodec {
  encode(text: string, options?: { readonly special?: boolean }): number[]
  readonly chat: { render(messages: readonly Message[], options?: { readonly addGenerationPrompt?: boolean }): string } | undefined
}

/**
 * A dialogue to learn from: the model's own turns are learnt, with the tokens that end them, and everything else is only read (Ouyang et al.
 * 2022, section 3.4). Each turn is cut into tokens by itself, because that is how an answer is written: behind tokens that are there already.
 *
 * @throws LanguageError for a tokenizer without a chat template, and for a template under which earlier turns look different once later ones
 * are there: then nothing says which tokens the model is to write
 */
export function dialogueText(messages: readonly Message[], { chat, encode }: DialogueCodec): TrainingText {
  if (!chat)
    throw new LanguageError(
      'UnsupportedModel',
      'Cannot train on dialogues: the tokenizer has no chat template',
      'Give texts, or a model that was made for dialogues',
    )
  const whole = chat.render(messages, { addGenerationPrompt: false })
  const tokens: number[] = []
  const learnt: boolean[] = []
  const add = (text: string, teaches: boolean): void => {
    const found = text === '' ? [] : encode(text, { special: false })
    tokens.push(...found)
    learnt.push(...found.map(() => teaches))
  }
  let written = 0
  messages.forEach(({ role }, i) => {
    if (role !== 'assistant') return
    const asked = chat.render(messages.slice(0, i), { addGenerationPrompt: true })
    const answered = i + 1 === messages.length ? whole : chat.render(messages.slice(0, i + 1), { addGenerationPrompt: false })
    if (!answered.startsWith(asked) || !whole.startsWith(answered))
      throw new LanguageError(
        'UnsupportedModel',
        `Cannot train on a dialogue of ${messages.length} turns: its template writes turn ${i + 1} differently once others follow`,
        'Give dialogues that end with their first answer',
      )
    add(whole.slice(written, asked.length), false)
    add(whole.slice(asked.length, answered.length), true)
    written = answered.length
  })
  add(whole.slice(written), false)
  return { tokens, learnt }
}
