import { GeneraError } from '../../graph/errors.js'
import type { Hub, HubPlan } from '../../weights/index.js'
import type { Session } from '../command.js'
import { bar, paint, remark, type Terminal } from '../terminal.js'
import { showPlan, sizeOf } from './describe-plan.js'

/** How many seconds pass between two words about the progress where nothing can be painted over. */
const pause = 10

/**
 * Says licence, size and memory, asks whoever sits at the terminal, and fetches what is missing.
 *
 * @returns where it is
 */
export async function fetchRepository(
  hub: Hub,
  plan: HubPlan,
  { yes = false }: { readonly yes?: boolean | undefined },
  terminal: Terminal,
  session: Session,
): Promise<string> {
  showPlan(plan, hub.cache, terminal)
  if (plan.missing > 0 && !yes && !(await agreed(`Fetch ${sizeOf(plan.missing)}?`, terminal, session)))
    throw new GeneraError('Declined', `Cannot go on without ${plan.repo}: it was not to be fetched`)
  return session.protect(fetched(hub, plan, terminal))
}

/** Asks on a terminal with somebody at it; anywhere else whoever typed the command has agreed. */
export async function agreed(question: string, terminal: Terminal, { stdin }: Session): Promise<boolean> {
  if (!terminal.animated || !stdin.isTTY) return true
  terminal.stderr.write(`${question} [Y/n] `)
  // What is asked for next, such as a dialogue, reads on.
  const open = stdin as typeof stdin & { readonly iterator?: (options: { destroyOnReturn: boolean }) => AsyncIterable<Uint8Array> }
  for await (const chunk of open.iterator?.({ destroyOnReturn: false }) ?? stdin)
    return /^(?:y|yes|)$/i.test(new TextDecoder().decode(chunk).trim())
  return false
}

async function fetched(hub: Hub, plan: HubPlan, terminal: Terminal): Promise<string> {
  const shown = bar(terminal, 'MB', Math.max(1, Math.round(plan.missing / 1e6)))
  let location = plan.folder
  let said = performance.now()
  const say = (line: string) => {
    if (terminal.animated) paint(terminal, '')
    remark(terminal, line)
  }
  try {
    for await (const event of hub.pull(plan, { signal: terminal.signal })) {
      if (event.kind === 'done') location = event.location
      else if (event.kind === 'wait') say(`${event.path}: another process fetches it; waiting`)
      else if (event.kind === 'retry') say(`${event.reason}. Trying again${event.seconds >= 1 ? ` in ${Math.ceil(event.seconds)} s` : ''}`)
      else {
        shown.show(Math.round(event.done / 1e6))
        if (performance.now() - said < pause * 1000) continue
        said = performance.now()
        if (terminal.json) terminal.stdout.write(`${JSON.stringify({ ...event, stage: 'fetch' })}\n`)
        else if (!terminal.animated) remark(terminal, `${sizeOf(event.done)} of ${sizeOf(event.total)}`)
      }
    }
  } finally {
    shown.end()
  }
  return location
}
