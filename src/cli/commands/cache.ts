import type { CachedRepository, Hub } from '../../weights/index.js'
import { type AddCommand, type Session, withCommonOptions, withExamples } from '../command.js'
import { bold, paint, remark, type Terminal, type TerminalOptions, table, terminalOf } from '../terminal.js'
import { oneOf, UsageError } from '../usage-error.js'

interface Options extends TerminalOptions {
  readonly fix?: boolean
  readonly yes?: boolean
}

const actions = ['list', 'verify', 'remove'] as const

export const addCache: AddCommand = (program, session) => {
  const command = program
    .command('cache')
    .summary('what was fetched from the hub: list, verify, remove')
    .description(
      'Looks after the cache that all programs of the hub share (HF_HUB_CACHE, HF_HOME). "verify" reads every file and compares it with its digest; it ends with 1 if one is damaged. "remove" removes a repository, or with owner/name@revision one revision of it.',
    )
    .argument('[action]', 'list, verify or remove', oneOf('the action', actions), 'list')
    .argument('[repositories...]', 'owner/name; all of them if none is named (not for remove)')
    .option('--fix', 'with verify: take out what is damaged, so that the next pull brings it')
    .option('-y, --yes', 'do not ask')
  withExamples(command, 'genera cache', 'genera cache verify --fix', 'genera cache remove owner/name@v1.0')
  withCommonOptions(command).action(async (action: (typeof actions)[number], repos: readonly string[], options: Options) => {
    const terminal = terminalOf(options, session)
    const { openHub } = await import('../../weights/index.js')
    const hub = openHub()
    if (action === 'list') await list(hub, repos, terminal)
    else if (action === 'verify') await verify(hub, repos, options, terminal)
    else await remove(hub, repos, options, terminal, session)
  })
}

async function list(hub: Hub, repos: readonly string[], terminal: Terminal): Promise<void> {
  const { sizeOf } = await import('../hub/describe-plan.js')
  const found = (await hub.list()).filter(({ repo }) => repos.length === 0 || repos.includes(repo))
  if (terminal.json) {
    for (const each of found) terminal.stdout.write(`${JSON.stringify(each)}\n`)
    return
  }
  terminal.stdout.write(`${bold(terminal, hub.cache)}\n`)
  const rows = found.map((each) => [
    each.kind === 'model' ? each.repo : `${each.repo} (${each.kind})`,
    revisionsOf(each),
    `${each.files} files`,
    `${sizeOf(each.bytes)}${each.unfinished > 0 ? `, and ${sizeOf(each.unfinished)} of unfinished downloads` : ''}`,
  ])
  terminal.stdout.write(rows.length > 0 ? table(rows) : '  Nothing yet: genera pull owner/name\n')
  const total = found.reduce((sum, { bytes, unfinished }) => sum + bytes + unfinished, 0)
  if (rows.length > 1) terminal.stdout.write(`${found.length} repositories, ${sizeOf(total)}\n`)
}

const revisionsOf = ({ revisions, commits }: CachedRepository): string => {
  const named = Object.entries(revisions).map(([name, commit]) => `${name} (${commit.slice(0, 7)})`)
  const others = commits.filter((commit) => !Object.values(revisions).includes(commit)).map((commit) => commit.slice(0, 7))
  return [...named, ...others].join(', ') || 'no revision'
}

async function verify(hub: Hub, repos: readonly string[], { fix = false }: Options, terminal: Terminal): Promise<void> {
  const [{ sizeOf }, { GeneraError }] = await Promise.all([import('../hub/describe-plan.js'), import('../../graph/errors.js')])
  let [read, painted, damaged] = [0, 0, 0]
  const broken = new Set<string>()
  for await (const event of hub.verify(repos, { fix, signal: terminal.signal })) {
    if (event.kind === 'read') {
      read += event.bytes
      if (terminal.animated && performance.now() - painted > 200) paint(terminal, `Reading … ${sizeOf(read)}`)
      if (performance.now() - painted > 200) painted = performance.now()
      continue
    }
    if (terminal.animated) paint(terminal, '')
    broken.add(event.repo)
    if (event.kind === 'damaged') damaged++
    if (terminal.json) terminal.stdout.write(`${JSON.stringify(event)}\n`)
    else if (event.kind === 'damaged')
      for (const path of [event.path, ...event.files]) terminal.stdout.write(`damaged  ${path}${event.fixed ? ' (taken out)' : ''}\n`)
    else terminal.stdout.write(`missing  ${event.path}\n`)
  }
  if (terminal.animated) paint(terminal, '')
  if (broken.size === 0) return remark(terminal, `${sizeOf(read)} read: every file is what its digest says`)
  const again = [...broken].map((repo) => `genera pull ${repo}`).join(', ')
  throw new GeneraError(
    'Damaged',
    `Cannot vouch for the cache: ${damaged} damaged ${damaged === 1 ? 'file' : 'files'}, and ${broken.size === 1 ? 'one repository' : `${broken.size} repositories`} incomplete`,
    fix || damaged === 0 ? `Fetch them again: ${again}` : `Take them out with --fix, then ${again}`,
  )
}

async function remove(hub: Hub, repos: readonly string[], { yes = false }: Options, terminal: Terminal, session: Session): Promise<void> {
  if (repos.length === 0)
    throw new UsageError('Cannot tell what to remove', 'Name it: genera cache remove owner/name; genera cache lists all')
  const [{ sizeOf }, { agreed }] = await Promise.all([import('../hub/describe-plan.js'), import('../hub/fetch-repository.js')])
  if (!yes && !(await agreed(`Remove ${repos.join(', ')} from ${hub.cache}?`, terminal, session))) return
  for (const repo of repos) {
    const { bytes, commit, ...removed } = await session.protect(hub.remove(repo))
    if (terminal.json) terminal.stdout.write(`${JSON.stringify({ kind: 'removed', ...removed, ...(commit && { commit }), bytes })}\n`)
    else remark(terminal, `${repo}: removed, ${sizeOf(bytes)} freed`)
  }
}
