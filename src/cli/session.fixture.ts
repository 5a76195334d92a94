import { join } from 'node:path'
import { PassThrough } from 'node:stream'
import type { BuiltSystems } from '../taxonomy/index.js'
import { run } from './program.js'

interface Surroundings {
  readonly input?: string | Uint8Array
  readonly stop?: AbortController
  /** Whether the streams are terminals; somebody sits there if there is input. */
  readonly terminal?: boolean
}

/** Runs command lines in this process; names of files in them stand for files in a folder of the test. */
export function commandLines(folder: string, systems?: BuiltSystems) {
  return async (line: string, { input = '', stop = new AbortController(), terminal = false }: Surroundings = {}) => {
    const [out, err] = [captured(terminal), captured(terminal)]
    const words = (line.match(/"[^"]*"|\S+/g) ?? []).map((word) => word.replaceAll('"', ''))
    const session = {
      stdin: Object.assign(typed(input), { isTTY: terminal && input !== '' }),
      stdout: out.stream,
      stderr: err.stream,
      signal: stop.signal,
      protect: <T>(work: Promise<T>) => work,
      ...(systems && { systems }),
    }
    const named = words.map((word) => (/^\w+([.-]\w+)*\.(?:[a-z0-9]{2,4}|safetensors)$/.test(word) ? join(folder, word) : word))
    const code = await run(named, session)
    return { code, out: out.text(), err: err.text(), bytes: out.bytes() }
  }
}

async function* typed(input: string | Uint8Array) {
  yield typeof input === 'string' ? new TextEncoder().encode(input) : input
}

function captured(isTTY: boolean) {
  const chunks: Buffer[] = []
  const stream = new PassThrough().on('data', (chunk: Buffer) => chunks.push(chunk))
  const bytes = () => Buffer.concat(chunks)
  return { stream: Object.assign(stream, { isTTY, columns: 100 }), bytes, text: () => bytes().toString() }
}
