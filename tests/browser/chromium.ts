import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const programs = [
  process.env.GENERA_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

const found = (paths: readonly (string | undefined)[]): string | undefined => paths.find((path) => path && existsSync(path))

export const chromiumPath = found(programs)
export const noChromium = 'no Chromium in the usual places: install one, or name it in GENERA_CHROMIUM'

const driverFolders = ['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', dirname(chromiumPath ?? '')]

/** Chromium's Vulkan driver in software: with it, WebGPU runs in Node on machines without a GPU. */
export const softwareGpu = found(driverFolders.map((folder) => join(folder, 'vk_swiftshader_icd.json')))
export const noSoftwareGpu = 'no vk_swiftshader_icd.json beside Chromium, so Node has no WebGPU'

/** A headless Chromium whose WebGPU runs in software. */
export function launchChromium(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--headless',
      '--no-sandbox',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
      '--enable-unsafe-webgpu',
      '--enable-features=Vulkan',
      '--use-angle=vulkan',
      '--use-vulkan=swiftshader',
      '--use-webgpu-adapter=swiftshader',
    ],
  })
}
