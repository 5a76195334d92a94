import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, relative } from 'node:path'
import { fileURLToPath } from 'node:url'
import { encode } from 'fast-png'
import { key, type NDArray } from 'genera/graph'
import { draw } from './picture.js'
import { spirals, trainPoints, type Walk } from './points-diffusion.js'

/* `npm run example:points`: trains the model in this process and writes a picture of what it has learnt. */
const file = fileURLToPath(new URL('../../out/points-diffusion.png', import.meta.url))
const data: NDArray = spirals(key(1), 5000)
await mkdir(dirname(file), { recursive: true })

const began = performance.now()
let [lossSum, count] = [0, 0]
for await (const event of trainPoints()) {
  if (event.kind === 'start') console.log(`Training ${event.parameters} parameters for ${event.steps} steps …`)
  if (event.kind === 'step') {
    lossSum += event.loss
    count++
  }
  if (event.kind === 'sample') {
    await writeFile(file, encode(draw(data, event.sample as Walk)))
    const seconds = ((performance.now() - began) / 1000).toFixed(1)
    console.log(`step ${String(event.step).padStart(5)}   loss ${(lossSum / count).toFixed(4)}   ${seconds.padStart(5)} s`)
    ;[lossSum, count] = [0, 0]
  }
}
console.log(`\nThe data (left), what the model makes of noise (right) and the way there (below): ${relative(process.cwd(), file)}`)
