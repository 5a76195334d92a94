import type { System } from '../../contract/index.js'
import type { ListedSystem } from '../../taxonomy/index.js'
import { type AddCommand, systemsOf, withCommonOptions, withExamples } from '../command.js'
import { bold, dim, proseWidth, type Terminal, type TerminalOptions, table, terminalOf } from '../terminal.js'

export const addShow: AddCommand = (program, session) => {
  const command = program
    .command('show')
    .summary('all about one system: options, networks, checkpoints, figures')
    .description('Shows what is known of a system, what it can be asked for, how large it is and how well it does.')
    .argument('<system>', 'its id or its name')
  withExamples(command, 'genera show stable-diffusion', 'genera show "DALL·E 2"', 'genera show whisper --json | jq .options')
  withCommonOptions(command).action(async (asked: string, options: TerminalOptions) => {
    const terminal = terminalOf(options, session)
    const { findCard, stateOf } = await import('../../taxonomy/index.js')
    const card = findCard(asked)
    const system = await (await systemsOf(session))[card.id]?.()
    const listed = { card, state: stateOf(system) }
    const facts = system && (await factsOf(system))
    terminal.stdout.write(
      terminal.json ? `${JSON.stringify({ ...card, state: listed.state, ...facts })}\n` : await printed(listed, system, facts, terminal),
    )
  })
}

interface SystemFacts {
  readonly options: System['inputSchema']
  /** Tensors and the numbers in them, by network. */
  readonly networks: Readonly<Record<string, { readonly tensors: number; readonly parameters: number }>>
  readonly checkpoints: { readonly embedded?: { readonly name: string; readonly present: boolean }; readonly hub: readonly string[] }
  /** From the card of the embedded checkpoint. */
  readonly measured?: Readonly<Record<string, unknown>>
  readonly stages: readonly { readonly name: string; readonly summary: string }[]
}

async function factsOf(system: System): Promise<SystemFacts> {
  const { checkpointCard, embeddedPresent } = await import('../describe-system.js')
  const { embedded, hub = [] } = system.checkpoints
  const present = await embeddedPresent(system)
  const measured = embedded === undefined ? undefined : await checkpointCard(embedded)
  const networks = Object.entries(system.parameters()).map(([network, listing]) => {
    const sizes = [...listing.values()].map(({ shape }) => shape.reduce((product, size) => product * size, 1))
    return [network, { tensors: sizes.length, parameters: sizes.reduce((sum, size) => sum + size, 0) }]
  })
  return {
    options: system.inputSchema,
    networks: Object.fromEntries(networks) as SystemFacts['networks'],
    checkpoints: { ...(embedded !== undefined && { embedded: { name: embedded, present: present === true } }), hub },
    ...(measured && { measured }),
    stages: system.train.map(({ name, summary }) => ({ name, summary })),
  }
}

async function printed(
  { card, state }: ListedSystem,
  system: System | undefined,
  facts: SystemFacts | undefined,
  terminal: Terminal,
): Promise<string> {
  const { describeState, flagTable, flattened, wayOf } = await import('../describe-system.js')
  const about = [
    ['state', await describeState(state, system)],
    ['way', wayOf(card)],
    ['from', `${card.organisations.join(', ')}, ${card.releaseDate}`],
    ...(card.paper ? [['paper', `https://arxiv.org/abs/${card.paper}`]] : []),
    ['survey', `section ${card.section} (arXiv 2301.04655)`],
  ]
  const section = (title: string, body: string) => (body === '' ? '' : `\n${bold(terminal, title)}\n${body}`)
  const listed = (lines: readonly string[]) => lines.map((line) => `  ${line}\n`).join('')
  const parts = [`${bold(terminal, card.name)}\n${card.summary}\n${table(about)}`]
  if (system && facts) {
    const { embedded, hub } = facts.checkpoints
    const networks = Object.entries(facts.networks).map(([name, { tensors, parameters }]) => [
      name,
      `${parameters.toLocaleString('en')} parameters in ${tensors.toLocaleString('en')} tensors`,
    ])
    parts.push(
      section(`options of genera run ${card.id}`, flagTable(system.fields, proseWidth(terminal))),
      section('networks', table(networks)),
      section(
        'checkpoints',
        listed([...(embedded ? [`${embedded.name}, embedded${embedded.present ? '' : ': its file is missing'}`] : []), ...hub]),
      ),
      section('measured', table(flattened(facts.measured ?? {}))),
      section(`stages of genera train ${card.id}`, table(facts.stages.map(({ name, summary }) => [name, summary]))),
    )
  }
  parts.push(section('limits of the original', listed(card.limits)), section('successors', listed([card.successors.join(', ')])))
  if (!system) parts.push(`\n${dim(terminal, 'It is not built yet, so there are no options to show.')}\n`)
  return parts.join('')
}
