import type { HubPlan, Licence } from '../../weights/index.js'
import { type Terminal, table } from '../terminal.js'

/** "4.27 GB": in powers of 1000, as disks and networks are measured. */
export function sizeOf(bytes: number): string {
  const units = ['bytes', 'kB', 'MB', 'GB', 'TB']
  const power = Math.min(units.length - 1, bytes < 1000 ? 0 : Math.floor(Math.log10(bytes) / 3))
  const value = bytes / 1000 ** power
  return `${power === 0 ? value : value.toFixed(value < 10 ? 2 : value < 100 ? 1 : 0)} ${bytes === 1 ? 'byte' : units[power]}`
}

/** What somebody should know before they fetch it, in lines. */
export function planLines(plan: HubPlan, cache: string): string {
  const { repo, revision, commit, licence, gated, page, files, bytes, missing, memory } = plan
  const here = missing === 0 ? ', all here' : missing < bytes ? `, of which ${sizeOf(missing)} are to come` : ''
  const tight = memory.needed > memory.available ? `; this machine has ${sizeOf(memory.available)}: it will not fit` : ''
  return `${repo}${plan.path === undefined ? '' : `/${plan.path}`} at ${revision}${revision === commit ? '' : ` (${commit.slice(0, 7)})`}\n${table(
    [
      ['licence', licenceLine(licence)],
      ...(gated ? [['terms', `have to be accepted at ${page}`]] : []),
      ['files', `${files.length}, ${sizeOf(bytes)}${here}`],
      ...(memory.needed > 0 ? [['memory', `about ${sizeOf(memory.needed)} for the weights${tight}`]] : []),
      ['cache', cache],
    ],
  )}`
}

const licenceLine = ({ id, name, link }: Licence): string =>
  id === 'unknown' ? 'not said: read its page before you use it' : [name ?? id, ...(link === undefined ? [] : [`(${link})`])].join(' ')

/** The same for a program. */
export const planObject = ({ repo, revision, commit, licence, gated, page, files, bytes, missing, memory }: HubPlan) => ({
  kind: 'repository',
  repo,
  revision,
  commit,
  licence,
  gated,
  page,
  bytes,
  missing,
  memory,
  files: files.map(({ path, size, cached }) => ({ path, size, cached })),
})

/** Says what will be fetched: on standard error, so that results can be piped; with --json as an object among the results. */
export function showPlan(plan: HubPlan, cache: string, terminal: Terminal): void {
  if (terminal.json) terminal.stdout.write(`${JSON.stringify(planObject(plan))}\n`)
  else if (!terminal.quiet) terminal.stderr.write(planLines(plan, cache))
}
