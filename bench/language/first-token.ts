import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

/** As it is installed: built, without the help of a compiler. */
const built = fileURLToPath(new URL('../../dist/cli/main.node.js', import.meta.url))

/** Seconds from the start of `genera chat` with the decoder that comes with genera until the first piece of its answer. */
export async function firstTokenSeconds(): Promise<number> {
  if (!existsSync(built)) throw new Error(`Cannot measure a first token: ${built} is not there. Build it first: npm run build`)
  const began = performance.now()
  const child = spawn(
    process.execPath,
    [built, 'chat', 'How many cubes are there?', '--system', 'Scene: snow, day, photo', '--seed', '1'],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
    },
  )
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.stdout.once('data', () => {
      resolve((performance.now() - began) / 1000)
      child.kill()
    })
    child.on('close', (code) => reject(new Error(`Cannot measure a first token: genera chat ended with ${code}: ${said.trim()}`)))
  })
}
