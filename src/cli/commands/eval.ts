import type { EvaluationEvent, GenerateOptions, Report } from '../../contract/index.js'
import { type AddCommand, systemsOf, withCommonOptions, withExamples } from '../command.js'
import { withDevice } from '../making/options.js'
import { bold, green, red, type Terminal, type TerminalOptions, table, terminalOf } from '../terminal.js'
import { wholeNumber } from '../usage-error.js'

interface Options extends TerminalOptions {
  readonly limit?: number
  readonly strict?: boolean
  readonly checkpoint?: string
  readonly offline?: boolean
  readonly yes?: boolean
  readonly device?: GenerateOptions['runtime']
}

export const addEval: AddCommand = (program, session) => {
  const command = program
    .command('eval')
    .summary('measure how well a system does')
    .description('Lets a system work through its test cases and prints its figures, with the thresholds that they should reach.')
    .argument('<system>', 'its id or its name')
    .option('--limit <number>', 'so many cases of each kind, for a quick look', wholeNumber('--limit', 1, 1_000_000))
    .option('--strict', 'end with 1 if a figure misses its threshold')
  withExamples(command, 'genera eval stable-diffusion --limit 20', 'genera eval stable-diffusion --json | jq .single')
  withCommonOptions(withDevice(command)).action(async (asked: string, options: Options) => {
    const terminal = terminalOf(options, session)
    const { findSystem } = await import('../../taxonomy/index.js')
    const system = await findSystem(asked, await systemsOf(session))
    const { limit, checkpoint, device: runtime } = options
    const { readyCheckpoint } = await import('../hub/ready-checkpoint.js')
    await readyCheckpoint(checkpoint, options, terminal, session)
    const events = system.evaluate({ signal: session.signal, checkpoint, runtime, ...(limit !== undefined && { limit }) })
    const report = await followed(events, system.id, terminal)
    // The figures also by their names, so that a program finds them without a search.
    const scores = Object.fromEntries(report.figures.map(({ name, value }) => [name, value]))
    terminal.stdout.write(terminal.json ? `${JSON.stringify({ ...scores, ...report })}\n` : printed(report, terminal))
    const missed = report.figures.filter(({ passed }) => passed === false)
    if (options.strict && missed.length > 0) {
      const { GeneraError } = await import('../../graph/errors.js')
      throw new GeneraError('threshold', `Cannot pass ${system.id}: ${missed.map(({ name }) => name).join(', ')} missed the threshold`)
    }
  })
}

async function followed(events: AsyncIterable<EvaluationEvent>, title: string, terminal: Terminal): Promise<Report> {
  const { stageBars } = await import('../making/stage-bars.js')
  const bars = stageBars(terminal, `Measuring ${title}`)
  let report: Report | undefined
  try {
    for await (const event of events) {
      bars.show(event)
      if (event.kind === 'report') report = event.report
    }
  } finally {
    bars.end()
  }
  if (!report) throw new Error(`The evaluation of ${title} ended without a report`)
  return report
}

function printed({ system, checkpoint, figures }: Report, terminal: Terminal): string {
  const rows = figures.map(({ name, value, unit, threshold, better = 'higher', passed }) => [
    name,
    `${Number(value.toPrecision(4))}${unit ? ` ${unit}` : ''}`,
    threshold === undefined ? '' : `${better === 'higher' ? 'at least' : 'at most'} ${threshold}`,
    passed === undefined ? '' : passed ? green(terminal, 'met') : red(terminal, 'missed'),
  ])
  return `${bold(terminal, system)} with the checkpoint ${checkpoint}\n${table(rows)}`
}
