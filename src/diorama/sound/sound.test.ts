import { describe, expect, test } from 'vitest'
import { playStory } from '../motion/play.js'
import { sampleStory } from '../motion/sample.js'
import { filmOf, standing } from '../motion/stage.fixture.js'
import type { Action } from '../motion/story.js'
import { diorama } from '../worlds.js'
import { energyBetween, peak } from './listen.fixture.js'
import { soundEvents, soundOf } from './sound.js'

const rate = 24000
const dry = (film: ReturnType<typeof filmOf>): readonly [Float32Array, Float32Array] =>
  soundOf(film, { ambience: false }).channels as [Float32Array, Float32Array]
const energy = (samples: Float32Array, from = 0, to = samples.length / rate): number =>
  energyBetween(samples, Math.round(from * rate), Math.round(to * rate))

describe('soundOf()', () => {
  test('strikes within 5 ms of every landing, and not before', () => {
    const film = filmOf([standing('sphere', 0, 0)], [{ script: 'bounce', object: 0, start: 0.3, duration: 1, amount: 1 }])
    const [left] = dry(film)
    const landings = film.contacts.filter(({ kind }) => kind === 'hit')
    expect(landings.length).toBeGreaterThan(4)
    for (const { time } of landings) {
      const before = energy(left, time - 0.005, time - 0.0002)
      expect(energy(left, time, time + 0.005)).toBeGreaterThan(20 * before + 1e-4)
    }
    expect(peak(left.subarray(0, Math.floor((landings[0]?.time as number) * rate)))).toBe(0)
  })

  test('strikes within 5 ms of a blow between two objects', () => {
    const roll: Action = { script: 'roll', object: 0, start: 0, duration: 2, direction: 'right', amount: 3 }
    const film = filmOf([standing('sphere', -1.5, 0), standing('cube', 0.5, 0, { material: 'metal' })], [roll])
    const time = film.contacts.find(({ kind }) => kind === 'hit')?.time as number
    const [left] = dry(film)
    expect(energy(left, time, time + 0.005)).toBeGreaterThan(4 * energy(left, time - 0.005, time))
  })

  test('comes from where the object is seen', () => {
    const jump: Action = { script: 'jump', object: 0, start: 0, duration: 1, amount: 0.5 }
    const [balanceLeft, balanceMiddle, balanceRight] = [-3, 0, 3].map((x) => {
      const [left, right] = dry(filmOf([standing('cube', x, 0)], [jump], 2))
      return energy(right) / (energy(left) + energy(right))
    }) as [number, number, number]
    expect(balanceLeft).toBeLessThan(0.25)
    expect(balanceMiddle).toBeCloseTo(0.5, 9)
    expect(balanceRight).toBeCloseTo(1 - balanceLeft, 6)
  })

  test('moves with what rolls from left to right, and fades as it slows down', () => {
    const roll: Action = { script: 'roll', object: 0, start: 0, duration: 3, direction: 'right', amount: 6 }
    const [left, right] = dry(filmOf([standing('sphere', -3, 0)], [roll], 4))
    expect(energy(left, 0, 0.4)).toBeGreaterThan(2 * energy(right, 0, 0.4))
    expect(energy(right, 1.5, 2.5)).toBeGreaterThan(2 * energy(left, 1.5, 2.5))
    expect(energy(left, 2.5, 3) + energy(right, 2.5, 3)).toBeLessThan(0.3 * (energy(left, 0, 0.5) + energy(right, 0, 0.5)))
    expect(energy(left, 3.05)).toBe(0)
  })

  test('is softer from farther away', () => {
    const jump: Action = { script: 'jump', object: 0, start: 0, duration: 1, amount: 0.5 }
    const [near, far] = [3, -6].map((z) => energy(dry(filmOf([standing('cube', 0, z)], [jump], 2))[0])) as [number, number]
    expect(far).toBeLessThan(0.6 * near)
  })

  test('chimes when something appears', () => {
    const [left] = dry(filmOf([standing('cube', 0, 0)], [{ script: 'appear', object: 0, start: 0.5, duration: 0.3 }], 2))
    expect(energy(left, 0, 0.5)).toBe(0)
    expect(energy(left, 0.5, 0.52)).toBeGreaterThan(1e-3)
  })

  test('is as long as the film, never clips, has no numbers missing and no clicks at its borders, for sampled stories', () => {
    for (let seed = 0; seed < 24; seed++) {
      const film = playStory(sampleStory(seed, diorama.full))
      const { channels } = soundOf(film)
      expect(channels).toHaveLength(2)
      for (const channel of channels) {
        expect(channel.length).toBe(Math.round(film.duration * rate))
        expect(peak(channel)).toBeLessThan(1) // and so is no NaN
        expect(peak(channel)).toBeGreaterThan(0)
        expect(peak(Float32Array.of(...channel.slice(0, 1), ...channel.slice(-1)))).toBe(0)
      }
    }
  })

  test('is the same every time, at any rate', () => {
    const film = playStory(sampleStory(5, diorama.full))
    expect(soundOf(film)).toEqual(soundOf(film))
    expect(soundOf(film, { sampleRate: 44100 }).channels[0]?.length).toBe(Math.round(film.duration * 44100))
  })
})

describe('soundEvents()', () => {
  test('has the times of the contacts, both sides of a blow, and how long what rolls can be heard', () => {
    const actions: Action[] = [
      { script: 'roll', object: 0, start: 0.5, duration: 2, direction: 'right', amount: 3 },
      { script: 'appear', object: 2, start: 1, duration: 0.5 },
    ]
    const film = filmOf([standing('sphere', -1.5, 0), standing('cube', 0.5, 0), standing('cone', 2, -2)], actions)
    const events = soundEvents(film)
    const blow = film.contacts.find(({ kind }) => kind === 'hit')
    expect(
      events
        .filter(({ time }) => time === blow?.time && time > 0)
        .filter(({ kind }) => kind === 'hit')
        .map(({ object }) => object),
    ).toEqual([0, 1])
    expect(events[0]).toMatchObject({ kind: 'roll', time: 0.5, object: 0, duration: (blow?.time as number) - 0.5 })
    expect(events.find(({ kind }) => kind === 'chime')).toMatchObject({ time: 1, object: 2 })
    expect(events.some(({ kind, object }) => kind === 'slide' && object === 1)).toBe(true)
    expect(events.map(({ time }) => time)).toEqual(events.map(({ time }) => time).sort((a, b) => a - b))
    for (const { loudness, pan } of events) {
      expect(loudness).toBeGreaterThan(0)
      expect(loudness).toBeLessThanOrEqual(1)
      expect(Math.abs(pan)).toBeLessThanOrEqual(1)
    }
    expect(events[0]?.pan).toBeLessThan(0)
  })
})
