import { spawn } from 'node:child_process'
import { existsSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { builtCommand } from '../processes.js'

export interface ColdStart {
  /** From the start of the process until it has ended, with the picture written. */
  readonly seconds: number
  /** Most memory that the process held at once, in 10^6 bytes. */
  readonly peakMb: number
}

/** The process says at its end how much memory it held. */
const sayPeak = `data:text/javascript,process.on('exit',()=>process.stderr.write('peak '+process.resourceUsage().maxRSS))`

/** One `genera make "…" -o x.png` in a process of its own. */
export async function measureMake(prompt: string, checkpoint: string | undefined): Promise<ColdStart> {
  const built = builtCommand()
  const folder = mkdtempSync(join(tmpdir(), 'genera-cold-'))
  const file = join(folder, 'x.png')
  try {
    const began = performance.now()
    const words = ['make', prompt, '-o', file, '--seed', '7', ...(checkpoint === undefined ? [] : ['--checkpoint', checkpoint])]
    const { code, said } = await ended(['--import', sayPeak, built, ...words])
    const seconds = (performance.now() - began) / 1000
    if (code !== 0 || !existsSync(file)) throw new Error(`Cannot measure a cold start: genera make ended with ${code}: ${said.trim()}`)
    const kibibytes = Number(/peak (\d+)$/.exec(said)?.[1])
    return { seconds, peakMb: (kibibytes * 1024) / 1e6 }
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function ended(words: readonly string[]): Promise<{ code: number | null; said: string }> {
  const child = spawn(process.execPath, words, { stdio: ['ignore', 'ignore', 'pipe'] })
  let said = ''
  child.stderr.on('data', (chunk) => {
    said += chunk
  })
  return new Promise((resolve, reject) => {
    child.on('error', reject)
    child.on('close', (code) => resolve({ code, said }))
  })
}
