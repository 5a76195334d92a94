import { describe, expect, test } from 'vitest'
import { renderScene } from '../render/render-scene.js'
import { filmFrames, filmTruth, frameAt, frameTimes } from './frames.js'
import { filmOf, standing } from './stage.fixture.js'

const size = { width: 32, height: 32 }
const film = filmOf(
  [standing('sphere', -1, 0), standing('cube', 1, 0)],
  [
    { script: 'bounce', object: 0, start: 0.1, duration: 1, amount: 0.5 },
    { script: 'appear', object: 1, start: 1, duration: 0.4 },
  ],
  2,
)

describe('filmFrames()', () => {
  test('has one picture for every tick of its rate, and other rates show the same instants', () => {
    const frames = [...filmFrames(film, { ...size, frameRate: 4 })]
    expect(frames).toHaveLength(8)
    expect([...filmFrames(film, { ...size, frameRate: 2 })]).toEqual(frames.filter((_, i) => i % 2 === 0))
    expect(frames[5]).not.toEqual(frames[0])
  })

  test('blends what appears between the picture without it and the picture with it', () => {
    const scene = film.sceneAt(1.2)
    const [without, withIt] = [{ ...scene, objects: scene.objects.slice(0, 1) }, scene].map((s) => renderScene(s, size).image.data)
    for (const [i, value] of frameAt(film, 1.2, size).data.entries()) {
      const mean = ((without?.[i] as number) + (withIt?.[i] as number)) / 2
      expect(Math.abs(value - mean)).toBeLessThanOrEqual(0.51)
    }
  })

  test('refuses rates without an end', () => {
    expect(() => frameTimes(film, { frameRate: Number.NaN })).toThrow('Cannot take frames of 2 s at NaN a second')
    expect(() => frameTimes(film, { frameRate: 1e9 })).toThrow('1 to 100000 frames')
  })
})

describe('filmTruth()', () => {
  const truth = filmTruth(film, { ...size, frameRate: 10 })

  test('holds every contact in one frame, the one before it', () => {
    expect(truth).toHaveLength(20)
    expect(truth.flatMap(({ contacts }) => contacts)).toEqual(film.contacts)
    for (const { time, contacts } of truth) for (const contact of contacts) expect(contact.time - time).toBeLessThan(0.1)
  })

  test('says who is there, where, how visible, and what is under way', () => {
    expect(truth[0]?.objects.map(({ object }) => object)).toEqual([0])
    expect(truth[12]?.objects[1]).toMatchObject({ object: 1, presence: expect.closeTo(0.5, 9), visible: 1, position: [1, 0.35, 0] })
    expect(truth[2]?.actions).toEqual([0])
    expect(truth[2]?.objects[0]?.position).toEqual(film.sceneAt(0.2).objects[0]?.position)
  })
})
