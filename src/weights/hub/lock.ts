import type { HubPlatform } from './platform.js'

/** How old a lock of another machine may be before its owner counts as gone, in seconds; a living owner renews it. */
const longestSilence = 60
/** The same for a process of this machine that is there: it may be stopped, or another one with the number of the one that is gone. */
const longestPause = 600
const renewal = 5

export interface Lock {
  release(): Promise<void>
}

interface Owner {
  readonly machine: string
  readonly id: number
  readonly nonce: string
}

/**
 * Waits until nobody else holds this lock, and takes it. Locks only save double work: what is safe without them is safe if one is
 * lost, and one whose owner died (`kill -9`) is taken over at once on the same machine, after a minute on a shared disk.
 *
 * @param waiting is told once, if it has to wait
 */
export async function takeLock(path: string, platform: HubPlatform, signal: AbortSignal, waiting: () => void = () => {}): Promise<Lock> {
  const { disk, self } = platform
  const owner: Owner = { ...self, nonce: nonce() }
  const content = JSON.stringify(owner)
  for (let pause = 0.05, told = false; ; pause = Math.min(pause * 1.5, 1)) {
    signal.throwIfAborted()
    if (await disk.create(path, content)) break
    if (await isAbandoned(path, platform)) await breakLock(path, platform)
    else {
      if (!told) waiting()
      told = true
      await platform.sleep(pause, signal)
    }
  }
  const timer = setInterval(() => void disk.touch(path).catch(() => {}), renewal * 1000)
  if (typeof timer === 'object') timer.unref?.()
  return {
    async release() {
      clearInterval(timer)
      if ((await disk.readText(path)) === content) await disk.remove(path)
    },
  }
}

/** Eight letters and digits that nobody else has. */
export const nonce = (): string => crypto.randomUUID().slice(0, 8)

/** Whether the owner of a lock is gone; a lock that is no longer there is not. */
export async function isAbandoned(path: string, { disk, self, isRunning }: HubPlatform): Promise<boolean> {
  const entry = await disk.entry(path)
  const text = await disk.readText(path)
  if (!entry || text === undefined) return false
  const age = (Date.now() - entry.modified) / 1000
  const owner = ownerOf(text)
  if (owner?.machine === self.machine) return isRunning(owner.id) ? age > longestPause : true
  return age > longestSilence // another machine's, or not yet written in full
}

function ownerOf(text: string): Owner | undefined {
  try {
    const { machine, id, nonce } = JSON.parse(text) as Partial<Owner>
    return typeof machine === 'string' && Number.isSafeInteger(id) && typeof nonce === 'string'
      ? { machine, id: id as number, nonce }
      : undefined
  } catch {
    return undefined
  }
}

/** Takes away a lock that was found abandoned. If a new one stood in its place by now, that goes back. */
async function breakLock(path: string, platform: HubPlatform): Promise<void> {
  const { disk } = platform
  const aside = `${path}.${nonce()}`
  try {
    await disk.rename(path, aside)
  } catch {
    return // somebody else was faster
  }
  if (!(await isAbandoned(aside, platform))) await disk.hardLink(aside, path).catch(() => false)
  await disk.remove(aside)
}
