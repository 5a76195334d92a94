import { spawn } from 'node:child_process'
import { builtCommand } from '../processes.js'

/** Seconds from the start of `genera chat` with the decoder that comes with genera until the first piece of its answer. */
export async function firstTokenSeconds(): Promise<number> {
  const built = builtCommand()
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
