import type { Json, Provenance } from './provenance.js'

/**
 * The `parameters` text that AUTOMATIC1111's web UI began and most picture tools read: the prompt, a line with the negative prompt,
 * and a last line of `key: value` pairs. What stands in front of each pair is the option of ours that fills it.
 */
const pairs = [
  ['steps', 'Steps'],
  ['sampler', 'Sampler'],
  ['guidanceScale', 'CFG scale'],
] as const

/** The provenance of a prompt-driven picture in A1111's form, or undefined if no prompt drove it. `size` in pixels. */
export function a1111Parameters(provenance: Provenance, size: { width: number; height: number }): string | undefined {
  const { options, checkpoint, seed, version, system } = provenance
  if (typeof options.prompt !== 'string') return undefined
  const settings: [string, Json | undefined][] = [
    ...pairs.map(([option, key]): [string, Json | undefined] => [key, options[option]]),
    ['Seed', seed],
    ['Size', `${size.width}x${size.height}`],
    // Ten digits are what A1111 calls the hash of a model.
    ['Model hash', checkpoint?.sha256.slice(0, 10)],
    ['Model', checkpoint?.name ?? system],
    ['Version', `genera ${version}`],
  ]
  const last = settings.filter(([, value]) => value !== undefined).map(([key, value]) => `${key}: ${spelled(value as Json)}`)
  const negative = typeof options.negativePrompt === 'string' && options.negativePrompt !== '' ? options.negativePrompt : undefined
  return [options.prompt, ...(negative ? [`Negative prompt: ${negative}`] : []), last.join(', ')].join('\n')
}

/** A1111 puts a value in double quotes, as JSON does, when it would break the line of pairs. */
function spelled(value: Json): string {
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return /[,:\n"]/.test(text) ? JSON.stringify(text) : text
}

/** What an A1111 `parameters` text says; keys of the last line as they are spelled there. */
export interface A1111Parameters {
  readonly prompt: string
  readonly negativePrompt?: string
  readonly settings: Readonly<Record<string, string>>
}

/** Reads A1111's form, from any tool that writes it. Text without its last line is all prompt. */
export function parseA1111Parameters(text: string): A1111Parameters {
  const lines = text.trim().split('\n')
  const last = lines.at(-1) ?? ''
  const settings = settingsOf(last)
  const body = settings ? lines.slice(0, -1) : lines
  const negativeAt = body.findIndex((line) => line.startsWith('Negative prompt:'))
  const prompt = (negativeAt < 0 ? body : body.slice(0, negativeAt)).join('\n').trim()
  const negative = negativeAt < 0 ? '' : body.slice(negativeAt).join('\n').slice('Negative prompt:'.length).trim()
  return { prompt, ...(negative && { negativePrompt: negative }), settings: settings ?? {} }
}

/** The pairs of the last line; undefined if it is not such a line (A1111 itself asks for three pairs). */
function settingsOf(line: string): Record<string, string> | undefined {
  const found: [string, string][] = []
  const pair = /\s*([A-Za-z][\w \-/]{0,63}):\s*("(?:\\.|[^\\"])*"|[^,]*)(?:,|$)/y
  for (let match = pair.exec(line); match; match = pair.exec(line)) {
    found.push([match[1] as string, unquoted((match[2] as string).trim())])
    if (pair.lastIndex >= line.length) break
  }
  return found.length < 3 ? undefined : Object.fromEntries(found)
}

function unquoted(value: string): string {
  if (!value.startsWith('"')) return value
  try {
    return String(JSON.parse(value))
  } catch {
    return value // Quotes that A1111 did not put there.
  }
}
