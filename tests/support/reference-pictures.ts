import { cpSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import type { NDArray } from '../../src/graph/index.js'
import type { Image } from '../../src/media/image.js'
import { openCheckpoint } from '../../src/weights/index.js'

const folder = fileURLToPath(new URL('../fixtures/stable-diffusion-xl/', import.meta.url))

/** A small pipeline in the published layout, by its name in the fixtures. */
export const pipelineFolder = (name: string): string => join(folder, name)

const copies = mkdtempSync(join(tmpdir(), 'genera-pipelines-'))
process.on('exit', () => rmSync(copies, { recursive: true, force: true }))
let made = 0

/** A copy of one with some of its files changed. */
export function changedPipeline(name: string, changes: Readonly<Record<string, object>>): string {
  const copy = join(copies, `${name}-${made++}`)
  cpSync(pipelineFolder(name), copy, { recursive: true })
  for (const [file, content] of Object.entries(changes)) writeFileSync(join(copy, file), JSON.stringify(content))
  return copy
}

const results = await openCheckpoint(join(folder, 'results.safetensors'), { inMemory: true })

/** What the reference library made, by name. */
export const referenceResult = (name: string): Promise<NDArray> => results.read(name)

/** The same as a picture. */
export async function referencePicture(name: string): Promise<Image> {
  const { shape, data } = await referenceResult(name)
  const [height, width] = shape as readonly [number, number, number]
  return { width, height, channels: 3, data: Uint8Array.from(data, Number) }
}

/** Asserts that no byte of a picture is more than 2 of 255 off the reference's. */
export const expectPicture = async (found: Image, name: string): Promise<void> =>
  expectSamePicture(found, await referencePicture(name), name)

export function expectSamePicture(found: Image, wanted: Image, name: string): void {
  expect([found.width, found.height]).toEqual([wanted.width, wanted.height])
  const worst = found.data.reduce((most, value, i) => Math.max(most, Math.abs(value - (wanted.data[i] as number))), 0)
  expect(worst, `largest difference from ${name}`).toBeLessThanOrEqual(2)
}
