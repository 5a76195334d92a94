import { oggPages } from './ogg-pages.js'

/**
 * Small repairs on finished containers: what the muxer draws from the clock or at random gets a fixed value, so that the same input
 * gives the same bytes, and what it does not know about an encoder's padding is written where players look for it. All of them
 * leave a file that they do not understand as it is.
 */

/** MP4, in place: creation and modification times become 0, "unknown" (ISO 14496-12: mvhd, tkhd and mdhd). */
export function settleMp4(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const containers = ['moov', 'trak', 'mdia']
  const timed = ['mvhd', 'tkhd', 'mdhd']
  const walk = (start: number, end: number): void => {
    for (let at = start; at + 8 <= end; ) {
      const short = view.getUint32(at)
      const size = short === 1 && at + 16 <= end ? Number(view.getBigUint64(at + 8)) : short
      if (size < 8 || at + size > end) return
      const type = String.fromCharCode(...bytes.subarray(at + 4, at + 8))
      if (containers.includes(type)) walk(at + 8, at + size)
      // Two times follow the version and the flags: 4 bytes each in version 0, 8 in version 1.
      if (timed.includes(type)) bytes.fill(0, at + 12, at + 12 + (bytes[at + 8] === 1 ? 16 : 8))
      at += size
    }
  }
  walk(0, bytes.length)
}

/**
 * Ogg (RFC 3533), in place: the stream's serial number becomes 1, and the last page tells where the sound ends, so that players cut off what fills
 * the last packet. `end` counts samples from the start of the stream, the pre-skip included.
 */
export function settleOgg(bytes: Uint8Array, end: number): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const { at, size, last } of oggPages(bytes)) {
    view.setUint32(at + 14, 1, true)
    if (last) view.setBigUint64(at + 6, BigInt(end), true)
    view.setUint32(at + 22, 0, true)
    view.setUint32(at + 22, oggChecksum(bytes.subarray(at, at + size)), true)
  }
}

/** The checksum of an Ogg page: CRC-32 of polynomial 0x04c11db7, highest bit first, from 0. */
function oggChecksum(page: Uint8Array): number {
  let crc = 0
  for (const byte of page) crc = ((crc << 8) ^ (oggTable[(crc >>> 24) ^ byte] as number)) >>> 0
  return crc
}

const oggTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte << 24
  for (let bit = 0; bit < 8; bit++) crc = (crc << 1) ^ (crc & 0x80000000 ? 0x04c11db7 : 0)
  return crc >>> 0
})

/** LAME's encoder delay, in samples; decoders add the 529 of their filter bank. */
const lameDelay = 576

/** Bit rates of layer III by index, in kbit/s: of MPEG 1, and of MPEG 2 and 2.5. */
const mp3Bitrates = {
  first: [0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320],
  second: [0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160],
} as const

/** What the muxer and the encoder tell about an MP3. */
export interface Mp3Facts {
  /** The bytes of the Xing frame, which holds the table of contents and no sound. */
  readonly xing: { readonly position: number; readonly length: number }
  readonly sampleRate: number
  /** What went in, per channel. */
  readonly samples: number
}

/**
 * MP3: a Xing frame with room for the part that LAME made everybody's way to say how many samples of padding stand at both ends; the
 * muxer's own frame has none.
 */
export function settleMp3(bytes: Uint8Array, { xing, sampleRate, samples }: Mp3Facts): Uint8Array {
  const old = bytes.subarray(xing.position, xing.position + xing.length)
  const tag = [...old.keys()].find((at) => ['Xing', 'Info'].includes(String.fromCharCode(...old.subarray(at, at + 4))))
  if (tag === undefined) return bytes
  const firstVersion = ((old[1] as number) & 0x18) === 0x18
  const rates = firstVersion ? mp3Bitrates.first : mp3Bitrates.second
  const sizes = rates.map((rate) => Math.floor(((firstVersion ? 144 : 72) * rate * 1000) / sampleRate))
  // Flags, frames, bytes, 100 bytes of table and the quality make 120 bytes; LAME's part has 36.
  const index = sizes.findIndex((size) => size >= tag + 120 + 36)
  if (index < 0) return bytes
  const frame = new Uint8Array(sizes[index] as number)
  frame.set(old.subarray(0, tag + 116))
  frame[2] = (index << 4) | ((frame[2] as number) & 0x0c)
  const view = new DataView(frame.buffer)
  view.setUint32(tag + 4, 0x0f)
  // The muxer counts its own frame too, and players would look for the padding one frame too late.
  const frames = view.getUint32(tag + 8) - 1
  view.setUint32(tag + 8, frames)
  view.setUint32(tag + 12, view.getUint32(tag + 12) + frame.length - old.length)
  frame.set(new TextEncoder().encode('LAME3.100'), tag + 120)
  const decoded = frames * (firstVersion ? 1152 : 576)
  const padding = Math.min(0xfff, Math.max(0, decoded - lameDelay - samples))
  frame.set([lameDelay >> 4, ((lameDelay & 15) << 4) | (padding >> 8), padding & 255], tag + 120 + 21)

  const settled = new Uint8Array(bytes.length - old.length + frame.length)
  settled.set(bytes.subarray(0, xing.position))
  settled.set(frame, xing.position)
  settled.set(bytes.subarray(xing.position + xing.length), xing.position + frame.length)
  return settled
}
