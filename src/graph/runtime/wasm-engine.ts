import type { Env } from 'onnxruntime-web'
import { type EngineOptions, engine, type OrtModule } from './onnx-runtime.js'
import type { Runtime, RuntimeOptions } from './runtime.js'

/** The builds of onnxruntime-web. */
export interface WebModule extends OrtModule {
  readonly env: Env
}

interface WasmOptions extends Pick<RuntimeOptions, 'wasmPaths'> {
  readonly device: 'wasm' | 'webgpu'
  /** One pool serves every program of the page or process: the first runtime settles its size. */
  readonly threads: number
  /** Said after the engine's name: why it is this one, or why it has one thread. */
  readonly note?: string | undefined
  readonly external: EngineOptions['external']
}

/** A runtime over ONNX Runtime compiled to WebAssembly, which also drives WebGPU in a browser. */
export function wasmEngine(ort: WebModule, { device, threads, wasmPaths, note, external }: WasmOptions): Runtime {
  const { wasm } = ort.env
  wasm.numThreads ||= threads
  if (wasmPaths !== undefined) wasm.wasmPaths = wasmPaths
  ort.env.logLevel = 'fatal'
  return engine(ort, {
    name: `onnxruntime-web ${device}, ${wasm.numThreads} thread${wasm.numThreads === 1 ? '' : 's'}${note ? ` (${note})` : ''}`,
    device,
    session: { executionProviders: [device], logSeverityLevel: 4 }, // what would be logged is thrown
    memory: device === 'webgpu' ? 'device' : 'copied',
    oneAtATime: true, // a WebGPU program is suspended while the GPU works, and the engine does not let another in
    external,
  })
}

/** Half of the logical cores, because two of them usually share one: but both of two, and 8 at most. */
export const defaultThreads = (logicalCores: number): number => Math.min(8, Math.max(Math.min(2, logicalCores), logicalCores >> 1))
