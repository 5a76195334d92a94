import { openLanguageModel, samplingFor } from '../../backbones/language/index.js'
import {
  type ChatEvent,
  chatWith,
  generateText,
  type JsonSchema,
  readSchema,
  type SamplingOptions,
  type TextOptions,
} from '../../generative/language/index.js'
import { GeneraError } from '../../graph/errors.js'
import { type Device, sharedRuntime } from '../../graph/index.js'
import type { ChatMessage } from '../../tokenizers/index.js'
import type { Session } from '../command.js'
import { readyCheckpoint } from '../hub/ready-checkpoint.js'
import type { MakingOptions } from '../making/make.js'
import { dim, remark, type Terminal, type TerminalOptions } from '../terminal.js'
import { UsageError } from '../usage-error.js'
import { command, commandsHelp } from './commands.js'
import { Dialogue } from './dialogue.js'
import { editedLines, type Prompt, plainLines, readMessage } from './lines.js'
import { embedded, locationOf } from './location.js'
import { nothing, readText } from './read-text.js'

export interface ChatFlags
  extends TerminalOptions,
    Pick<MakingOptions, 'checkpoint' | 'offline' | 'yes'>,
    Pick<
      TextOptions,
      | 'maxTokens'
      | 'temperature'
      | 'topK'
      | 'topP'
      | 'minP'
      | 'typicalP'
      | 'repetitionPenalty'
      | 'presencePenalty'
      | 'frequencyPenalty'
      | 'stop'
      | 'seed'
    > {
  readonly device?: Device | 'auto'
  readonly system?: string
  readonly load?: string
  readonly schema?: string
  readonly bits?: '4' | '8'
  /** False for --no-template. */
  readonly template?: boolean
}

const aboutEmbedded = `Loading ${embedded}, which knows scenes, sums and little else: describe a scene with --system, or name a model with --checkpoint …`

/** Answers a dialogue, or continues its last message as it stands. */
type Answer = (messages: readonly ChatMessage[], options: TextOptions) => AsyncIterable<ChatEvent>

export async function chat(question: readonly string[], flags: ChatFlags, terminal: Terminal, session: Session): Promise<void> {
  const { stdin } = session
  const dialogue = new Dialogue()
  if (flags.load !== undefined) await dialogue.load(flags.load)
  if (flags.system !== undefined) dialogue.system = flags.system
  // What is wrong with the question is said before a model is loaded for it.
  const piped = question.length === 0 && !stdin.isTTY ? await readText('-', stdin) : undefined
  const asked = question.length > 0 ? question.join(' ') : piped?.replace(/\r?\n$/, '')
  if (asked?.trim() === '')
    throw new UsageError('Cannot answer: expected a question, found nothing', 'echo "Why is the sky blue?" | genera chat …')
  const wanted = await optionsOf(flags)
  await readyCheckpoint(flags.checkpoint, flags, terminal, session)
  const location = await locationOf(flags.checkpoint)
  remark(terminal, flags.checkpoint === undefined ? aboutEmbedded : `Loading ${flags.checkpoint} …`)
  const bits = flags.bits === undefined ? undefined : flags.bits === '4' ? 4 : 8
  const model = await openLanguageModel(location, { runtime: sharedRuntime(flags.device), bits })
  const options: TextOptions = { ...wanted, ...samplingFor(model, samplingOf(flags)) }
  try {
    const answer: Answer = flags.template === false ? continuing(model) : (messages, options) => chatWith(model).stream(messages, options)
    if (flags.template !== false) chatWith(model) // a model without a template is refused before somebody types
    if (asked === undefined) await converse(dialogue, answer, options, terminal, session)
    else {
      dialogue.add({ role: 'user', content: asked })
      await say(answer(dialogue.messages, { ...options, signal: session.signal }), terminal)
    }
  } catch (error) {
    throw error instanceof GeneraError ? inWordsOfTheCommand(error, false) : error
  } finally {
    await model.dispose()
  }
}

/** The library's hints name its own options. */
function inWordsOfTheCommand(error: GeneraError, talking: boolean): GeneraError {
  const hints: Readonly<Record<string, string>> = {
    ContextTooLong: talking ? 'Begin anew with /reset, or say it in fewer words' : 'Shorten it',
    NoDialogue: 'Take a model that was tuned for dialogues (its name often ends in -Instruct or -it), or continue texts with --no-template',
  }
  const hint = hints[error.code]
  const sentence = error.hint === undefined ? error.message : error.message.slice(0, -`. ${error.hint}`.length)
  return hint === undefined ? error : new GeneraError(error.code, sentence, hint, { cause: error })
}

const samplingOf = (flags: ChatFlags): SamplingOptions => {
  const { temperature, topK, topP, minP, typicalP, repetitionPenalty, presencePenalty, frequencyPenalty } = flags
  return { temperature, topK, topP, minP, typicalP, repetitionPenalty, presencePenalty, frequencyPenalty }
}

async function optionsOf({ maxTokens = 1024, stop, ...flags }: ChatFlags): Promise<TextOptions> {
  const seed = flags.seed ?? crypto.getRandomValues(new Uint32Array(1))[0]
  const schema = flags.schema === undefined ? undefined : await schemaOf(flags.schema)
  return { maxTokens, stop, seed, schema }
}

async function schemaOf(path: string): Promise<JsonSchema> {
  const text = await readText(path, nothing())
  let schema: unknown
  try {
    schema = JSON.parse(text)
  } catch {
    throw new GeneraError('InvalidSchema', `Cannot read ${path}: expected a JSON schema, found no JSON`)
  }
  readSchema(schema as JsonSchema) // what is wrong with it is said before a model is loaded
  return schema as JsonSchema
}

function continuing(model: Parameters<typeof generateText>[0]): Answer {
  return async function* (messages, options) {
    const text = String(messages.at(-1)?.content ?? '')
    for await (const event of generateText(model, [text], options)) {
      if (event.kind === 'text') yield { kind: 'text', text: event.text }
      if (event.kind !== 'result') continue
      const messages = [{ role: 'assistant', content: event.text }]
      yield { kind: 'result', text: event.text, messages, ending: event.ending, tokens: event.tokens, promptTokens: 0 }
    }
  }
}

/** Shows an answer as it comes; gives what to add to the dialogue. `told` gets the text, for answers that are stopped. */
async function say(
  events: AsyncIterable<ChatEvent>,
  terminal: Terminal,
  told: { text: string } = { text: '' },
): Promise<readonly ChatMessage[]> {
  const { stdout, json } = terminal
  let messages: readonly ChatMessage[] = []
  for await (const event of events) {
    if (json) stdout.write(`${JSON.stringify(event)}\n`)
    else if (event.kind === 'text') stdout.write(stdout.isTTY ? harmless(event.text) : event.text)
    if (event.kind === 'text') told.text += event.text
    if (event.kind !== 'result') continue
    messages = event.messages
    if (json) continue
    if (!told.text.endsWith('\n')) stdout.write('\n')
    if (event.ending === 'length') remark(terminal, `(cut off after ${event.tokens} tokens: --max-tokens allows more)`)
    if (event.ending === 'context') remark(terminal, '(the context is full)')
  }
  return messages
}

/** Without what a terminal would obey. */
const harmless = (text: string): string => text.replace(/\p{Cc}/gu, (character) => (/[\n\t]/.test(character) ? character : ''))

async function converse(dialogue: Dialogue, answer: Answer, options: TextOptions, terminal: Terminal, session: Session): Promise<void> {
  let speaking: AbortController | undefined
  const stopped = (): boolean => {
    speaking?.abort(new Error('Stopped'))
    return speaking !== undefined
  }
  const prompt: Prompt = 'setRawMode' in session.stdin ? editedLines(session, stopped) : plainLines(session.stdin)
  remark(
    terminal,
    dim(terminal, `${dialogue.turns > 0 ? `Going on after ${dialogue.turns} questions. ` : ''}/help lists what can be typed.`),
  )
  try {
    for (;;) {
      session.signal.throwIfAborted()
      const typed = await readMessage(prompt, '> ')
      if (typed === undefined) return
      if (typed.trim() === '') continue
      if (typed.startsWith('/')) {
        if ((await commanded(typed, dialogue, terminal, session)) === 'end') return
        continue
      }
      dialogue.add({ role: 'user', content: typed })
      speaking = new AbortController()
      const told = { text: '' }
      const signal = AbortSignal.any([speaking.signal, session.signal])
      try {
        dialogue.add(...(await say(answer(dialogue.messages, { ...options, signal }), terminal, told)))
      } catch (error) {
        session.signal.throwIfAborted()
        if (speaking.signal.aborted) stopHere(dialogue, told.text, terminal)
        else if (error instanceof GeneraError) {
          dialogue.takeBack()
          terminal.stderr.write(`${inWordsOfTheCommand(error, true).message}\n`)
        } else throw error
      } finally {
        speaking = undefined
      }
    }
  } finally {
    prompt.close()
  }
}

/** An answer that was stopped counts as far as it went. */
function stopHere(dialogue: Dialogue, text: string, terminal: Terminal): void {
  if (text === '') dialogue.takeBack()
  else dialogue.add({ role: 'assistant', content: text })
  terminal.stdout.write('\n')
  remark(terminal, dim(terminal, '(stopped)'))
}

async function commanded(typed: string, dialogue: Dialogue, terminal: Terminal, session: Session): Promise<'end' | 'go on'> {
  try {
    const { end, remark: line } = await command(typed, dialogue, session)
    if (line !== undefined) remark(terminal, line === commandsHelp ? line : dim(terminal, line))
    return end ? 'end' : 'go on'
  } catch (error) {
    if (!(error instanceof GeneraError)) throw error
    terminal.stderr.write(`${error.message}\n`)
    return 'go on'
  }
}
