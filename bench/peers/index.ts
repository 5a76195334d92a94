import { execFile } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import type { Measurement, MeasureOptions } from './measurement.js'
import type { Network } from './networks.js'

/** Loaded on demand: each peer runs in a process of its own and should share it with none of the others. */
export const peers = {
  tfjs: () => import('./tfjs.js'),
  jaxjs: () => import('./jaxjs.js'),
  pytorch: () => import('./pytorch.js'),
} satisfies Record<string, () => Promise<{ measure: (options: MeasureOptions) => Promise<Measurement> }>>

export type Peer = keyof typeof peers

export const isPeer = (name: string): name is Peer => Object.hasOwn(peers, name)

/** Measures a peer's training step in a child process. A peer that fails is reported as unavailable, with its error. */
export async function measurePeer(peer: Peer, network: Network, { steps, warmup } = stepsOf[peer]): Promise<Measurement> {
  const run = fileURLToPath(new URL('./run.ts', import.meta.url))
  const argv = ['--conditions=genera-source', '--import', 'tsx', run, peer, network, `${steps}`, `${warmup}`]
  try {
    const { stdout } = await promisify(execFile)(process.execPath, argv, { timeout: 10 * 60_000 })
    return JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '') as Measurement
  } catch (error) {
    return { unavailable: String(error).slice(0, 500) }
  }
}

/** Slow peers get fewer steps. All take three or more, so that their first three losses can be compared. */
const stepsOf: Record<Peer, { steps: number; warmup: number }> = {
  tfjs: { steps: 2, warmup: 1 },
  jaxjs: { steps: 2, warmup: 1 },
  pytorch: { steps: 5, warmup: 2 },
}
