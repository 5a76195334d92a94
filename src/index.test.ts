import { createRequire } from 'node:module'
import { expect, it } from 'vitest'
import * as genera from './index.js'

it('genera gives the systems that are built, by name and by looking them up', async () => {
  expect(genera.stableDiffusion.id).toBe('stable-diffusion')
  expect(await genera.findSystem('Stable Diffusion')).toBe(genera.stableDiffusion)
})

it('genera loads no engine and no codec before there is work', () => {
  const loaded = Object.keys(createRequire(import.meta.url).cache)
  expect(loaded.filter((path) => /onnxruntime|sharp|webcodecs/.test(path))).toEqual([])
})
