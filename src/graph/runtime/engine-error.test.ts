import { expect, test } from 'vitest'
import { engineError } from './engine-error.js'
import { RuntimeError } from './runtime.js'

test('engineError() leaves the path of a source file of the engine out and says which driver is missing', () => {
  const said =
    '/onnxruntime_src/onnxruntime/core/providers/webgpu/webgpu_context.cc:136 onnxruntime::webgpu::WebGpuContext::Initialize(const Config&)::<lambda()> adapter_result.status == Success was false. Failed to get a WebGPU adapter: No supported adapters\n'
  expect(engineError('the painter', 'onnxruntime-node webgpu does not load it', new Error(said)).message).toMatch(
    /^Cannot run the painter: onnxruntime-node webgpu does not load it: Failed to get a WebGPU adapter: No supported adapters\. WebGPU needs a driver for Vulkan/,
  )
})

test('engineError() suggests a smaller batch where memory has run out', () => {
  const cause = new Error('BFCArena::AllocateRawInternal Failed to allocate memory for requested buffer of size 4000000000')
  const error = engineError('a training step', undefined, cause)
  expect(error.hint).toBe('There is not enough memory: use a smaller batch or a smaller model')
  expect(error.cause).toBe(cause)
})

test('engineError() passes on what is a sentence already, and takes thrown values that are no errors', () => {
  const sentence = new RuntimeError('a program', 'an array that it needs was disposed')
  expect(engineError('the painter', undefined, sentence)).toBe(sentence)
  expect(engineError('the painter', undefined, 42).message).toBe('Cannot run the painter: it threw 42')
})
