/**
 * What a zlib stream unfolds to, piece by piece, by the platform's own inflater. The consumer stops when it has enough: a few
 * kilobytes can unfold to gigabytes. A stream that is cut off or damaged simply ends early; `onDamage` hears of it.
 */
async function* inflated(stream: Uint8Array, onDamage: () => void): AsyncGenerator<Uint8Array> {
  const { readable, writable } = new DecompressionStream('deflate')
  const writer = writable.getWriter()
  // Failures of the writing side arrive at the reading side as well.
  writer.write(stream as BufferSource).catch(() => undefined)
  writer.close().catch(() => undefined)
  const reader = readable.getReader()
  try {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      yield value
    }
  } catch {
    onDamage()
  } finally {
    await reader.cancel().catch(() => undefined)
  }
}

/** How many bytes a zlib stream unfolds to; counting ends soon after `enough`, and at the first damage. Keeps nothing. */
export async function inflatedLength(stream: Uint8Array, enough: number): Promise<number> {
  let length = 0
  for await (const part of inflated(stream, () => undefined)) {
    length += part.length
    if (length > enough) break
  }
  return length
}

/** The whole of what a zlib stream unfolds to; undefined if it is damaged or more than `limit` bytes. */
export async function inflate(stream: Uint8Array, limit: number): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = []
  let length = 0
  let sound = true
  const damaged = () => {
    sound = false
  }
  for await (const part of inflated(stream, damaged)) {
    length += part.length
    if (length > limit) return undefined
    parts.push(part)
  }
  return sound ? joined(parts) : undefined
}

/** One array from several, in their order. */
export function joined(parts: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    bytes.set(part, at)
    at += part.length
  }
  return bytes
}
