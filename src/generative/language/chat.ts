import type { ChatMessage, ChatTemplate } from '../../tokenizers/index.js'
import { generateText, type LanguageModel, type TextCodec, type TextOptions } from './generate-text.js'
import type { Ending } from './generate-tokens.js'
import { LanguageError } from './language-error.js'
import type { Row } from './reuse.js'
import { CallReader, type ToolCall, type UnreadCall } from './tool-calls.js'
import { checkedTools, type Tool, toolResult } from './tools.js'

/** A model with a tokenizer that knows how dialogues are written. */
export interface ChatModel extends LanguageModel {
  readonly tokenizer: TextCodec & {
    encode(text: string, options?: { readonly special?: boolean }): Row
    readonly chat?: ChatTemplate | undefined
  }
}

export interface ChatStreamOptions extends Omit<TextOptions, 'samples' | 'beams' | 'lengthPenalty' | 'earlyStopping' | 'logProbabilities'> {
  /** Functions that the model may call. One with `call` is called, and the model goes on with what it gave. */
  readonly tools?: readonly Tool[] | undefined
  /** After so many answers that only call functions, the dialogue goes back to the caller. Default 8. */
  readonly rounds?: number | undefined
  /** Further variables of the template, such as `enable_thinking`. */
  readonly variables?: Readonly<Record<string, unknown>> | undefined
}

export type ChatEvent =
  /** What has become certain; never half a character. */
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'call'; readonly call: ToolCall | UnreadCall }
  /** What a function gave, as the model is told. */
  | { readonly kind: 'given'; readonly name: string; readonly content: string }
  | ChatResult

/** Comes last. */
export interface ChatResult {
  readonly kind: 'result'
  /** The last answer's text. */
  readonly text: string
  /** What to append to the dialogue: the answer and, before it, calls and what they gave. */
  readonly messages: readonly ChatMessage[]
  /** Why it ended; `calls` where the caller is to call a function and answer with a message of the role `tool`. */
  readonly ending: Ending | 'calls'
  /** How many tokens the model has made, and how many it was given last. */
  readonly tokens: number
  readonly promptTokens: number
}

export interface Chat {
  /**
   * Answers a dialogue, and says what comes as it comes. The caches keep what dialogues have in common, so each turn costs its own tokens only.
   * Leaving the loop, or the signal, ends it between two tokens.
   *
   * @throws LanguageError for a dialogue longer than the context, and for tools that the template does not know
   * @throws TokenizerError for a dialogue that the template refuses
   */
  stream(messages: readonly ChatMessage[], options?: ChatStreamOptions): AsyncGenerator<ChatEvent, void>
}

/**
 * Dialogues with a model.
 *
 *     const chat = chatWith(await openLanguageModel('SmolLM2-135M-Instruct'))
 *     for await (const event of chat.stream([{ role: 'user', content: 'Hi' }], { signal })) if (event.kind === 'text') print(event.text)
 *
 * @throws LanguageError for a model whose tokenizer has no chat template
 */
export function chatWith(model: ChatModel): Chat {
  const template = model.tokenizer.chat
  if (!template)
    throw new LanguageError(
      'NoDialogue',
      'Cannot hold a dialogue: the tokenizer has no chat template, so the model was made to continue texts',
      'Take a model that was tuned for dialogues (its name often ends in -Instruct or -it), or continue texts with generateText()',
    )
  return {
    async *stream(messages, { tools, rounds = 8, variables, ...options } = {}) {
      if (!Number.isInteger(rounds) || rounds < 1 || rounds > 1000)
        throw new LanguageError('InvalidOption', `Cannot answer in rounds ${String(rounds)}: expected a whole number from 1 to 1000`)
      const known = checkedTools(tools, template.calls)
      if (known.size > 0 && options.schema !== undefined)
        throw new LanguageError('InvalidOption', 'Cannot keep to a schema and call functions: a call is no answer')
      const said: ChatMessage[] = []
      let total = 0
      for (let round = 1; ; round++) {
        const text = template.render([...messages, ...said], {
          variables,
          ...(known.size > 0 && { tools: [...known.values()].map(described) }),
        })
        const prompt = model.tokenizer.encode(text, { special: false })
        const reader = new CallReader(known.size > 0 ? template.calls : undefined)
        const calls: (ToolCall | UnreadCall)[] = []
        let [answer, ending]: [string, Ending] = ['', 'end']
        const events = function* ({ text: read, calls: fresh }: ReturnType<CallReader['end']>): Generator<ChatEvent> {
          // The space between "Assistant:" and an answer belongs to its first token, and templates write it themselves.
          const text = answer === '' ? read.replace(/^ /, '') : read
          answer += text
          if (text !== '') yield { kind: 'text', text }
          for (const call of fresh) yield { kind: 'call', call }
          calls.push(...fresh)
        }
        for await (const event of generateText(model, [prompt], options)) {
          if (event.kind === 'text') yield* events(reader.push(event.text))
          if (event.kind !== 'result') continue
          ending = event.ending
          total += event.tokens
        }
        yield* events(reader.end())
        const place = messages.length + said.length
        said.push(assistant(answer, calls, place))
        const done = calls.length === 0
        const result = { kind: 'result', text: answer, messages: said, tokens: total, promptTokens: prompt.length } as const
        const own = calls.every((call) => !('name' in call) || known.get(call.name)?.call || !known.has(call.name))
        if (done || !own || round >= rounds) {
          yield { ...result, ending: done ? ending : 'calls' }
          return
        }
        for (const [i, call] of calls.entries()) {
          const { name, content } = await toolResult(call, known, options.signal)
          said.push({ role: 'tool', name, content, tool_call_id: callId(place, i) })
          yield { kind: 'given', name, content }
        }
      }
    },
  }
}

/** A tool as templates read it. */
const described = ({ name, description = '', parameters }: Tool): object => ({
  type: 'function',
  function: { name, description, parameters },
})

/** Names a call by its answer's place in the dialogue: nine letters and digits, which is what Mistral's templates insist on. */
const callId = (place: number, index: number): string => `call${String((place * 100 + index) % 1e5).padStart(5, '0')}`

/** An answer as templates read it. A call that cannot be read stays in the text, so that the model sees what it wrote. */
function assistant(text: string, calls: readonly (ToolCall | UnreadCall)[], place: number): ChatMessage {
  const read = calls.flatMap((call, i) => ('name' in call ? [{ id: callId(place, i), type: 'function', function: call }] : []))
  const unread = calls.flatMap((call) => ('written' in call ? [call.written] : []))
  return {
    role: 'assistant',
    content: [text, ...unread].filter(Boolean).join('\n'),
    ...(read.length > 0 && { tool_calls: read }),
  }
}
