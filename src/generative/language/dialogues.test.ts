import { describe, expect, test } from 'vitest'
import { dialogueText } from './dialogues.js'

/** Characters as tokens; turns between marks. */
const encode = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0))
const spoken = (messages: readonly { role: string; content?: unknown }[]): string =>
  messages.map(({ role, content }) => `<${role[0]}>${content}|`).join('')
const chat = {
  render: (messages: readonly { role: string; content?: unknown }[], { addGenerationPrompt = true } = {}): string =>
    `^${spoken(messages)}${addGenerationPrompt ? '<a>' : ''}`,
}
const messages = [
  { role: 'user', content: 'hi' },
  { role: 'assistant', content: 'ho' },
  { role: 'user', content: 'and' },
  { role: 'assistant', content: 'so' },
]

describe('dialogueText()', () => {
  test('learns the answers with the tokens that end them, and reads the rest', () => {
    const { tokens, learnt } = dialogueText(messages, { encode, chat })
    expect(String.fromCharCode(...tokens)).toBe('^<u>hi|<a>ho|<u>and|<a>so|')
    expect(String.fromCharCode(...tokens.filter((_, i) => learnt?.[i]))).toBe('ho|so|')
  })

  test('refuses what says nothing of the tokens that the model is to write', () => {
    expect(() => dialogueText(messages, { encode, chat: undefined })).toThrow(/no chat template/)
    const forgetful = {
      render: (all: typeof messages, { addGenerationPrompt = true } = {}): string =>
        `${spoken(all.slice(-2))}${addGenerationPrompt ? '<a>' : ''}`,
    }
    expect(() => dialogueText(messages, { encode, chat: forgetful as never })).toThrow(/4 turns: its template writes turn 2 differently/)
  })
})
