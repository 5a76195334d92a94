import type { Browser } from 'playwright-core'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { childRuntime } from '../../src/graph/runtime/child.node.js'
import { startRuntime } from '../../src/graph/runtime/platform.node.js'
import type { Runtime } from '../../src/graph/runtime/runtime.js'
import { chromiumPath, launchChromium, noChromium, noSoftwareGpu, softwareGpu } from './chromium.js'
import type { Page } from './page.js'
import { type TrainingRun, train } from './program.js'
import { type Site, serveSite } from './site.js'
import { openTab, type Tab } from './tab.js'

// One training program, five engines: the losses of all have to agree with those of ONNX Runtime on the CPU.

const minutes = 60_000
const tolerance = 1e-3

let reference: TrainingRun
beforeAll(async () => {
  reference = await train(await startRuntime('cpu'))
})

function expectSameTraining({ losses, checksum }: TrainingRun): void {
  const relative = [...losses, checksum].map((value, i) => Math.abs(value / ([...reference.losses, reference.checksum][i] as number) - 1))
  expect(relative).toHaveLength(reference.losses.length + 1)
  expect(Math.max(...relative)).toBeLessThan(tolerance)
}

async function trainOn(runtime: Runtime): Promise<TrainingRun> {
  const run = await train(runtime)
  await runtime.dispose()
  return run
}

describe('training in Node', () => {
  test('on cpu learns the text', () => {
    const { losses } = reference
    expect(losses.every((loss, i) => i === 0 || loss < (losses[i - 1] as number))).toBe(true)
    expect(losses.at(-1)).toBeLessThan(0.3 * (losses[0] as number))
  })

  test('on wasm takes the same course', async () => expectSameTraining(await trainOn(await startRuntime('wasm'))))

  test('on cpu in a child process takes the same course', async () =>
    expectSameTraining(await trainOn(await childRuntime({ device: 'cpu' }))))

  test('on webgpu takes the same course', { timeout: 2 * minutes }, async ({ skip }) => {
    if (!softwareGpu) skip(noSoftwareGpu)
    process.env.VK_DRIVER_FILES ??= softwareGpu
    expectSameTraining(await trainOn(await childRuntime({ device: 'webgpu' })))
  })
})

describe.skipIf(!chromiumPath)(`training in Chromium${chromiumPath ? '' : ` (${noChromium})`}`, () => {
  let site: Site
  let browser: Browser
  let tab: Tab<Page>
  const tabs: Tab<Page>[] = []

  beforeAll(async () => {
    site = await serveSite({ page: './page.ts' })
    browser = await launchChromium(chromiumPath as string)
    tab = await open(site.isolated)
  }, minutes)
  afterAll(async () => {
    await browser?.close()
    site?.close()
  })

  async function open(url: string): Promise<Tab<Page>> {
    const opened = await openTab<Page>(browser, url)
    tabs.push(opened)
    return opened
  }

  test('on wasm with threads takes the same course, under a policy that forbids eval', async () => {
    const run = await tab.call('train', 'wasm')
    expect(run.runtime).toMatch(/^onnxruntime-web wasm, [2-8] threads$/)
    expectSameTraining(run)
  })

  test('on webgpu takes the same course, with arrays that stay on the GPU', { timeout: 2 * minutes }, async () => {
    const run = await tab.call('train', 'webgpu')
    expect(run.runtime).toMatch(/^onnxruntime-web webgpu/)
    expect(run.location).toBe('gpu-buffer')
    expectSameTraining(run)
  })

  test('has one thread where the page is not isolated, and says why', async () => {
    const other = await open(site.open)
    expect(await other.call('start', 'wasm', { threads: 2 })).toBe(
      'onnxruntime-web wasm, 1 thread (threads need a page that is cross-origin isolated)',
    )
    await other.page.close()
  })

  test('fetches the engine from the folder that wasmPaths names', async () => {
    const other = await open(site.isolated)
    const asked: string[] = []
    other.page.on('request', (request) => asked.push(new URL(request.url()).pathname))
    expect(await other.call('start', 'wasm', { threads: 2, wasmPaths: '/engine/' })).toBe('onnxruntime-web wasm, 2 threads')
    expect(asked).toContain('/engine/ort-wasm-simd-threaded.mjs')
    expect(asked).toContain('/engine/ort-wasm-simd-threaded.wasm')
    await other.page.close()
  })

  test('measures its devices once and remembers them in local storage', { timeout: 2 * minutes }, async () => {
    const { devices, remembered } = await tab.call('devices')
    expect([...devices].sort()).toEqual(['wasm', 'webgpu'])
    const [entry] = Object.values(JSON.parse(remembered ?? '{}') as Record<string, { device: string }[]>)
    expect(entry?.map(({ device }) => device)).toEqual(devices)
  })

  test('refuses what a page cannot do with a sentence', async () => {
    expect(await tab.call('start', 'cpu')).toBe("Cannot run anything on cpu: a browser has no such device. Use 'wasm', 'webgpu' or 'auto'")
    expect(await tab.call('loadFile')).toBe(
      'Cannot run the painter: its weights lie in the file "painter.safetensors", which a page cannot open. Read the file into memory first',
    )
  })

  test('leaves no error in the console', () => expect(tabs.flatMap(({ complaints }) => complaints)).toEqual([]))
})
