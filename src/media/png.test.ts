import sharp, { type Sharp } from 'sharp'
import { describe, expect, test } from 'vitest'
import { testImage, testProvenance } from '../../tests/support/media.js'
import { inflatedLength, joined } from './inflate.js'
import type { MediaError } from './media-error.js'
import { decodePng, encodePng } from './png.js'
import { readChunks, readTexts, textChunk, writeChunks } from './png-chunks.js'

const image = testImage(21, 13)
const empty = new Uint8Array(0)

async function deflated(bytes: Uint8Array): Promise<Uint8Array> {
  const stream = new Blob([bytes as BlobPart]).stream().pipeThrough(new CompressionStream('deflate'))
  return new Uint8Array(await new Response(stream).arrayBuffer())
}

/** A PNG whose header says what it likes, around any stream. */
function forged(options: { width?: number; height?: number; depth?: number; type?: number; interlace?: number; stream?: Uint8Array }) {
  const { width = 4, height = 4, depth = 8, type = 2, interlace = 0, stream = empty } = options
  const data = new Uint8Array(13)
  const view = new DataView(data.buffer)
  view.setUint32(0, width)
  view.setUint32(4, height)
  data.set([depth, type, 0, 0, interlace], 8)
  return [
    { type: 'IHDR', data },
    { type: 'IDAT', data: stream },
    { type: 'IEND', data: empty },
  ]
}

const refusal = (bytes: Uint8Array, limits = {}): Promise<MediaError> =>
  decodePng(bytes, { limits, name: 'a.png' }).then(
    () => expect.unreachable(),
    (error) => error,
  )

describe('encodePng() and decodePng()', () => {
  test.each([3, 4] as const)('keep every byte of %d channels', async (channels) => {
    const image = testImage(21, 13, channels)
    expect(await decodePng(encodePng(image))).toEqual(image)
    expect(await decodePng(encodePng(image, { provenance: testProvenance }))).toEqual(image)
  })

  test('write what another decoder reads', async () => {
    const { data, info } = await sharp(encodePng(image, { provenance: testProvenance }))
      .raw()
      .toBuffer({ resolveWithObject: true })
    expect({ width: info.width, height: info.height, channels: info.channels, data: Uint8Array.from(data) }).toEqual(image)
  })

  test('drop an alpha that says nothing', async () => {
    const opaque = { ...testImage(5, 4, 4), data: testImage(5, 4, 4).data.map((value, i) => (i % 4 === 3 ? 255 : value)) }
    expect((await decodePng(encodePng(opaque))).channels).toBe(3)
  })
})

describe('decodePng() reads', () => {
  const source = (channels: 3 | 4 = 3) => sharp(testImage(21, 13, channels).data, { raw: { width: 21, height: 13, channels } })
  const cases: Record<string, () => Sharp> = {
    'two colours, 1 bit': () => source().png({ palette: true, colours: 2 }),
    'four colours, 2 bits': () => source().png({ palette: true, colours: 4 }),
    'sixteen colours, 4 bits': () => source().png({ palette: true, colours: 16 }),
    'a palette with alpha': () => source(4).png({ palette: true }),
    grey: () => source().toColourspace('b-w').png(),
    'grey and alpha': () => source(4).toColourspace('b-w').png(),
    'interlaced colour': () => source().png({ progressive: true }),
    'interlaced colour and alpha': () => source(4).png({ progressive: true }),
    'adaptive filters': () => source().png({ adaptiveFiltering: true }),
  }
  test.each(Object.keys(cases))('%s as another decoder does', async (name) => {
    const bytes = Uint8Array.from(await (cases[name] as () => Sharp)().toBuffer())
    const { data, info } = await sharp(bytes).toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
    const found = await decodePng(bytes)
    const expected = info.channels === 1 ? Uint8Array.from([...data].flatMap((grey) => [grey, grey, grey])) : Uint8Array.from(data)
    expect(found.data).toEqual(expected)
  })

  test('16 bits, rounded to the nearest of 8', async () => {
    const stream = await deflated(Uint8Array.of(0, 0x00, 0x80, 0x80, 0x00, 0xff, 0xff))
    const { data } = await decodePng(writeChunks(forged({ width: 1, height: 1, depth: 16, stream })))
    expect([...data]).toEqual([0, 128, 255])
  })

  test('a transparent colour beside the pixels', async () => {
    const stream = await deflated(Uint8Array.of(0, 1, 2, 3, 4, 5, 6))
    const [header, ...rest] = forged({ width: 2, height: 1, stream })
    const chunks = [header as never, { type: 'tRNS', data: Uint8Array.of(0, 4, 0, 5, 0, 6) }, ...rest]
    expect([...(await decodePng(writeChunks(chunks))).data]).toEqual([1, 2, 3, 255, 4, 5, 6, 0])
  })
})

describe('decodePng() refuses', () => {
  test('a picture larger than the limit, before it looks at a pixel', async () => {
    expect(await refusal(writeChunks(forged({ width: 100_000, height: 100_000 })))).toMatchObject({
      code: 'MediaTooLarge',
      limit: 'pixels',
    })
    expect((await refusal(encodePng(image), { pixels: 272 })).message).toBe(
      'Cannot read a.png: expected at most 272 pixels, found 273 pixels (21 × 13). If you trust the file, pass { limits: { pixels: … } }',
    )
    expect(await refusal(encodePng(image), { bytes: 100 })).toMatchObject({ code: 'MediaTooLarge', limit: 'bytes' })
  })

  test('a stream that unfolds to more than the pixels, without unfolding it', async () => {
    const bomb = await deflated(new Uint8Array(2 ** 26))
    expect(await inflatedLength(bomb, 52)).toBeLessThan(2 ** 22)
    expect(await refusal(writeChunks(forged({ stream: bomb })))).toMatchObject({ code: 'MediaInvalid', found: 'more' })
  })

  test('a stream that unfolds to less', async () => {
    const stream = await deflated(new Uint8Array(51))
    expect(await refusal(writeChunks(forged({ stream })))).toMatchObject({ code: 'MediaTruncated', found: '51' })
    expect(await refusal(writeChunks(forged({})))).toMatchObject({ code: 'MediaTruncated', found: '0' })
  })

  test('a file cut off anywhere', async () => {
    const bytes = encodePng(image)
    for (let length = 8; length < bytes.length; length += 7)
      expect(await refusal(bytes.subarray(0, length)), `${length}`).toMatchObject({ code: 'MediaTruncated' })
  })

  test('a flood of chunks', async () => {
    const chunk = { type: 'teSt', data: empty }
    const [header, ...rest] = forged({})
    const flood = writeChunks([header as never, ...new Array(70_000).fill(chunk), ...rest])
    expect(await refusal(flood)).toMatchObject({ code: 'MediaTooLarge', expected: 'at most 65,536 chunks' })
  })

  test('a length that reaches behind the end, a changed byte, a header that contradicts itself', async () => {
    const bytes = encodePng(image)
    const lying = Uint8Array.from(bytes)
    lying[33] = 0x7f // The length of the chunk behind the header.
    expect(await refusal(lying)).toMatchObject({ code: 'MediaTruncated' })
    const changed = Uint8Array.from(bytes)
    changed[20] = 99 // A byte of the width.
    expect(await refusal(changed)).toMatchObject({ code: 'MediaInvalid', expected: 'a chunk IHDR that fits its checksum' })
    for (const header of [{ depth: 3 }, { type: 5 }, { width: 0 }, { interlace: 2 }])
      expect(await refusal(writeChunks(forged(header))), JSON.stringify(header)).toMatchObject({ code: 'MediaInvalid' })
    expect(await refusal(writeChunks(forged({ depth: 1, type: 0, interlace: 1 })))).toMatchObject({ code: 'MediaUnsupported' })
  })

  test('nothing because of what stands beside the pixels: profiles and texts that unfold without end', async () => {
    const bomb = await deflated(new Uint8Array(2 ** 24))
    const [header, ...rest] = readChunks(encodePng(image), 'a.png')
    const beside = ['iCCP', 'zTXt'].map((type) => ({ type, data: joined([new TextEncoder().encode('key\0\0'), bomb]) }))
    const bytes = writeChunks([header as never, ...beside, ...rest])
    expect(await decodePng(bytes)).toEqual(image)
    expect(await readTexts(readChunks(bytes, 'a.png'))).toEqual(new Map())
  })
})

describe('textChunk() and readTexts()', () => {
  test('write tEXt where Latin-1 can spell it, else iTXt', async () => {
    const chunks = [textChunk('a', 'Würfel\n'), textChunk('b', '模糊 🟥'), textChunk('a', 'a second one')]
    expect(chunks.map(({ type }) => type)).toEqual(['tEXt', 'iTXt', 'tEXt'])
    expect([...(await readTexts(chunks))]).toEqual([
      ['a', 'Würfel\n'],
      ['b', '模糊 🟥'],
    ])
  })

  test('read the compressed kinds', async () => {
    const body = await deflated(new TextEncoder().encode('hello'))
    const chunk = (type: string, head: string) => ({ type, data: joined([new TextEncoder().encode(head), body]) })
    const chunks = [chunk('zTXt', 'z\0\0'), chunk('iTXt', 'i\0\x01\0en\0word\0')]
    expect([...(await readTexts(chunks))]).toEqual([
      ['z', 'hello'],
      ['i', 'hello'],
    ])
  })
})
