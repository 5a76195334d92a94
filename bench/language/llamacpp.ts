/** llama.cpp's side, in a process of its own: `llamacpp.ts FILE PACKAGE`; one line of JSON. Two threads, on the processor. */
import { runScript } from '../processes.js'
import { decoded, median, prompt, promptLength, shortContext, threads } from './measurement.js'

interface Sequence {
  evaluate(tokens: readonly number[], options: { readonly temperature: number }): AsyncIterable<number>
  evaluateWithoutGeneratingNewTokens(tokens: readonly number[]): Promise<void>
  clearHistory(): Promise<void>
}
interface Package {
  getLlama(options: object): Promise<{
    readonly systemInfo: string
    loadModel(options: object): Promise<{ createContext(options: object): Promise<{ getSequence(): Sequence }> }>
  }>
}

async function main([file = '', location = '']: readonly string[]): Promise<object> {
  const { getLlama } = (await import(location)) as Package
  const llama = await getLlama({ gpu: false, build: 'never', logLevel: 'error', maxThreads: threads })
  const model = await llama.loadModel({ modelPath: file, gpuLayers: 0 })
  const context = await model.createContext({ contextSize: 1024, batchSize: promptLength, threads, sequences: 1 })
  const sequence = context.getSequence()

  const reads: number[] = []
  for (let i = 0; i < 4; i++) {
    await sequence.clearHistory()
    const began = performance.now()
    // The last token is read together with the question for the next one, as ours does.
    for await (const _ of sequence.evaluate(prompt(promptLength, i + 2), { temperature: 0 })) break
    if (i > 0) reads.push((performance.now() - began) / 1000)
  }

  await sequence.clearHistory()
  const tokens: number[] = []
  const times: number[] = []
  let began = performance.now()
  for await (const token of sequence.evaluate(prompt(shortContext, 1), { temperature: 0 })) {
    if (tokens.length > 1) times.push((performance.now() - began) / 1000)
    began = performance.now()
    tokens.push(token)
    if (tokens.length === decoded) break
  }
  return {
    prefill: promptLength / median(reads),
    decode: 1 / median(times),
    tokens: tokens.slice(0, 8),
    setup: `llama.cpp, ${llama.systemInfo}`,
  }
}

runScript(main)
