import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { lastLine } from '../../processes.js'
import { writeFullCheckpoint } from './checkpoint.js'
import { calls, cells, type FullFigures, type Network, places, randomStretch, threads, tokens } from './measurement.js'
import type { OwnFigures } from './own.js'
import { program } from './pytorch.js'

type Report = (line: string) => void

/** How far numbers of the two engines may lie apart, as a part of the largest. */
const tolerance = 1e-3

/**
 * Stable Diffusion 1.5 at its full size, with weights at random, at 512×512 px. Ratios above 1 mean that genera is faster, but that of the
 * memory is ours by theirs. Each engine has a process of its own.
 */
export async function measureFull(report: Report): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'genera-full-'))
  try {
    await writeFullCheckpoint(folder)
    report('weights at random are written')
    const own = await measureOwn(folder)
    report(`genera: ${JSON.stringify(own)}`)
    const again = await measureOwn(folder, 'once')
    report(`genera, again: ${JSON.stringify(again)}`)
    const peer = await measurePeer(folder, report)
    if (peer) compare(own, peer)
    return {
      machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, Node ${process.version}`,
      vs: {
        unet: peer && peer.unet / own.unet,
        vae: peer && peer.vae / own.vae,
        text: peer && peer.text / own.text,
        memory: peer && own.peak / peer.peak,
      },
      sessionSeconds: { first: total(own), cached: total(again) },
      unetSeconds: own.unet,
      vaeSeconds: own.vae,
      textSeconds: own.text,
      peakMb: own.peak / 1e6,
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

const total = ({ sessions }: OwnFigures): number => sessions.text + sessions.unet + sessions.vae

async function measureOwn(folder: string, ...words: readonly string[]): Promise<OwnFigures> {
  const path = fileURLToPath(new URL('own.ts', import.meta.url))
  const argv = ['--conditions=genera-source', '--import', 'tsx', path, folder, ...words]
  const env = { ...process.env, GENERA_DEVICE: 'cpu', GENERA_THREADS: String(threads), XDG_CACHE_HOME: join(folder, 'cache') }
  return lastLine<OwnFigures>((await promisify(execFile)(process.execPath, argv, { env, timeout: 20 * 60_000 })).stdout)
}

async function measurePeer(folder: string, report: Report): Promise<FullFigures | null> {
  const python = process.env.GENERA_PYTHON
  if (!python) {
    report('PyTorch: not measured, GENERA_PYTHON names no Python that has PyTorch, diffusers and transformers')
    return null
  }
  const [noise, latents] = [2, 3].map((seed) => [...randomStretch(4 * cells ** 2, seed)])
  const spec = join(folder, 'spec.json')
  await writeFile(spec, JSON.stringify({ threads, calls, cells, places, tokens, noise, latents }))
  const { stdout } = await promisify(execFile)(python, ['-c', program, folder, spec], { timeout: 20 * 60_000 })
  const peer = lastLine<FullFigures>(stdout)
  report(`PyTorch: ${JSON.stringify(peer)}`)
  return peer
}

/** That the two ran the same networks: otherwise their times say nothing. */
function compare(own: FullFigures, peer: FullFigures): void {
  for (const network of ['text', 'unet', 'vae'] as const satisfies readonly Network[]) {
    const [ours, theirs] = [own.samples[network], peer.samples[network]]
    const scale = Math.max(...theirs.map(Math.abs))
    if (ours.every((value, i) => Math.abs(value - (theirs[i] as number)) <= tolerance * scale)) continue
    throw new Error(`Cannot compare with PyTorch: its ${network} gives ${theirs.join(', ')}, ours ${ours.join(', ')}`)
  }
}
