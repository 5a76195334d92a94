import { z } from 'zod'
import { files } from '#files'
import { GeneraError } from '../../graph/errors.js'
import type { ChatMessage } from '../../tokenizers/index.js'
import type { Session } from '../command.js'
import { nothing, readText } from './read-text.js'

const format = 'genera-dialogue'
const written = z.object({
  format: z.literal(format),
  messages: z.array(z.looseObject({ role: z.string(), content: z.unknown() })).max(100_000),
})

/** What has been said so far. */
export class Dialogue {
  #messages: readonly ChatMessage[] = []
  #system: string | undefined

  /** What a model is given, with the words that stand before everything. */
  get messages(): readonly ChatMessage[] {
    return this.#system === undefined ? this.#messages : [{ role: 'system', content: this.#system }, ...this.#messages]
  }

  get turns(): number {
    return this.#messages.filter(({ role }) => role === 'user').length
  }

  get system(): string | undefined {
    return this.#system
  }

  /** Empty words take it away. */
  set system(text: string | undefined) {
    this.#system = text?.trim() ? text : undefined
  }

  add(...messages: readonly ChatMessage[]): void {
    this.#messages = [...this.#messages, ...messages]
  }

  /** Begins anew; what the model was told before everything stays. */
  reset(): void {
    this.#messages = []
  }

  /** Takes back a question that got no answer. */
  takeBack(): void {
    if (this.#messages.at(-1)?.role === 'user') this.#messages = this.#messages.slice(0, -1)
  }

  async save(path: string, session: Session): Promise<void> {
    const text = `${JSON.stringify({ format, messages: this.messages }, undefined, 2)}\n`
    await session.protect(files.write([{ location: path, chunks: [new TextEncoder().encode(text)] }]))
  }

  /** @throws GeneraError for a file that holds no dialogue; then the one that is here stays */
  async load(path: string): Promise<void> {
    const text = await readText(path, nothing())
    const fault = (found: string) =>
      new GeneraError('InvalidDialogueFile', `Cannot load ${path}: expected a dialogue that /save has written, found ${found}`)
    let told: unknown
    try {
      told = JSON.parse(text)
    } catch {
      throw fault('no JSON')
    }
    const { data, error } = written.safeParse(told)
    if (!data) throw fault(`a fault at "${error.issues[0]?.path.join('.')}": ${error.issues[0]?.message}`)
    const [first, ...rest] = data.messages
    const system = first?.role === 'system' && typeof first.content === 'string' ? first.content : undefined
    this.#messages = system === undefined ? data.messages : rest
    this.#system = system
  }
}
