import { describe, expect, test } from 'vitest'
import { type Audio, sampleCount } from './audio.js'
import { readAvProvenance } from './av-tags.js'
import { type Provenance, parseProvenance } from './provenance.js'
import { resample } from './resample.js'
import { type AudioEncoding, decodeAudio, encodeAudio } from './sounds.js'

const provenance: Provenance = { generator: 'genera', version: '0.1.0', system: 'diorama', options: { prompt: 'größe 日本' }, seed: 7 }

/** Two tones with an attack every half second, a different one on each side. */
function sound(sampleRate: number, channels: 1 | 2, seconds = 1.234): Audio {
  const tone = (frequency: number) =>
    Float32Array.from({ length: Math.round(seconds * sampleRate) }, (_, i) => {
      const time = i / sampleRate
      return (
        0.3 * Math.sin(2 * Math.PI * frequency * time) + 0.2 * Math.sin(2 * Math.PI * 2.7 * frequency * time) * Math.exp(-6 * (time % 0.5))
      )
    })
  return { sampleRate, channels: [440, 557].slice(0, channels).map(tone) }
}

/** Signal to noise in decibels, after the level that a lossy encoder turned down is turned up again. */
function quality(found: Audio, original: Audio): number {
  const reference = resample(original, found.sampleRate)
  const pairs = reference.channels.flatMap((channel, c) =>
    [...channel].map((sample, i) => [sample, found.channels[c]?.[i] as number] as const),
  )
  const sum = (of: (sample: number, other: number) => number) => pairs.reduce((total, [sample, other]) => total + of(sample, other), 0)
  const gain = sum((sample, other) => sample * other) / sum((sample) => sample * sample)
  return 10 * Math.log10(sum((sample) => (gain * sample) ** 2) / sum((sample, other) => (other - gain * sample) ** 2))
}

describe('encodeAudio() and decodeAudio()', () => {
  test.each<[AudioEncoding, number, 1 | 2, number]>([
    // Measured: 88, 136, 88, 59, 63, 60, 36 and 39 dB.
    [{ format: 'wav' }, 44_100, 2, 85],
    [{ format: 'wav', bits: 24 }, 22_050, 1, 130],
    [{ format: 'flac' }, 44_100, 2, 85],
    [{ format: 'mp3' }, 44_100, 2, 50],
    [{ format: 'mp3', bitrate: 320_000 }, 48_000, 1, 50],
    [{ format: 'mp3', bitrate: 64_000 }, 16_000, 1, 45],
    [{ format: 'ogg' }, 48_000, 2, 30],
    [{ format: 'ogg' }, 44_100, 1, 30],
  ])('keep the sound of %o at %d Hz in %d channels, to the sample', async (options, sampleRate, channels, decibels) => {
    const original = sound(sampleRate, channels)
    const bytes = await encodeAudio(original, { ...options, provenance })
    const found = await decodeAudio(bytes)
    expect(found.sampleRate).toBe(options.format === 'ogg' ? 48_000 : sampleRate)
    expect(found.channels).toHaveLength(channels)
    expect(sampleCount(found)).toBe(Math.ceil((sampleCount(original) * found.sampleRate) / sampleRate))
    expect(quality(found, original)).toBeGreaterThan(decibels)
    expect(parseProvenance((await readAvProvenance(bytes)) as string)).toEqual(provenance)
    expect(await encodeAudio(original, { ...options, provenance }), 'the same bytes again').toEqual(bytes)
  })

  test('keep floats in WAV and every 16-bit value in WAV and FLAC to the bit', async () => {
    const original = sound(8000, 1)
    expect(await decodeAudio(await encodeAudio(original, { format: 'wav', bits: 32 }))).toEqual(original)
    const values = { sampleRate: 48_000, channels: [Float32Array.from({ length: 65_536 }, (_, i) => (i - 32_768) / 32_768)] }
    expect(await decodeAudio(await encodeAudio(values, { format: 'wav' }))).toEqual(values)
    expect(await decodeAudio(await encodeAudio(values, { format: 'flac' }))).toEqual(values)
  })

  test('clip what 16 bits cannot hold', async () => {
    const loud = { sampleRate: 8000, channels: [Float32Array.from([2, -2])] }
    expect([...((await decodeAudio(await encodeAudio(loud, { format: 'wav' }))).channels[0] as Float32Array)]).toEqual([
      32_767 / 32_768,
      -1,
    ])
  })

  test('take a single sample', async () => {
    for (const format of ['wav', 'flac', 'mp3', 'ogg'] as const) {
      const bytes = await encodeAudio({ sampleRate: 48_000, channels: [Float32Array.from([0.5])] }, { format })
      expect(sampleCount(await decodeAudio(bytes)), format).toBe(1)
    }
  })
})

describe('encodeAudio()', () => {
  const failing = (audio: Audio) => encodeAudio(audio, { format: 'mp3' }).catch((error: Error) => error.message)

  test('says what is wrong with a sound', async () => {
    const samples = Float32Array.from([0, Number.NaN])
    expect(await failing({ sampleRate: 8000, channels: [samples] })).toBe(
      'Cannot write an MP3 sound: expected finite samples, found NaN as sample 1 of channel 0',
    )
    expect(await failing({ sampleRate: 8000, channels: [] })).toBe('Cannot write an MP3 sound: expected one or two channels, found 0')
    expect(await failing({ sampleRate: 8000, channels: [new Float32Array(0)] })).toContain('expected at least one sample, found none')
    expect(await failing({ sampleRate: 8000.5, channels: [new Float32Array(1)] })).toContain('found 8000.5 Hz')
    expect(await failing({ sampleRate: 8000, channels: [new Float32Array(2), new Float32Array(1)] })).toContain('found 1 in channel 1')
  })
})

describe('decodeAudio()', () => {
  test('names the limit, by the header and by what comes out', async () => {
    const wav = await encodeAudio(sound(8000, 1), { format: 'wav' })
    await expect(decodeAudio(wav, { name: 'a.wav', limits: { seconds: 1 } })).rejects.toThrow(
      'Cannot read a.wav: expected at most 1 seconds, found 1.234 seconds. If you trust the file, pass { limits: { seconds: … } }',
    )
    await expect(decodeAudio(wav, { limits: { bytes: 100 } })).rejects.toMatchObject({ code: 'MediaTooLarge', limit: 'bytes' })
    await expect(decodeAudio(wav, { limits: { decodedBytes: 100 } })).rejects.toMatchObject({ limit: 'decodedBytes' })
    // The count of samples in FLAC's header, 36 bits from its 108th on, says "unknown": only decoding tells.
    const flac = await encodeAudio(sound(8000, 1), { format: 'flac' })
    const at = flac.indexOf(0x4c) - 1 + 4 + 4 + 13 // behind "fLaC", a block header and 13 bytes
    flac[at] = (flac[at] as number) & 0xf0
    flac.fill(0, at + 1, at + 5)
    await expect(decodeAudio(flac, { limits: { seconds: 1 } })).rejects.toMatchObject({ code: 'MediaTooLarge', limit: 'seconds' })
    expect(sampleCount(await decodeAudio(flac))).toBe(9872)
  })

  test.each(['wav', 'flac', 'mp3', 'ogg'] as const)('finds a %s cut short', async (format) => {
    const bytes = await encodeAudio(sound(44_100, 1), { format })
    for (const share of [0.02, 0.3, 0.7]) {
      const error: unknown = await decodeAudio(bytes.slice(0, Math.ceil(share * bytes.length)), { name: 'cut' }).catch(
        (cause: unknown) => cause,
      )
      expect(error, String(share)).toMatchObject({ name: 'MediaError', code: expect.stringMatching(/^Media(Truncated|Invalid)$/) })
    }
    await expect(decodeAudio(new Uint8Array(0))).rejects.toMatchObject({ code: 'MediaTruncated' })
  })

  test('says what a file is that it cannot read', async () => {
    await expect(decodeAudio(new TextEncoder().encode('<!doctype html><p>'), { name: 'a.mp3' })).rejects.toMatchObject({
      code: 'MediaUnsupported',
      found: 'an HTML page',
    })
    const wav = await encodeAudio(sound(8000, 1), { format: 'wav' })
    await expect(decodeAudio(wav, { name: 'a.mp3' })).rejects.toMatchObject({ code: 'MediaMisnamed' })
  })

  test('mixes more than two channels to one', async () => {
    // A WAV of four channels, built by hand: one sample of each, at a quarter of the range and below.
    const bytes = new Uint8Array(52)
    const view = new DataView(bytes.buffer)
    bytes.set(new TextEncoder().encode('RIFF....WAVEfmt ....'))
    bytes.set(new TextEncoder().encode('data'), 36)
    for (const [at, value] of [
      [4, 44],
      [16, 16],
      [24, 8000],
      [28, 64_000],
      [40, 8],
    ] as const)
      view.setUint32(at, value, true)
    for (const [at, value] of [
      [20, 1],
      [22, 4],
      [32, 8],
      [34, 16],
      [44, 8192],
      [46, 4096],
    ] as const)
      view.setUint16(at, value, true)
    expect(await decodeAudio(bytes)).toEqual({ sampleRate: 8000, channels: [Float32Array.from([0.09375])] })
  })

  test.each(['wav', 'flac', 'mp3', 'ogg'] as const)('answers every damaged %s with a sound or a MediaError', async (format) => {
    const whole = await encodeAudio(sound(44_100, 1, 0.1), { format, provenance })
    let state = 1
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 40; round++) {
      const bytes = whole.slice()
      for (let i = 0; i <= random(6); i++) bytes[random(round % 2 ? bytes.length : 300)] = random(256)
      const found = await decodeAudio(bytes, { limits: { seconds: 10 } }).catch((error: Error) => error.name)
      expect(typeof found === 'string' ? found : 'a sound').toMatch(/^(MediaError|a sound)$/)
    }
  })
})
