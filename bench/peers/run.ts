/**
 * One peer, one network, one process: `node --conditions=genera-source --import tsx bench/peers/run.ts tfjs unet [steps] [warm-up steps]`.
 * Prints the measurement as JSON, on the last line of standard output.
 */
import { isPeer, peers } from './index.js'
import { networks } from './networks.js'

const [peer = '', name, steps = '2', warmup = '1'] = process.argv.slice(2)
const network = networks.find((known) => known === name)
if (!isPeer(peer) || !network) {
  throw new RangeError(
    `Cannot measure "${peer}" "${name}": peers are ${Object.keys(peers).join(', ')}, networks are ${networks.join(', ')}`,
  )
}
const { measure } = await peers[peer]()
const measurement = await measure({ network, steps: Number(steps), warmup: Number(warmup) }).catch((error) => ({
  unavailable: String(error),
}))
console.log(JSON.stringify(measurement))
process.exit() // worker threads of the peers would keep the process alive
