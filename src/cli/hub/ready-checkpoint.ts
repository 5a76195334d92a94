import type { Session } from '../command.js'
import type { Terminal } from '../terminal.js'

/** Sees to it that a checkpoint on the hub is in the cache, before a system looks for it there. Anything else is left to the system. */
export async function readyCheckpoint(
  asked: string | undefined,
  { offline, yes }: { readonly offline?: boolean | undefined; readonly yes?: boolean | undefined },
  terminal: Terminal,
  session: Session,
): Promise<void> {
  if (asked === undefined) return
  const [{ checkpointToFetch }, { openHub }] = await Promise.all([import('../../contract/index.js'), import('../../weights/index.js')])
  const hub = openHub({ offline })
  const plan = await checkpointToFetch(asked, { hub, signal: terminal.signal })
  if (!plan) return
  const { fetchRepository } = await import('./fetch-repository.js')
  await fetchRepository(hub, plan, { yes }, terminal, session)
}
