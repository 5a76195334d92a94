import { describe, expect, test } from 'vitest'
import { type Material, materials, type Shape, shapes, sizes } from '../scene.js'
import { hitSound } from './hit.js'
import { centroid, energyBetween, peak } from './listen.fixture.js'

const sound = (shape: Shape, material: Material, size: 'small' | 'large', impulse = 500): Float32Array =>
  hitSound({ shape, material, size, impulse }).channels[0] as Float32Array

describe('hitSound()', () => {
  test('is lower for a larger object, of every shape and material', () => {
    for (const shape of shapes)
      for (const material of materials)
        expect(centroid(sound(shape, material, 'large'), 24000), `${material} ${shape}`).toBeLessThan(
          0.75 * centroid(sound(shape, material, 'small'), 24000),
        )
  })

  test('rings long for metal, shorter for glass, hardly for what is matte', () => {
    for (const shape of shapes) {
      // The share of the energy that comes after the first fifth of a second.
      const [matte, glass, metal] = (['matte', 'glass', 'metal'] as const).map((material) => {
        const samples = sound(shape, material, 'small')
        return energyBetween(samples, 4800, samples.length) / energyBetween(samples, 0, samples.length)
      }) as [number, number, number]
      expect(matte).toBeLessThan(1e-4)
      expect(glass).toBeGreaterThan(10 * matte)
      expect(metal).toBeGreaterThan(3 * glass)
    }
  })

  test('is brighter for glass than for what is matte', () => {
    for (const shape of shapes)
      expect(centroid(sound(shape, 'glass', 'small'), 24000)).toBeGreaterThan(2 * centroid(sound(shape, 'matte', 'small'), 24000))
  })

  test('is louder and brighter for a harder blow', () => {
    const [soft, hard] = [sound('cube', 'metal', 'small', 20), sound('cube', 'metal', 'small', 2000)]
    expect(peak(hard)).toBeGreaterThan(1.5 * peak(soft))
    expect(centroid(hard, 24000)).toBeGreaterThan(1.03 * centroid(soft, 24000))
  })

  test('begins at once, ends in silence and never clips, whatever hits what', () => {
    for (const shape of shapes)
      for (const material of materials)
        for (const size of sizes) {
          const samples = sound(shape, material, size, 1e6)
          expect(peak(samples)).toBeLessThan(1)
          expect(peak(samples)).toBeGreaterThan(0.1)
          expect(peak(samples.subarray(0, 120))).toBeGreaterThan(0.2 * peak(samples))
          expect(peak(samples.subarray(-24))).toBeLessThan(1e-3)
        }
  })

  test('is the same for the same seed, and a little different for another', () => {
    const blow = { shape: 'cone', material: 'glass', size: 'large', impulse: 300 } as const
    expect(hitSound(blow, { seed: 4 })).toEqual(hitSound(blow, { seed: 4 }))
    expect(hitSound(blow, { seed: 4 })).not.toEqual(hitSound(blow, { seed: 5 }))
    expect(hitSound(blow, { sampleRate: 48000 }).channels[0]?.length).toBeCloseTo(2 * (hitSound(blow).channels[0]?.length as number), -1)
  })

  test('refuses impulses and rates that are none', () => {
    const blow = { shape: 'cone', material: 'glass', size: 'large', impulse: 300 } as const
    expect(() => hitSound({ ...blow, impulse: Number.NaN })).toThrow('Cannot strike the cone with an impulse of NaN N·s: it is 0 or more')
    expect(() => hitSound(blow, { sampleRate: 1e9 })).toThrow('Cannot make sound at 1000000000 samples a second')
  })
})
