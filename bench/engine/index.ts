import { availableParallelism, cpus } from 'node:os'
import { measurePeer } from '../peers/index.js'
import { flopsPerStep, type Network, networks } from '../peers/networks.js'
import { measureDrift, measureOverhead, measureTrace } from './costs.js'
import { measureStep } from './measure.js'

/** Everything that the engine promises in figures, from one run. Ratios above 1 mean that genera is faster. */
export async function measureEngine(report: (line: string) => void): Promise<Record<string, unknown>> {
  const say = <T>(what: string, value: T): T => {
    report(`${what}: ${JSON.stringify(value)}`)
    return value
  }
  const overhead = say('overhead', await measureOverhead())
  const traceMs = say('traceMs', await measureTrace())
  const own = { transformer: await measureStep('transformer'), unet: await measureStep('unet') }
  for (const network of networks) {
    const { losses, ...figures } = own[network]
    say(`${network} training`, { ...figures, losses: losses.slice(0, 3) })
  }
  const rssDrift = say('rssDrift', await measureDrift())

  const against = async (peer: 'tfjs' | 'jaxjs' | 'pytorch', network: Network): Promise<number | null> => {
    const measured = await measurePeer(peer, network)
    say(`${peer} ${network}`, measured)
    if (measured.unavailable !== undefined) return null
    requireSameNetwork(peer, network, own[network].losses, measured.losses)
    // The machine may have changed its pace since: genera's step is measured again right beside the peer's.
    const { secondsPerStep } = await measureStep(network, { warmup: 2, steps: 5 })
    return measured.secondsPerStep / secondsPerStep
  }
  const vs = {
    tfjs: { transformer: await against('tfjs', 'transformer'), unet: await against('tfjs', 'unet') },
    jaxjs: { transformer: await against('jaxjs', 'transformer'), unet: await against('jaxjs', 'unet') },
    pytorch: process.env.GENERA_PYTHON
      ? { transformer: await against('pytorch', 'transformer'), unet: await against('pytorch', 'unet') }
      : null,
  }
  const training = (network: Network): object => {
    const { losses: _, ...figures } = own[network]
    return { ...figures, gflopPerStep: flopsPerStep(network) / 1e9 }
  }
  return {
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, Node ${process.version}`,
    transformerTrain: training('transformer'),
    unetTrain: training('unet'),
    vs,
    overhead,
    traceMs,
    rssDrift,
  }
}

/** A comparison of speeds means something only if both train the same network: the first losses must agree. */
function requireSameNetwork(peer: string, network: Network, own: readonly number[], other: readonly number[]): void {
  const differs = other.slice(0, 3).findIndex((loss, i) => Math.abs(loss - (own[i] as number)) > 1e-3 * Math.abs(loss))
  if (differs >= 0)
    throw new Error(
      `Cannot compare with ${peer}: its loss of step ${differs} on the ${network} is ${other[differs]}, genera's is ${own[differs]}`,
    )
}
