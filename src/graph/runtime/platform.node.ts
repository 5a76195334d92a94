import type { InferenceSession } from 'onnxruntime-web'
import { engine, type OrtModule } from './onnx-runtime.js'
import type { Device, Loadable, Runtime, RuntimeOptions } from './runtime.js'

/** Starts ONNX Runtime in this process. */
export async function startRuntime(device: Device, { threads, spin = true }: RuntimeOptions = {}): Promise<Runtime> {
  const ort = (await import('onnxruntime-node')) as unknown as OrtModule
  return engine(ort, {
    name: `onnxruntime-node ${device}${threads ? `, ${threads} threads` : ''}`,
    device,
    session: {
      executionProviders: [device],
      ...(threads && { intraOpNumThreads: threads }),
      logSeverityLevel: 3,
      extra: { session: { intra_op: { allow_spinning: spin ? '1' : '0' } } },
    },
    memory: device === 'webgpu' ? 'device' : 'shared',
    external,
  })
}

/** Files are opened by the engine itself, below one folder; arrays in memory are handed over by name. */
function external({ external, folder }: Loadable): InferenceSession.SessionOptions {
  return {
    ...(external.length > 0 && { externalData: external.map(({ name, bytes }) => ({ path: name, data: bytes })) }),
    ...(folder !== undefined && { extra: { session: { model_external_initializers_file_folder_path: folder || '/' } } }),
  }
}
