import { type Hub, type HubPlan, looksLikeRepository, openHub } from '../weights/hub/index.js'
import { exists } from '../weights/index.js'

/**
 * What was asked for, if it names a repository on the hub: `owner/name`, `owner/name@revision`, or anything that begins with `hf://`. A
 * file or folder of that name comes first, and where the first part is a folder here, a path in it was meant.
 */
export async function repositoryAsked(asked: string | URL | undefined): Promise<string | undefined> {
  if (typeof asked !== 'string' || !looksLikeRepository(asked)) return undefined
  if (asked.startsWith('hf://')) return asked
  const [owner = ''] = asked.split('/')
  return (await exists(asked)) || (await exists(owner)) ? undefined : asked
}

/**
 * What has to be fetched before a checkpoint can be opened; undefined if nothing has to be, for what is in the cache is not asked
 * about again. Nothing of the files is fetched yet: a caller can show the plan, and stop.
 *
 * @throws HubError
 */
export async function checkpointToFetch(
  asked: string | URL | undefined,
  { hub = openHub(), signal }: { readonly hub?: Hub; readonly signal?: AbortSignal | undefined } = {},
): Promise<HubPlan | undefined> {
  const repository = await repositoryAsked(asked)
  if (repository === undefined || (await hub.find(repository)) !== undefined) return undefined
  return hub.plan(repository, { signal })
}
