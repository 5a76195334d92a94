import type { Image } from '../../src/media/image.js'
import type { Provenance } from '../../src/media/provenance.js'

/** A smooth picture with a hard edge, in which no row, column or corner equals another. `frame` shifts its blue. */
export function testImage(width: number, height: number, channels: 3 | 4 = 3, frame = 0): Image {
  const data = new Uint8Array(width * height * channels)
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i += channels) {
      data[i] = Math.round((x * 255) / width)
      data[i + 1] = Math.round((y * 255) / height)
      data[i + 2] = x > y ? 200 : 40 + frame * 9
      if (channels === 4) data[i + 3] = Math.round((y * 255) / height)
    }
  return { width, height, channels, data }
}

/** A record with everything that is hard to store: other scripts, quotes, line ends, depth. */
export const testProvenance: Provenance = {
  generator: 'genera',
  version: '0.1.0',
  system: 'muse',
  checkpoint: { name: 'muse-diorama', sha256: '0123456789abcdef'.repeat(4) },
  options: { prompt: 'ein Würfel 🟥, "rot"\nzweite Zeile', negativePrompt: 'unscharf, 模糊', steps: 18, nested: { list: [1, null, true] } },
  seed: 2 ** 53 - 1,
  command: 'genera make "ein Würfel" -o out.png',
  licence: 'CC0-1.0',
}

/** Whole numbers from 0 to 2^32 − 1, the same for the same seed. */
export function randomWords(seed: number): () => number {
  let state = seed | 1
  return () => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
}

/** A damaged copy: a few bytes changed, and often a piece cut off, cut out or doubled. */
export function mutated(bytes: Uint8Array, next: () => number): Uint8Array {
  const copy = Uint8Array.from(bytes)
  for (let changes = next() % 6; changes >= 0; changes--) copy[next() % copy.length] = [0, 255, next() & 255][next() % 3] as number
  const [from, to] = [next() % copy.length, next() % copy.length].sort((a, b) => a - b) as [number, number]
  const pieces = [[copy], [copy.subarray(0, to)], [copy.subarray(0, from), copy.subarray(to)], [copy.subarray(0, to), copy.subarray(from)]]
  return Uint8Array.from((pieces[next() % 4] as Uint8Array[]).flatMap((piece) => [...piece]))
}
