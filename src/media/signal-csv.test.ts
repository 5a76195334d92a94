import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Signal } from './signal.js'
import { decodeSignalCsv, encodeSignalCsv } from './signal-csv.js'
import { decodeText, encodeText } from './text.js'

const signal: Signal = {
  sampleRate: 4,
  channels: [
    { name: 'Fz', unit: 'µV', samples: Float32Array.of(1.5, Number.NaN, 0.1) },
    { name: 'count, "raw"', unit: '', samples: Float32Array.of(0, -1e-20, 3e30) },
  ],
  events: [
    { seconds: 0.25, label: 'blink', duration: 0.2 },
    { seconds: 0.25, label: 'tone, high' },
    { seconds: 0.3, label: 'between' },
    { seconds: 9, label: 'after' },
  ],
}

describe('encodeSignalCsv()', () => {
  it('writes a header with rate and units, a row per sample, and events where they belong', () => {
    expect(decodeText(encodeSignalCsv(signal)).split('\n')).toEqual([
      'seconds [4 Hz],Fz [µV],"count, ""raw""",event,event seconds',
      '0,1.5,0,,',
      '0.25,NaN,-1e-20,blink,0.2',
      '0.25,,,"tone, high",',
      '0.3,,,between,',
      '0.5,0.1,3e+30,,',
      '9,,,after,',
      '',
    ])
  })

  it('refuses channels of different lengths, names that clash and events out of order', () => {
    const channel = (name: string, length = 2) => ({ name, unit: '', samples: new Float32Array(length) })
    const write = (parts: Partial<Signal>) => () => encodeSignalCsv({ sampleRate: 1, channels: [channel('a')], events: [], ...parts })
    expect(write({ channels: [channel('a'), channel('b', 3)] })).toThrow('expected 2 samples in "b", as in the first channel, found 3')
    expect(write({ channels: [channel('a'), channel('a')] })).toThrow('another "a"')
    expect(write({ channels: [channel('a [V]')] })).toThrow('names without brackets')
    expect(write({ channels: [] })).toThrow('expected a channel, found none')
    expect(
      write({
        events: [
          { seconds: 2, label: 'x' },
          { seconds: 1, label: 'y' },
        ],
      }),
    ).toThrow('"y" at 1 seconds')
    expect(write({ sampleRate: 0 })).toThrow(expect.objectContaining({ code: 'MediaInvalid' }))
  })
})

describe('decodeSignalCsv()', () => {
  it('gives back what was written', async () => {
    expect(await decodeSignalCsv(encodeSignalCsv(signal))).toEqual(signal)
  })

  it('gives back any samples bit by bit, at any rate', async () => {
    const samples = fc.float32Array({ minLength: 1, maxLength: 20, noNaN: false })
    await fc.assert(
      fc.asyncProperty(samples, fc.double({ min: 1e-3, max: 1e5, noNaN: true }), async (values, sampleRate) => {
        const finite = values.map((value) => (Math.abs(value) === Infinity ? 0 : value))
        const channels = [{ name: 'a', unit: 'V', samples: finite }]
        expect(await decodeSignalCsv(encodeSignalCsv({ sampleRate, channels, events: [] }), { limits: { seconds: Infinity } })).toEqual({
          sampleRate,
          channels: [{ name: 'a', unit: 'V', samples: finite }],
          events: [],
        })
      }),
      { numRuns: 50 },
    )
  })

  it('finds the rate of a stranger from its times', async () => {
    const { sampleRate, channels } = await decodeSignalCsv(encodeText('time,A,B [mV]\n10.000,1,2\n10.033,3,4\n10.067,5,6\n10.100,7,8\n'))
    expect(sampleRate).toBe(30)
    expect(channels).toEqual([
      { name: 'A', unit: '', samples: Float32Array.of(1, 3, 5, 7) },
      { name: 'B', unit: 'mV', samples: Float32Array.of(2, 4, 6, 8) },
    ])
  })

  it.each([
    ['seconds,A\n0,1\n1,2\n5,3\n', 'seconds that grow evenly'],
    ['seconds,A\n0,1\n1,0x10\n', 'expected a sample of "A" in row 2, found "0x10"'],
    ['seconds,A\n0,1\n1,\n', 'a sample of "A" in row 2'],
    ['frequency,A\n0,1\n', 'expected a first column of seconds, found "frequency"'],
    ['seconds,event\n0,x\n', 'a column of samples'],
    ['seconds,A\n', 'expected a sample, found none'],
    ['seconds,A\n0,1,2\n', 'line 2'],
  ])('refuses %j', async (text, sentence) => {
    await expect(decodeSignalCsv(encodeText(text))).rejects.toThrow(sentence)
  })

  it('keeps to the limits', async () => {
    await expect(decodeSignalCsv(encodeSignalCsv(signal), { limits: { seconds: 0.5 } })).rejects.toMatchObject({ limit: 'seconds' })
    await expect(decodeSignalCsv(encodeSignalCsv(signal), { limits: { decodedBytes: 8 } })).rejects.toMatchObject({ limit: 'decodedBytes' })
  })
})
