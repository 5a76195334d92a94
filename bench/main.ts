/**
 * `npm run -s bench -- engine [--json]`, and so with each suite below: the engine beside named peers, the procedural world with its
 * media, and systems, which take `--checkpoint FILE` in place of the weights that come with genera. `stable-diffusion --full` measures
 * Stable Diffusion 1.5 at its full size beside the reference library.
 * One JSON object on standard output with --json, a table otherwise; what is being measured goes to standard error.
 */
import { parseArgs } from 'node:util'
import { GeneraError } from '../src/graph/errors.js'

type Measure = (report: (line: string) => void, checkpoint?: string) => Promise<Record<string, unknown>>

const suites: Record<string, () => Promise<Measure>> = {
  engine: async () => (await import('./engine/index.js')).measureEngine,
  diorama: async () => (await import('./diorama/index.js')).measureDiorama,
  language: async () => (await import('./language/index.js')).measureLanguage,
  'stable-diffusion': async () => (await import('./stable-diffusion/index.js')).measureStableDiffusion,
}
/** What `--full` measures: models of the size that is published, with weights at random. */
const fullSuites: typeof suites = {
  'stable-diffusion': async () => (await import('./stable-diffusion/full/index.js')).measureFull,
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { json: { type: 'boolean', default: false }, checkpoint: { type: 'string' }, full: { type: 'boolean', default: false } },
})
const [name = ''] = positionals
const known = values.full ? fullSuites : suites
const suite = Object.hasOwn(known, name) ? known[name] : undefined
if (!suite) {
  console.error(
    `Cannot run the benchmark "${name}"${values.full ? ' at full size' : ''}: there is ${Object.keys(known).join(', ')}. For example: npm run -s bench -- ${Object.keys(known)[0]}${values.full ? ' --full' : ''} --json`,
  )
  process.exit(2)
}
const measure = await suite()
const figures = await measure((line) => console.error(line), values.checkpoint).catch((error: unknown) => {
  console.error(error instanceof GeneraError ? error.message : error)
  process.exit(1)
})
console.log(values.json ? JSON.stringify(figures) : table(figures))

function table(figures: Record<string, unknown>, prefix = ''): string {
  return Object.entries(figures)
    .map(([key, value]) => {
      const nested = typeof value === 'object' && value !== null && !Array.isArray(value)
      return nested ? table(value as Record<string, unknown>, `${prefix}${key}.`) : `${`${prefix}${key}`.padEnd(36)} ${print(value)}`
    })
    .join('\n')
}

function print(value: unknown): string {
  return typeof value === 'number' ? (Number.isInteger(value) ? `${value}` : value.toPrecision(4)) : String(value)
}
process.exit() // idle worker threads of the engines would keep the process alive
