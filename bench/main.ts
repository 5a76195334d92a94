/**
 * `npm run -s bench -- engine [--json]`: measurements beside named peers, all in one run. One JSON object on standard output
 * with --json, a table otherwise; what is being measured goes to standard error.
 */
import { parseArgs } from 'node:util'
import { measureEngine } from './engine/index.js'

const suites: Record<string, (report: (line: string) => void) => Promise<Record<string, unknown>>> = { engine: measureEngine }

const { values, positionals } = parseArgs({ allowPositionals: true, options: { json: { type: 'boolean', default: false } } })
const [name = ''] = positionals
const suite = Object.hasOwn(suites, name) ? suites[name] : undefined
if (!suite) {
  console.error(
    `Cannot run the benchmark "${name}": there is ${Object.keys(suites).join(', ')}. For example: npm run -s bench -- engine --json`,
  )
  process.exit(2)
}
const figures = await suite((line) => console.error(line))
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
