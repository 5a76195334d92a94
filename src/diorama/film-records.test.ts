import { describe, expect, it } from 'vitest'
import { dioramaFilms, storyFrames } from './dataset.js'
import { filmRecords } from './film-records.js'
import { filmFrames } from './motion/frames.js'
import { playStory } from './motion/play.js'
import { satisfiesStory } from './oracle.js'

const options = {
  world: 'simple',
  seed: 2,
  split: 'all',
  size: 12,
  frames: 3,
  sampleRate: 8000,
  actions: 1,
  kinds: ['video', 'sound'],
} as const

describe('filmRecords()', () => {
  it('makes films whose pictures, sound and truth are of one length', () => {
    const { story, video, sound, truth } = filmRecords({ ...options, kinds: ['video', 'sound', 'truth'] })(1)
    expect([video.frames.length, truth.length]).toEqual([3, 3])
    expect(video.frameRate).toBeCloseTo(3 / story.duration, 10)
    expect(sound.channels[0]?.length).toBe(Math.round(story.duration * 8000))
    expect(video.audio).toBe(sound)
    expect(story.actions.length).toBe(1)
  })

  it('tells what happens, truly', () => {
    const record = filmRecords({ ...options, kinds: ['caption'], captionLength: 'long' })
    for (let index = 0; index < 6; index++) {
      const { story, caption, constraints } = record(index)
      expect(satisfiesStory(story, constraints).satisfied, caption).toBe(true)
    }
  })

  it('is a pure function of seed and index', () => {
    const record = filmRecords(options)
    expect(record(4)).toEqual(filmRecords(options)(4))
    expect(record(5).story).not.toEqual(record(4).story)
    expect(filmRecords({ ...options, seed: 3 })(4).story).not.toEqual(record(4).story)
  })

  it('refuses what it does not know', () => {
    expect(() => filmRecords({ ...options, kinds: ['smell' as 'sound'] })).toThrow(
      'Cannot make "smell" of a film: there is video, sound, caption, truth',
    )
    expect(() => filmRecords({ ...options, frames: 0 })).toThrow('Cannot make films of 0 frames: expected a whole number from 1')
  })
})

describe('dioramaFilms()', () => {
  it('gives the same films from threads as from this one', async () => {
    const here = dioramaFilms({ ...options, length: 2, threads: 0 })
    const there = dioramaFilms({ ...options, length: 2, threads: 1 }).prefetch(2)
    for await (const [index, record] of there.entries()) expect(record).toEqual(await here.record(index))
  })
})

describe('storyFrames()', () => {
  it('are the frames of the film', async () => {
    const { story } = filmRecords({ ...options, kinds: [] })(0)
    const view = { frameRate: 2 / story.duration, width: 10, height: 8 }
    const frames = storyFrames(story, { ...view, threads: 0 })
    expect(frames.length).toBe(2)
    expect([await frames.record(0), await frames.record(1)]).toEqual([...filmFrames(playStory(story), view)])
  })
})
