/** genera's side, in a process of its own: `own.ts qwen FILE CACHE` or `own.ts gpt2 FOLDER`; one line of JSON. */
import { readFileSync } from 'node:fs'
import { causalFamily, decoderOf, ggufFamily, packedDecoder } from '../../src/backbones/language/index.js'
import type { Decoder } from '../../src/generative/language/index.js'
import { isGguf, openCheckpoint } from '../../src/weights/index.js'
import { runScript } from '../processes.js'
import { decoded, longContext, median, prompt, promptLength, shortContext } from './measurement.js'

async function main([kind, location = '', cache = '']: readonly string[]): Promise<object> {
  if (kind === 'pack') {
    const decoder = await openQwen(location, cache)
    await decoder.dispose()
    return {}
  }
  const before = process.memoryUsage().rss
  const decoder = kind === 'qwen' ? await openQwen(location, cache) : await openGpt2(location)
  const short = await decode(decoder, shortContext)
  const resident = process.memoryUsage().rss - before
  const prefill = await readPrompts(decoder)
  const long = kind === 'qwen' ? await decode(decoder, longContext) : undefined
  return {
    prefill,
    decode: 1 / short.seconds,
    contextSlope: long && long.seconds / short.seconds,
    resident,
    tokens: short.tokens,
    setup: `genera, Node ${process.version}`,
  }
}

async function openQwen(location: string, cache: string): Promise<Decoder> {
  const file = await openCheckpoint(location)
  if (!isGguf(file)) throw new Error(`${location} is no GGUF file`)
  return packedDecoder(ggufFamily(file), file, { cache })
}

async function openGpt2(folder: string): Promise<Decoder> {
  return decoderOf(causalFamily(readFileSync(`${folder}/config.json`, 'utf8')), await openCheckpoint(folder))
}

/** The likeliest token after a row, and what the step took in seconds. */
async function step(decoder: Decoder, row: readonly number[]): Promise<{ token: number; seconds: number }> {
  const began = performance.now()
  const logits = (await decoder.next([row])).data as Float32Array
  let token = 0
  for (let i = 1; i < logits.length; i++) if ((logits[i] as number) > (logits[token] as number)) token = i
  return { token, seconds: (performance.now() - began) / 1000 }
}

async function decode(decoder: Decoder, context: number): Promise<{ seconds: number; tokens: number[] }> {
  const row = prompt(context, 1)
  const times: number[] = []
  for (let i = 0; i < decoded; i++) {
    const { token, seconds } = await step(decoder, row)
    row.push(token)
    if (i > 1) times.push(seconds) // the first reads the prompt, the second may grow the caches
  }
  return { seconds: median(times), tokens: row.slice(context, context + 8) }
}

async function readPrompts(decoder: Decoder): Promise<number> {
  const times: number[] = []
  for (let i = 0; i < 4; i++) {
    const { seconds } = await step(decoder, prompt(promptLength, i + 2))
    if (i > 0) times.push(seconds)
  }
  return promptLength / median(times)
}

runScript(main)
