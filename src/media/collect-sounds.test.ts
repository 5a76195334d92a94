import { readFileSync } from 'node:fs'
import { BufferTarget, EncodedAudioPacketSource, EncodedPacketSink, MkvOutputFormat, Mp4OutputFormat, Output } from 'mediabunny'
import { describe, expect, test } from 'vitest'
import { codecs } from '#codecs'
import { type Audio, sampleCount } from './audio.js'
import { type AvFormat, withInput } from './av-input.js'
import { addPackets, soundPackets, soundRate } from './sound-packets.js'
import { decodeAudio, encodeAudio } from './sounds.js'

/** Two tones, one on each side, that begin at once: an edge in the wrong place shows. */
function sound(sampleRate = soundRate, samples = Math.round(0.7 * sampleRate)): Audio {
  const tone = (pitch: number) => Float32Array.from({ length: samples }, (_, i) => 0.4 * Math.cos((2 * Math.PI * pitch * i) / sampleRate))
  return { sampleRate, channels: [tone(440), tone(557)] }
}

type Codec = 'aac' | 'flac' | 'mp3' | 'opus'

async function contained(
  format: 'mp4' | 'webm',
  codec: Codec,
  fill: (source: EncodedAudioPacketSource) => Promise<void>,
): Promise<Uint8Array> {
  const target = new BufferTarget()
  const output = new Output({ format: format === 'mp4' ? new Mp4OutputFormat({ fastStart: 'in-memory' }) : new MkvOutputFormat(), target })
  const source = new EncodedAudioPacketSource(codec)
  output.addAudioTrack(source)
  await output.start()
  await fill(source)
  await output.finalize()
  return new Uint8Array(target.buffer as ArrayBuffer)
}

async function aac(audio: Audio, format: 'mp4' | 'webm' = 'mp4'): Promise<Uint8Array> {
  await codecs.webCodecs('write', 'a test')
  const packets = await soundPackets(audio, 'aac', 'a test')
  // Matroska knows no time before 0.
  const [first] = packets.packets
  const shift = format === 'webm' ? -(first?.timestamp ?? 0) : 0
  const shifted = packets.packets.map((packet) => packet.clone({ timestamp: packet.timestamp + shift }))
  return contained(format, 'aac', (source) => addPackets(source, { ...packets, packets: shifted }))
}

/** The packets of another file. */
const moved = (bytes: Uint8Array, from: AvFormat, format: 'mp4' | 'webm', codec: Codec): Promise<Uint8Array> =>
  withInput(bytes, from, 'a test', async (input) => {
    const track = await input.getPrimaryAudioTrack()
    if (!track) throw new Error('no sound')
    const decoderConfig = (await track.getDecoderConfig()) as AudioDecoderConfig
    return contained(format, codec, async (source) => {
      for await (const packet of new EncodedPacketSink(track).packets()) await source.add(packet, { decoderConfig })
      source.close()
    })
  })

/** Signal to noise in decibels. */
function quality(found: Audio, original: Audio): number {
  let [signal, noise] = [0, 0]
  for (const [c, channel] of original.channels.entries())
    for (const [i, sample] of channel.entries()) {
      signal += sample ** 2
      noise += (sample - (found.channels[c]?.[i] as number)) ** 2
    }
  return 10 * Math.log10(signal / noise)
}

describe('decodeAudio()', () => {
  test.each([1, 1023, 1024, 1025, 33_600])('gives AAC of %d samples back to the sample', async (samples) => {
    const original = sound(soundRate, samples)
    const found = await decodeAudio(await aac(original))
    expect([found.sampleRate, sampleCount(found), found.channels.length]).toEqual([soundRate, samples, 2])
    if (samples > 2000) expect(quality(found, original)).toBeGreaterThan(34) // measured: 36.7
  })

  test('leaves out the first packet of AAC where the container does not say what it is', async () => {
    const original = sound()
    const found = await decodeAudio(await aac(original, 'webm'))
    expect(sampleCount(found)).toBe(Math.ceil((sampleCount(original) + 1024) / 1024) * 1024 - 1024)
    expect(quality(found, original)).toBeGreaterThan(34) // measured: 36.7
  })

  test.each(['mp4', 'webm'] as const)('decodes FLAC in %s to the bit', async (format) => {
    const flac = await encodeAudio(sound(), { format: 'flac' })
    expect(await decodeAudio(await moved(flac, 'flac', format, 'flac'))).toEqual(await decodeAudio(flac))
  })

  test.each(['mp4', 'webm'] as const)('decodes Opus in %s as in Ogg, but for the end that this Matroska does not mark', async (format) => {
    const ogg = await encodeAudio(sound(), { format: 'ogg' })
    const reference = await decodeAudio(ogg)
    const found = await decodeAudio(await moved(ogg, 'ogg', format, 'opus'))
    expect(sampleCount(found)).toBe(format === 'mp4' ? sampleCount(reference) : 36 * 960 - 312)
    for (const [c, channel] of reference.channels.entries()) expect(found.channels[c]?.subarray(0, channel.length)).toEqual(channel)
  })

  test('decodes MP3 in an MP4 as it stands, with what LAME puts in front', async () => {
    const mp3 = await encodeAudio(sound(), { format: 'mp3' })
    const [reference, found] = [await decodeAudio(mp3), await decodeAudio(await moved(mp3, 'mp3', 'mp4', 'mp3'))]
    const [expected, channel] = [reference.channels[0], found.channels[0]] as [Float32Array, Float32Array]
    expect(channel.subarray(1105, 6105)).toEqual(expected.subarray(0, 5000))
  })

  test('decodes Vorbis in WebM', async () => {
    const bytes = new Uint8Array(readFileSync(new URL('../../tests/fixtures/media/vorbis.webm', import.meta.url)))
    const { sampleRate, channels } = await decodeAudio(bytes)
    expect([sampleRate, channels.map(({ length }) => length)]).toEqual([16_000, [8192]])
    const tone = Float32Array.from({ length: 8000 }, (_, i) => 0.4 * Math.sin((2 * Math.PI * 440 * i) / 16_000))
    expect(quality({ sampleRate, channels }, { sampleRate, channels: [tone] })).toBeGreaterThan(34) // measured: 36.4
  })

  test('ends where the edit list of an MP4 ends', async () => {
    const bytes = await aac(sound())
    const view = Buffer.from(bytes.buffer)
    const at = view.indexOf('elst') + 12
    const ticks = view.readUInt32BE(view.indexOf('mvhd') + 16)
    view.writeUInt32BE(Math.round(0.5 * ticks), at)
    expect(sampleCount(await decodeAudio(bytes))).toBe(Math.round((Math.round(0.5 * ticks) / ticks) * soundRate))
  })

  test('refuses an MP4 whose tables count samples that are not there', async () => {
    const whole = await aac(sound())
    for (const [table, offset] of [
      ['stsc', 16],
      ['stts', 12],
      ['stsz', 12],
    ] as const) {
      const bytes = whole.slice()
      bytes[Buffer.from(bytes).indexOf(table) + offset] = 0x7f
      await expect(decodeAudio(bytes), table).rejects.toMatchObject({ code: 'MediaInvalid', found: expect.stringContaining('can be') })
    }
  })

  test.each(['mp4', 'webm'] as const)('answers AAC that is damaged in %s with a sound or a MediaError', async (format) => {
    const whole = await aac(sound(soundRate, 9600), format)
    const tables = Math.max(0, Buffer.from(whole).indexOf('stsd'))
    let state = 3
    const random = (below: number) => {
      state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
      return Math.floor((state / 2 ** 32) * below)
    }
    for (let round = 0; round < 60; round++) {
      const bytes = whole.slice()
      for (let i = 0; i <= random(6); i++)
        bytes[round % 2 ? random(bytes.length) : Math.min(tables + random(160), bytes.length - 1)] = random(256)
      const found = await decodeAudio(bytes, { limits: { seconds: 10 } }).catch((error: Error) => error.name)
      expect(typeof found === 'string' ? found : 'a sound').toMatch(/^(MediaError|a sound)$/)
    }
  })
})
