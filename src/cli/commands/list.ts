import { categories } from '../../contract/card.js'
import { type AddCommand, systemsOf, withCommonOptions, withExamples } from '../command.js'
import { bold, type TerminalOptions, table, terminalOf } from '../terminal.js'

export const addList: AddCommand = (program, session) => {
  const command = program
    .command('list')
    .summary('the 25 systems of the survey, and which of them work')
    .description(
      'Lists the systems of the survey by its categories: "embedded checkpoint" works as installed, "open weights" works with published weights.',
    )
    .option('--built', 'only those that are built')
  withExamples(command, 'genera list', 'genera list --built', 'genera list --json | jq -r .id')
  withCommonOptions(command).action(async (options: TerminalOptions & { readonly built?: boolean }) => {
    const terminal = terminalOf(options, session)
    const systems = await systemsOf(session)
    const [{ listSystems }, { describeState, wayOf }] = await Promise.all([
      import('../../taxonomy/index.js'),
      import('../describe-system.js'),
    ])
    const all = (await listSystems(systems)).filter(({ state }) => !options.built || state !== 'not-built')
    const states = await Promise.all(all.map(async ({ card, state }) => describeState(state, await systems[card.id]?.())))
    if (terminal.json) {
      for (const { card, state } of all) terminal.stdout.write(`${JSON.stringify({ ...card, state })}\n`)
      return
    }
    const rows = all.map(({ card }, i) => [card.id, wayOf(card), card.releaseDate, states[i] as string])
    const lines = table(rows).split('\n')
    for (const [category, title] of Object.entries(categories)) {
      const own = lines.filter((_, i) => all[i]?.card.category === category)
      if (own.length > 0) terminal.stdout.write(`${bold(terminal, title)}\n${own.join('\n')}\n`)
    }
    const built = all.filter(({ state }) => state !== 'not-built').length
    terminal.stdout.write(`\n${built} of 25 are built. More about one: genera show ${all[0]?.card.id ?? 'stable-diffusion'}\n`)
  })
}
