import type { Modality } from '../../contract/index.js'
import type { Route } from '../../taxonomy/index.js'
import { type AddCommand, systemsOf, withCommonOptions, withExamples } from '../command.js'
import { bold, dim, remark, type TerminalOptions, terminalOf } from '../terminal.js'
import { UsageError, wholeNumber } from '../usage-error.js'

interface Options extends TerminalOptions {
  readonly from?: string
  readonly to?: string
  readonly all?: boolean
  readonly longest?: number
}

export const addRoutes: AddCommand = (program, session) => {
  const command = program
    .command('routes')
    .summary('ways from one modality to another, system after system')
    .description(
      'Lists the ways through the built systems. make takes the first one that leads from what it is given to what is asked for.',
    )
    .option('--from <modality>', 'text, audio … or the ending of a file')
    .option('--to <modality>', 'image, mesh … or the ending of a file')
    .option('--all', 'also through systems that are not built yet')
    .option(
      '--longest <number>',
      'systems one after another, at most (default: 3 with both ends, otherwise 1)',
      wholeNumber('--longest', 1, 4),
    )
  withExamples(command, 'genera routes --from audio --to image', 'genera routes --to glb', 'genera routes --all --from text --longest 1')
  withCommonOptions(command).action(async (options: Options) => {
    const terminal = terminalOf(options, session)
    const systems = await systemsOf(session)
    const [{ builtIds, routesBetween }, { modalityNames, NoRouteError }] = await Promise.all([
      import('../../taxonomy/index.js'),
      import('../../contract/index.js'),
    ])
    const starts = options.from === undefined ? modalityNames : await modalitiesOf('--from', options.from, 'read')
    const ends = options.to === undefined ? modalityNames : await modalitiesOf('--to', options.to, 'write')
    const longest = options.longest ?? (options.from !== undefined && options.to !== undefined ? 3 : 1)
    const built = builtIds(systems)
    const lead = { built: !options.all, longest, systems }
    const ways = starts
      .flatMap((from) => ends.map((to) => ({ from, to, routes: routesBetween(from, to, lead) })))
      .filter(({ routes }) => routes.length > 0)
    if (ways.length === 0 && options.from !== undefined && options.to !== undefined) {
      const planned = starts.some((from) => ends.some((to) => routesBetween(from, to, { longest }).length > 0))
      const problem =
        built.length === 0 && !options.all ? 'no system is built yet' : `none goes there in ${longest} step${longest === 1 ? '' : 's'}`
      throw new NoRouteError(
        starts,
        ends,
        problem,
        planned && !options.all ? 'Those through systems that are not built yet: --all' : undefined,
      )
    }
    const isBuilt = (route: Route) => route.every(({ system }) => built.includes(system))
    for (const { from, to, routes } of ways) {
      if (!terminal.json) terminal.stdout.write(`${bold(terminal, `${from} → ${to}`)}\n`)
      for (const route of routes) {
        const words = route.map((step, i) => `${step.system}${i < route.length - 1 ? ` → ${step.to}` : ''}`).join(' → ')
        const line = isBuilt(route) ? `  ${words}` : dim(terminal, `  ${words} (not built yet)`)
        terminal.stdout.write(terminal.json ? `${JSON.stringify({ from, to, built: isBuilt(route), steps: route })}\n` : `${line}\n`)
      }
    }
    if (ways.length === 0)
      remark(
        terminal,
        `No system of ${options.all ? 'the survey' : 'those that are built'} goes there${options.all ? '' : '. All of the survey: --all'}`,
      )
  })
}

/** Of a modality's name, or of an ending that can be several. */
async function modalitiesOf(option: string, asked: string, action: 'read' | 'write'): Promise<readonly Modality[]> {
  const { endingsOf, listed, modalitiesOfEnding, modalityNames, suggestion } = await import('../../contract/index.js')
  const name = asked.toLowerCase().replace(/^\./, '')
  const modality = modalityNames.find((each) => each === name)
  if (modality) return [modality]
  if (endingsOf(undefined, action).includes(name)) return modalitiesOfEnding(name, action)
  throw new UsageError(
    `Cannot use ${option} "${asked}": expected ${listed(modalityNames)}, or the ending of a file`,
    suggestion(name, modalityNames),
  )
}
