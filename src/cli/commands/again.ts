import { basename, dirname, extname, join } from 'node:path'
import { version } from '../../contract/version.js'
import { GeneraError } from '../../graph/errors.js'
import type { Provenance } from '../../media/provenance.js'
import { mediaFormats, sniffMedia } from '../../media/sniff.js'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { fileProvenance, isJson } from '../file-provenance.js'
import { readInput } from '../input.js'
import { withDevice } from '../making/options.js'
import type { RemakeOptions } from '../making/remake.js'
import { remark, type TerminalOptions, terminalOf } from '../terminal.js'

interface Options extends TerminalOptions, Partial<RemakeOptions> {}

/** What a file may ask of `genera diorama`: words about content, and nothing that says where to write. */
const forbidden: ReadonlySet<string> = new Set(['output', 'format', 'seed', 'lenient', 'json', 'quiet', 'color', 'help'])

export const addAgain: AddCommand = (program, session) => {
  const command = program
    .command('again')
    .summary('make a file again from what is embedded in it')
    .description('Reads how a file of genera was made and makes it again: with the same version on the same machine, the same bytes.')
    .argument('<file>', 'a file that genera made, or - for standard input')
    .option('-o, --output <file>', 'where to (default: beside the file, with "-again" in its name); another ending makes another modality')
    .option('--from <files...>', 'the files that it was made from, if they do not lie beside it')
  withExamples(command, 'genera again scene.png', 'genera again scene.png -o scene.webp', 'genera again sketch.png --from photo.jpg')
  withCommonOptions(withDevice(command)).action(async (path: string, options: Options) => {
    const terminal = terminalOf(options, session)
    const bytes = await readInput(path, session.stdin)
    const found = await fileProvenance(bytes, path)
    if (!found?.own)
      throw new GeneraError(
        'again',
        `Cannot make ${path} again: it does not say how it was made by genera`,
        'See what it says: genera inspect',
      )
    const { own } = found
    if (own.version !== version) remark(terminal, `It was made by genera ${own.version}, this is ${version}: the bytes may differ`)
    const output = options.output ?? besides(path, bytes)
    if (own.system !== 'diorama') {
      const { remake } = await import('../making/remake.js')
      await remake({ path, bytes, own }, { ...options, from: options.from ?? [], output }, terminal, session)
      return
    }
    const words = wordsOf(own, output)
    for (const flag of ['json', 'quiet'] as const) if (options[flag]) words.push(`--${flag}`)
    await program.parseAsync(words, { from: 'user' })
  })
}

/** The command line that makes it. Every word of the file becomes one word, whatever it holds, so that it stays a value. */
function wordsOf({ system, options, seed }: Provenance, output: string): string[] {
  const words = [system, `--seed=${seed}`]
  for (const [name, value] of Object.entries(options)) {
    if (!/^[a-z][a-z-]*$/.test(name) || forbidden.has(name) || typeof value === 'object')
      throw new GeneraError('again', `Cannot make it again: the file has an option "${name}" that content does not depend on`)
    words.push(`--${name}=${String(value)}`)
  }
  return [...words, '--lenient', `--output=${output}`]
}

function besides(path: string, bytes: Uint8Array): string {
  const format = sniffMedia(bytes)
  const ending = isJson(bytes) ? '.json' : format ? `.${mediaFormats[format].endings[0]}` : ''
  if (path === '-') return `again${ending}`
  return join(dirname(path), `${basename(path, extname(path))}-again${extname(path) || ending}`)
}
