import { execFile } from 'node:child_process'
import { mkdtemp, rm, stat } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { availableParallelism, cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { lastLine } from '../processes.js'
import { firstTokenSeconds } from './first-token.js'
import { decoded, type LanguagePace, median, prompt, promptLength, shortContext, threads } from './measurement.js'
import { writeGpt2Config, writeQwen } from './models.js'
import { program } from './pytorch.js'

interface OwnPace extends LanguagePace {
  readonly contextSlope?: number
  /** In bytes: what the process holds more than before it opened the model. */
  readonly resident: number
}

/** How often a process is started; the median counts. */
const starts = 5

type Report = (line: string) => void

/** What language decoding promises in figures. Ratios above 1 mean that genera is faster; each engine has a process of its own. */
export async function measureLanguage(report: Report): Promise<Record<string, unknown>> {
  const folder = await mkdtemp(join(tmpdir(), 'genera-language-'))
  try {
    const file = join(folder, 'qwen2.5-0.5b.Q4_0.gguf')
    await writeQwen(file)
    const { size } = await stat(file)
    report(`a model of the shape of Qwen2.5-0.5B with random weights, Q4_0: ${(size / 1e6).toFixed(0)} MB`)
    await inProcess<object>('own.ts', 'pack', file, join(folder, 'cache'))
    const qwen = await inProcess<OwnPace>('own.ts', 'qwen', file, join(folder, 'cache'))
    report(`genera: ${JSON.stringify(qwen)}`)
    const llamacpp = await measureLlamaCpp(file, report)
    const pytorch = await measurePyTorch(folder, report)
    const firsts = []
    for (let i = 0; i < starts; i++) firsts.push(await firstTokenSeconds())
    return {
      machine: `${cpus()[0]?.model.trim()}, ${availableParallelism()} threads, Node ${process.version}`,
      vs: {
        llamacpp: llamacpp && { decode: qwen.decode / llamacpp.decode, prefill: qwen.prefill / llamacpp.prefill },
        pytorch: pytorch && { decode: pytorch.own.decode / pytorch.peer.decode, prefill: pytorch.own.prefill / pytorch.peer.prefill },
      },
      decodeTokensPerSecond: qwen.decode,
      prefillTokensPerSecond: qwen.prefill,
      contextSlope: qwen.contextSlope,
      memoryOverFile: qwen.resident / size,
      firstTokenSeconds: median(firsts),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** The package is found here, or in the folder that GENERA_LLAMACPP names: with all its graphics drivers it is too large to come with the sources. */
async function measureLlamaCpp(file: string, report: Report): Promise<LanguagePace | null> {
  const homes = [import.meta.url, ...(process.env.GENERA_LLAMACPP ? [pathToFileURL(`${process.env.GENERA_LLAMACPP}/x.js`).href] : [])]
  const location = homes.map(packageIn).find((found) => found !== undefined)
  if (location === undefined) {
    report(
      'llama.cpp: not measured, node-llama-cpp is not installed. In a folder of its own: npm install --omit=optional --ignore-scripts node-llama-cpp @node-llama-cpp/linux-x64; then set GENERA_LLAMACPP to it',
    )
    return null
  }
  try {
    const pace = await inProcess<LanguagePace>('llamacpp.ts', file, location)
    report(`llama.cpp: ${JSON.stringify(pace)}`)
    return pace
  } catch (error) {
    report(`llama.cpp: not measured, ${String(error).slice(0, 500)}`)
    return null
  }
}

function packageIn(home: string): string | undefined {
  try {
    return pathToFileURL(createRequire(home).resolve('node-llama-cpp')).href
  } catch {
    return undefined
  }
}

async function measurePyTorch(folder: string, report: Report): Promise<{ own: LanguagePace; peer: LanguagePace } | null> {
  const python = process.env.GENERA_PYTHON
  if (!python) {
    report('PyTorch: not measured, GENERA_PYTHON names no Python that has PyTorch and transformers')
    return null
  }
  writeGpt2Config(folder)
  const prompts = Array.from({ length: 4 }, (_, i) => prompt(promptLength, i + 2))
  const spec = JSON.stringify({ threads, decoded, prompts, short: prompt(shortContext, 1) })
  const run = async (task: string) =>
    lastLine<LanguagePace>((await promisify(execFile)(python, ['-c', program, task, folder, spec])).stdout)
  await run('make')
  const own = await inProcess<LanguagePace>('own.ts', 'gpt2', folder)
  report(`genera, GPT-2: ${JSON.stringify(own)}`)
  const peer = await run('measure')
  report(`PyTorch, GPT-2: ${JSON.stringify(peer)}`)
  if (own.tokens.join() !== peer.tokens.join())
    throw new Error(`Cannot compare with PyTorch: it writes the tokens ${peer.tokens.join()}, genera writes ${own.tokens.join()}`)
  return { own, peer }
}

async function inProcess<Figures>(script: string, ...words: readonly string[]): Promise<Figures> {
  const path = fileURLToPath(new URL(script, import.meta.url))
  const argv = ['--conditions=genera-source', '--import', 'tsx', path, ...words]
  return lastLine<Figures>((await promisify(execFile)(process.execPath, argv, { timeout: 20 * 60_000 })).stdout)
}
