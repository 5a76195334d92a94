/** genera's side, in a process of its own: `own.ts FOLDER`, or `own.ts FOLDER once` for the sessions alone; one line of JSON. */
import { join } from 'node:path'
import { array, type NDArray, type Runtime, scalar, sharedRuntime } from '../../../src/graph/index.js'
import { fromCheckpoint } from '../../../src/nn/index.js'
import { compileNetworks } from '../../../src/systems/text-to-image/stable-diffusion/networks.js'
import { openCheckpoint } from '../../../src/weights/index.js'
import { runScript } from '../../processes.js'
import { size } from './checkpoint.js'
import { calls, cells, type FullFigures, median, type Network, places, randomStretch, tokens } from './measurement.js'

export interface OwnFigures extends FullFigures {
  /** From the call of a network to the start of its program, in seconds: tracing and the session's creation. */
  readonly sessions: Readonly<Record<Network, number>>
}

async function main([folder = '', once]: readonly string[]): Promise<OwnFigures> {
  const scope = async (part: string) => fromCheckpoint(await openCheckpoint(join(folder, part)))
  const scopes = { text_encoder: await scope('text_encoder'), unet: await scope('unet'), vae: await scope('vae') }
  const { runtime, started } = observed(await sharedRuntime())
  const networks = compileNetworks({ name: 'random weights', scopes, size }, runtime)
  const { value: sized, release } = networks.ofSize({ width: 8 * cells, height: 8 * cells })
  const sessions: Partial<Record<Network, number>> = {}

  async function measure(
    network: Network,
    call: () => Promise<NDArray>,
  ): Promise<{ seconds: number; samples: number[]; data: Float32Array }> {
    const before = performance.now()
    let result = await call()
    sessions[network] = (started() - before) / 1000
    const seconds: number[] = []
    for (let i = 0; i < (once ? 0 : calls[network]); i++) {
      const began = performance.now()
      result = await call()
      seconds.push((performance.now() - began) / 1000)
    }
    const data = result.cast('float32').data
    return { seconds: median(seconds), samples: places.map((place) => data[Math.floor(place * data.length)] as number), data }
  }

  const latents = (seed: number): NDArray => array(randomStretch(4 * cells ** 2, seed), { shape: [1, 4, cells, cells] })
  const words = { tokens: array(tokens, { dtype: 'int32', shape: [1, tokens.length] }) }
  const text = await networks.readText.hold((read) => measure('text', async () => (await read(words)).states))
  const context = array(Float32Array.of(...text.data, ...text.data), { shape: [2, tokens.length, size.unet.context] })
  const guidance = { scale: scalar(7.5) } // of two equal texts: what comes out is either pass
  const unet = await measure('unet', () => sized.predict({ sample: latents(2), time: array([500]), context, guidance }))
  const vae = await sized.decodePicture.hold((decode) => measure('vae', () => decode(latents(3))))
  await release()
  return {
    text: text.seconds,
    unet: unet.seconds,
    vae: vae.seconds,
    sessions: sessions as Record<Network, number>,
    peak: process.resourceUsage().maxRSS * 1024,
    setup: `genera, ${runtime.name}, Node ${process.version}`,
    samples: { text: text.samples, unet: unet.samples, vae: vae.samples },
  }
}

/** A runtime that remembers when a program last began to run. */
function observed(inner: Runtime): { readonly runtime: Runtime; readonly started: () => number } {
  let at = 0
  const runtime: Runtime = {
    ...inner,
    load: async (...given) => {
      const session = await inner.load(...given)
      const run: typeof session.run = (...values) => {
        at = performance.now()
        return session.run(...values)
      }
      return { run, dispose: () => session.dispose() }
    },
  }
  return { runtime, started: () => at }
}

runScript(main)
