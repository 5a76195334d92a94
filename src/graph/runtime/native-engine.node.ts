import type { Env, InferenceSession } from 'onnxruntime-web'
import { engine, type OrtModule } from './onnx-runtime.js'
import type { Device, Loadable, Runtime, RuntimeOptions } from './runtime.js'

interface NativeModule extends OrtModule {
  readonly env: Env
  listSupportedBackends(): readonly { readonly name: string; readonly bundled: boolean }[]
}

/** ONNX Runtime's native build, or why there is none: it is optional, and has no binary for some platforms (Intel Macs, musl). */
export async function loadNative(): Promise<NativeModule | { readonly missing: string; readonly cause: unknown }> {
  try {
    const ort = (await import('onnxruntime-node')) as unknown as NativeModule
    ort.env.logLevel = 'fatal'
    return ort
  } catch (cause) {
    const installed = (cause as { code?: string }).code !== 'ERR_MODULE_NOT_FOUND'
    const missing = installed
      ? `onnxruntime-node does not load on ${process.platform} ${process.arch}`
      : 'onnxruntime-node is not installed'
    return { missing, cause }
  }
}

/** A runtime over ONNX Runtime's native build, in this process. */
export function nativeEngine(ort: NativeModule, device: Device, { threads, spin = true }: RuntimeOptions): Runtime {
  return engine(ort, {
    name: `onnxruntime-node ${device}${threads ? `, ${threads} thread${threads === 1 ? '' : 's'}` : ''}`,
    device,
    session: {
      executionProviders: [device],
      ...(threads && { intraOpNumThreads: threads }),
      logSeverityLevel: 4, // what would be logged is thrown
      extra: { session: { intra_op: { allow_spinning: spin ? '1' : '0' } } },
    },
    memory: device === 'webgpu' ? 'device' : 'shared',
    handsOutCopies: device === 'cpu',
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
