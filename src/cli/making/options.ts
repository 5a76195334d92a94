import type { Command } from 'commander'
import type { Device } from '../../graph/index.js'
import { oneOf, wholeNumber } from '../usage-error.js'

const devices = ['auto', 'cpu', 'wasm', 'webgpu', 'cuda', 'coreml', 'dml'] as const satisfies readonly (Device | 'auto')[]

/** Of every command that runs a system. */
export const withDevice = (command: Command): Command =>
  command
    .option('--checkpoint <file>', 'weights in place of those that come with genera: a file, a folder, or owner/name on the hub')
    .option('--offline', 'take nothing from the hub that is not in the cache')
    .option('-y, --yes', 'fetch weights from the hub without asking')
    .option('--device <name>', 'what to compute on: auto, cpu, webgpu, cuda, … (see genera doctor)', oneOf('--device', devices))

/** Of every command that writes what a system makes. */
export const withMaking = (command: Command): Command =>
  withDevice(
    command
      .option('-f, --format <ending>', 'what to make, if the name of the file does not say it')
      .option('--seed <number>', 'the same seed makes the same again; several, one result each', seeds, undefined)
      .option('-n, --count <number>', 'how many results; their files are numbered', wholeNumber('--count', 1, 64)),
  )
    .option('--quality <number>', 'of lossy formats, 1 to 100', wholeNumber('--quality', 1, 100))
    .option('--no-metadata', 'leave out of the file how it was made')

const seedNumber = wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER)
const seeds = (written: string, before: readonly number[] = []): readonly number[] => [...before, ...written.split(',').map(seedNumber)]

/** How many of the last words of a command line stood behind "--": they are no flags, whatever they look like. */
export function literalWords(program: Command): number {
  const { rawArgs = [] } = program as { readonly rawArgs?: readonly string[] }
  const at = rawArgs.indexOf('--')
  return at < 0 ? 0 : rawArgs.length - at - 1
}

export const flagsOf = (command: Command): string[] => command.options.flatMap(({ long }) => long ?? [])
