import { RuntimeError } from './runtime.js'

/** What an engine says, and what to do about it. */
const advice: readonly (readonly [said: RegExp, hint: string])[] = [
  [
    /Failed to get a WebGPU adapter/,
    "WebGPU needs a driver for Vulkan, Metal or Direct3D 12: install one, or use device 'cpu'. Chromium ships one in software for tests: set VK_DRIVER_FILES to its vk_swiftshader_icd.json",
  ],
  [
    /bad_alloc|BFCArena|Failed to allocate memory|out of memory|memory access out of bounds/i,
    'There is not enough memory: use a smaller batch or a smaller model',
  ],
  [/External data path|external data|External initializer/i, 'Is the file still where it was when the program was traced?'],
  [/device.*(is|was) lost|Device lost/i, 'Start a new runtime; what lived on the device is gone'],
]

/** An engine's failure as one sentence: the engine's own source paths and trailing newlines are left out. */
export function engineError(running: string, doing: string | undefined, cause: unknown): RuntimeError {
  if (cause instanceof RuntimeError) return cause
  const said = (cause instanceof Error ? cause.message : `it threw ${String(cause)}`)
    .replace(/\/onnxruntime_src\/\S+:\d+ .*? was false\. /s, '')
    .trim()
  const [, hint] = advice.find(([pattern]) => pattern.test(said)) ?? []
  return new RuntimeError(running, doing ? `${doing}: ${said}` : said, hint, { cause })
}
