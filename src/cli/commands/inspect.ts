import type { MediaDescription } from '../../media/describe-media.js'
import type { Provenance } from '../../media/provenance.js'
import type { FoundProvenance } from '../../media/read-provenance.js'
import { sniffMedia } from '../../media/sniff.js'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { fileProvenance, isJson } from '../file-provenance.js'
import { readInput } from '../input.js'
import { bold, dim, type Terminal, type TerminalOptions, terminalOf } from '../terminal.js'

export const addInspect: AddCommand = (program, session) => {
  const command = program
    .command('inspect')
    .summary('say what a file is and how it was made')
    .description('Prints what a picture, sound, film, mesh or deck is, and what is embedded about how it was made.')
    .argument('<files...>', 'files, or - for standard input')
  withExamples(command, 'genera inspect scene.png', 'genera inspect --json *.png | jq .provenance.seed')
  withCommonOptions(command).action(async (paths: string[], options: TerminalOptions) => {
    const terminal = terminalOf(options, session)
    for (const [index, path] of paths.entries()) {
      session.signal.throwIfAborted()
      const inspected = await inspect(path, session.stdin)
      if (terminal.json) terminal.stdout.write(`${JSON.stringify(inspected)}\n`)
      else terminal.stdout.write(`${index > 0 ? '\n' : ''}${printed(inspected, terminal)}`)
    }
  })
}

interface Inspected extends Partial<MediaDescription> {
  readonly file: string
  readonly title: string
  readonly bytes: number
  /** Null for a file that says nothing about it. */
  readonly provenance: Provenance | null
  /** What another tool wrote. */
  readonly foreign?: FoundProvenance['foreign']
}

async function inspect(path: string, stdin: AsyncIterable<Uint8Array>): Promise<Inspected> {
  const { describeMedia } = await import('../../media/describe-media.js') // late, so that other commands start without it
  const bytes = await readInput(path, stdin)
  const found = await fileProvenance(bytes, path)
  const told = { provenance: found?.own ?? null, ...(found?.foreign && { foreign: found.foreign }) }
  if (isJson(bytes)) return { file: path, title: 'a JSON document', bytes: bytes.length, mediaType: 'application/json', ...told }
  if (found && sniffMedia(bytes) === undefined) return { file: path, title: 'a text', bytes: bytes.length, ...told }
  return { file: path, ...(await describeMedia(bytes, path === '-' ? {} : { name: path })), ...told }
}

function printed({ file, title, provenance, foreign, ...facts }: Inspected, terminal: Terminal): string {
  const { width, height, frames, frameRate, seconds, sampleRate, channels, codecs, parts, triangles, extent, bytes } = facts
  const said = [
    title,
    width !== undefined && `${width} × ${height} px`,
    frames !== undefined && `${frames} frames${frameRate ? ` at ${frameRate} a second` : ''}`,
    seconds !== undefined && `${seconds.toFixed(2)} s`,
    sampleRate !== undefined && `${sampleRate} Hz ${channels === 1 ? 'mono' : channels === 2 ? 'stereo' : `in ${channels} channels`}`,
    codecs && codecs.length > 0 && codecs.join(' + '),
    parts !== undefined && `${parts} parts of ${triangles?.toLocaleString('en')} triangles`,
    extent && `${extent.map((metres) => metres.toFixed(2)).join(' × ')} m`,
    `${bytes.toLocaleString('en')} bytes`,
  ]
  const lines: [string, string][] = [['', said.filter(Boolean).join(', ')]]
  if (provenance) lines.push(...provenanceLines(provenance))
  else if (foreign)
    lines.push(
      ['made by', foreign.tool],
      ['settings', JSON.stringify(foreign.tool === 'a1111' ? foreign.parameters : (foreign.prompt ?? foreign.workflow))],
    )
  else lines.push(['made by', 'the file does not say'])
  const width1 = Math.max(...lines.map(([label]) => label.length))
  return lines
    .map(([label, value], i) => (i === 0 ? `${bold(terminal, file)}: ${value}\n` : `  ${dim(terminal, label.padEnd(width1))}  ${value}\n`))
    .join('')
}

function provenanceLines({ version, system, checkpoint, options, seed, command, licence }: Provenance): [string, string][] {
  const optional = (label: string, value: string | undefined): [string, string][] => (value === undefined ? [] : [[label, value]])
  return [
    ['made by', `genera ${version}, ${system}`],
    ['seed', String(seed)],
    ...Object.entries(options).map(([name, value]): [string, string] => [name, typeof value === 'string' ? value : JSON.stringify(value)]),
    ...optional('checkpoint', checkpoint && `${checkpoint.name}, sha256 ${checkpoint.sha256}`),
    ...optional('licence', licence),
    ...optional('again', command),
  ]
}
