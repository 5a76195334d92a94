/** One page of an Ogg file (RFC 3533): where it begins, its bytes with the header, and whether its stream ends with it. */
export interface OggPage {
  readonly at: number
  readonly size: number
  readonly last: boolean
}

/** The pages one after another, until the bytes end or are something else. The last one may reach beyond the end of a cut file. */
export function* oggPages(bytes: Uint8Array): Generator<OggPage> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (let at = 0; at + 27 <= bytes.length && view.getUint32(at) === 0x4f676753; ) {
    const segments = bytes[at + 26] as number
    const size = bytes.subarray(at + 27, at + 27 + segments).reduce((sum, length) => sum + length, 27 + segments)
    yield { at, size, last: ((bytes[at + 5] as number) & 4) !== 0 }
    at += size
  }
}
