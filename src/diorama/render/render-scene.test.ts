import { describe, expect, it } from 'vitest'
import { inView, project } from '../camera.js'
import { upright } from '../geometry.js'
import { sampleScene } from '../sample.js'
import { colours, type Scene, type SceneObject, settings, shapes, styles, times } from '../scene.js'
import { diorama } from '../worlds.js'
import { instanceMask, renderScene } from './render-scene.js'

const size = { width: 48, height: 48 }
const full = (seed: number): Scene => ({ ...sampleScene(seed, diorama.full), style: 'photo' })

const single = (object: Partial<SceneObject>, rest: Partial<Scene> = {}): Scene => ({
  objects: [{ shape: 'sphere', size: 'large', colour: 'red', material: 'matte', position: [0, 0.7, 0], rotation: upright, ...object }],
  setting: 'studio',
  time: 'day',
  style: 'photo',
  camera: { azimuth: 0.2, elevation: 0.35, distance: 5, target: [0, 0.7, 0], fieldOfView: 0.6 },
  seed: 3,
  ...rest,
})

/** Mean sRGB over the pixels of the first object. */
function meanColour(scene: Scene): [number, number, number] {
  const { image, mask } = renderScene(scene, size)
  const sum = [0, 0, 0, 0]
  for (const [i, instance] of mask.entries()) {
    if (instance !== 1) continue
    for (let c = 0; c < 3; c++) sum[c] = (sum[c] as number) + (image.data[3 * i + c] as number)
    sum[3] = (sum[3] as number) + 1
  }
  return [0, 1, 2].map((c) => (sum[c] as number) / (sum[3] as number)) as [number, number, number]
}

describe('renderScene()', () => {
  it.each(styles)('gives the same bytes for the same scene in the style %s, and others for another seed', (style) => {
    const scene: Scene = { ...sampleScene(2, diorama.full), style, setting: 'meadow' }
    const first = renderScene(scene, size).image.data
    expect(renderScene(scene, size).image.data).toEqual(first)
    expect(renderScene({ ...scene, seed: scene.seed + 1 }, size).image.data).not.toEqual(first)
  })

  it('keeps depth, normals and mask consistent with each other', () => {
    for (let seed = 0; seed < 8; seed++) {
      const scene = full(seed)
      const { depth, normals, mask } = renderScene(scene, size)
      expect(instanceMask(scene, size)).toEqual(mask)
      for (let i = 0; i < mask.length; i++) {
        const length = Math.hypot(normals[3 * i] as number, normals[3 * i + 1] as number, normals[3 * i + 2] as number)
        if (depth[i] === Number.POSITIVE_INFINITY) {
          expect(mask[i]).toBe(0)
          expect(length).toBe(0)
        } else expect(length).toBeCloseTo(1, 5)
        if ((mask[i] as number) > 0) {
          const object = scene.objects[(mask[i] as number) - 1] as SceneObject
          expect(Math.abs((depth[i] as number) - inView(scene.camera, object.position).depth)).toBeLessThan(1.22)
        }
      }
    }
  })

  it('shows the front of a ball at its distance less its radius', () => {
    const scene = single({})
    const { depth } = renderScene(scene, { width: 49, height: 49 })
    expect(depth[24 * 49 + 24]).toBeCloseTo(4.3, 3)
  })

  it.each(shapes)('puts the middle of a %s’s pixels where its middle is projected to', (shape) => {
    const scene = single({ shape })
    const mask = instanceMask(scene, { width: 96, height: 64 })
    const places = [...mask].flatMap((value, i) => (value === 1 ? [[i % 96, Math.floor(i / 96)]] : []))
    const mean = (at: number) => places.reduce((sum, place) => sum + (place[at] as number) + 0.5, 0) / places.length
    const { x, y } = project(scene.camera, [0, 0.7, 0], { width: 96, height: 64 })
    expect(Math.abs(mean(0) - x)).toBeLessThan(2)
    // Cone and pyramid are wider below.
    expect(Math.abs(mean(1) - y)).toBeLessThan(shape === 'cone' || shape === 'pyramid' ? 9 : 2)
  })

  it('keeps every colour nearest to its own name in every setting and light', () => {
    const reference = new Map(colours.map((colour) => [colour, meanColour(single({ colour }))]))
    for (const setting of settings)
      for (const time of setting === 'night city' ? (['night'] as const) : times)
        for (const colour of colours) {
          const seen = meanColour(single({ colour }, { setting, time }))
          const peak = Math.max(...seen)
          const distance = (other: readonly number[]): number => {
            // Light may be dimmer; the mixture of the channels tells the colour, and brightness tells grey ones apart.
            const top = Math.max(...other)
            const hue = seen.reduce((sum, value, i) => sum + (value / peak - (other[i] as number) / top) ** 2, 0)
            return hue + 0.25 * ((peak - top) / 255) ** 2
          }
          const nearest = [...reference].reduce((best, entry) => (distance(entry[1]) < distance(best[1]) ? entry : best))
          expect(`${colour} is ${nearest[0]} (${setting}, ${time})`).toBe(`${colour} is ${colour} (${setting}, ${time})`)
        }
  })

  it('shows in pencil and in pixels what a thing is made of', () => {
    const brightness = (material: SceneObject['material'], style: Scene['style']): number =>
      meanColour(single({ material, colour: 'blue' }, { style })).reduce((a, b) => a + b)
    expect(brightness('glass', 'pencil sketch')).toBeGreaterThan(brightness('matte', 'pencil sketch') + 60)
    expect(brightness('metal', 'pencil sketch')).toBeLessThan(brightness('matte', 'pencil sketch') - 60)

    // A picture of 64 px has a cell per pixel: how much a cell differs from its neighbours in the row, and in the column.
    const roughness = (material: SceneObject['material']): readonly [across: number, down: number] => {
      const scene = single({ material, shape: 'cube' }, { style: 'pixel art' })
      const { image, mask } = renderScene(scene, { width: 64, height: 64 })
      const [across, down] = [1, 64].map((step) => {
        const pairs = [...mask].flatMap((own, i) => (own === 1 && mask[i + step] === 1 ? [i] : []))
        const change = (i: number): number => Math.abs((image.data[3 * i] as number) - (image.data[3 * (i + step)] as number))
        return pairs.reduce((sum, i) => sum + change(i), 0) / pairs.length
      })
      return [across as number, down as number]
    }
    const [matte, metal, glass] = [roughness('matte'), roughness('metal'), roughness('glass')]
    expect(metal[1]).toBeGreaterThan(metal[0] + 15)
    expect(Math.min(...glass)).toBeGreaterThan(Math.max(...matte) + 15)
  })

  it('draws a shadow on the side away from the sun', () => {
    const lit = renderScene(single({ position: [0, 40, 0] }), size).image.data
    const shaded = renderScene(single({}), size).image.data
    let darker = 0
    let brighter = 0
    const mask = instanceMask(single({}), size)
    for (let i = 0; i < mask.length; i++) {
      if (mask[i] !== 0) continue
      const change = (shaded[3 * i + 1] as number) - (lit[3 * i + 1] as number)
      if (change < -12) darker++
      if (change > 12) brighter++
    }
    expect(darker).toBeGreaterThan(40)
    expect(brighter).toBe(0)
  })

  it('renders one world from another camera', () => {
    const scene = full(3)
    const turned = { ...scene.camera, azimuth: scene.camera.azimuth + 2 }
    expect(renderScene(scene, { ...size, camera: turned })).toEqual(renderScene({ ...scene, camera: turned }, size))
  })

  it('reads painted letters: white paint on a red cube', () => {
    const plain = single({ shape: 'cube' }, { camera: { ...single({}).camera, azimuth: 0, elevation: 0 } })
    const painted = { ...plain, objects: [{ ...(plain.objects[0] as SceneObject), decal: { kind: 'text', text: 'X' } as const }] }
    const middle = 3 * (24 * 48 + 24)
    const before = renderScene(plain, size).image.data.subarray(middle, middle + 3)
    const after = renderScene(painted, size).image.data.subarray(middle, middle + 3)
    expect(after[2] as number).toBeGreaterThan((before[2] as number) + 80)
  })

  it('renders a single pixel, and sizes that are no multiple of a cell', () => {
    for (const style of styles) {
      const scene: Scene = { ...sampleScene(1), style }
      expect(renderScene(scene, { width: 1, height: 1 }).image.data).toHaveLength(3)
      expect(renderScene(scene, { width: 131, height: 97 }).image.data).toHaveLength(3 * 131 * 97)
    }
  })

  it('says which size it cannot render', () => {
    expect(() => renderScene(full(1), { width: 0, height: 8 })).toThrow('Cannot render with width 0: it is a whole number from 1 to 4096')
    expect(() => renderScene(full(1), { width: 8, height: 8, samples: 17 })).toThrow('Cannot render with samples 17')
    expect(() => renderScene(full(1), { width: 8, height: 1e9 })).toThrow('Cannot render with height 1000000000')
  })
})
