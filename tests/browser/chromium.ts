import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { type Browser, chromium } from 'playwright-core'

const places = [
  process.env.GENERA_CHROMIUM,
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
]

export const chromiumPath = places.find((path) => path && existsSync(path))

/** Chromium's Vulkan driver in software, with which WebGPU runs on machines without a GPU. */
export const softwareGpu = [process.env.VK_DRIVER_FILES, ...['/usr/lib/chromium', '/usr/lib/chromium-browser', '/opt/google/chrome', dirname(chromiumPath ?? '/')].map((folder) => join(folder, 'vk_swiftshader_icd.json'))].find((path) => path && existsSync(path))

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
