import { availableParallelism, cpus } from 'node:os'
import { stableDiffusion } from '../../src/systems/text-to-image/stable-diffusion/system.js'
import { measureMake } from './cold-start.js'

const prompt = 'a red cube left of a shiny blue sphere at sunset'
const coldRuns = 5
const warmPictures = 16

/** What Stable Diffusion promises in figures, with the embedded checkpoint or another one. */
export async function measureStableDiffusion(
  report: (line: string) => void,
  checkpoint: string | undefined,
): Promise<Record<string, unknown>> {
  // Asked first, so that a checkpoint that is missing says so here rather than in a child process.
  const imagesPerSecond = await pace(checkpoint)
  report(`imagesPerSecond: ${imagesPerSecond.toFixed(2)}`)
  const runs = []
  for (let i = 0; i < coldRuns; i++) {
    const run = await measureMake(prompt, checkpoint)
    report(`genera make: ${JSON.stringify(run)}`)
    runs.push(run)
  }
  const seconds = runs.map((run) => run.seconds).sort((a, b) => a - b)
  return {
    machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, Node ${process.version}`,
    coldStartSeconds: seconds[coldRuns >> 1],
    slowestStartSeconds: seconds.at(-1),
    imagesPerSecond,
    peakMb: Math.max(...runs.map((run) => run.peakMb)),
  }
}

/** Pictures a second with everything loaded, one after another, with the steps that are usual. */
async function pace(checkpoint: string | undefined): Promise<number> {
  await stableDiffusion.make({ prompt, seed: 0 }, { checkpoint })
  const began = performance.now()
  for (let seed = 1; seed <= warmPictures; seed++) await stableDiffusion.make({ prompt, seed }, { checkpoint })
  const seconds = (performance.now() - began) / 1000
  await stableDiffusion.dispose()
  return warmPictures / seconds
}
