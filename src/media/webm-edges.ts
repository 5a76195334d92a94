/** Elements of WebM and Matroska (RFC 9559, 5) on the way to a track or a block, and what they say of it. */
const ids = {
  segment: 0x18538067,
  tracks: 0x1654ae6b,
  track: 0xae,
  number: 0xd7,
  codecDelay: 0x56aa,
  cluster: 0x1f43b675,
  group: 0xa0,
  block: 0xa1,
  simpleBlock: 0xa3,
  discardPadding: 0x75a2,
} as const

const entered: readonly number[] = [ids.segment, ids.tracks, ids.cluster]

/** What encoders put around a sound, in seconds; 0 where the file says nothing. */
export interface WebmEdges {
  /** In front. */
  readonly delay: number
  /** In the last packet, behind the sound. */
  readonly padding: number
}

/** The edges of the track of that number. The demuxer does not pass on what the file says of them. */
export function webmEdges(bytes: Uint8Array, track: number): WebmEdges {
  let [delay, padding] = [0, 0]
  const isOfTrack = (block: Element): boolean => sizeAt(bytes, block.from, block.to)?.value === track
  for (const element of elementsIn(bytes, 0, bytes.length)) {
    const parts = element.id === ids.track || element.id === ids.group ? [...elementsIn(bytes, element.from, element.to)] : []
    const seconds = (id: number): number =>
      Math.max(
        0,
        integer(
          bytes,
          parts.find((part) => part.id === id),
        ) / 1e9,
      )
    const isThis =
      integer(
        bytes,
        parts.find(({ id }) => id === ids.number),
      ) === track
    if (element.id === ids.track && isThis) delay = seconds(ids.codecDelay)
    if (element.id === ids.simpleBlock && isOfTrack(element)) padding = 0
    if (parts.some((part) => part.id === ids.block && isOfTrack(part))) padding = seconds(ids.discardPadding)
  }
  return { delay, padding }
}

interface Element {
  readonly id: number
  readonly from: number
  readonly to: number
}

/** One after another. What holds tracks and blocks is entered: its size is often left open. */
function* elementsIn(bytes: Uint8Array, start: number, end: number): Generator<Element> {
  for (let at = start; at < end; ) {
    const width = Math.clz32(bytes[at] as number) - 23
    const size = sizeAt(bytes, at + width, end)
    if (width > 4 || !size) return
    const id = bytes.subarray(at, at + width).reduce((sum, byte) => sum * 256 + byte, 0)
    const from = at + width + size.width
    const to = Math.min(end, from + size.value)
    yield { id, from, to }
    at = entered.includes(id) ? from : to
  }
}

/** A size or the number of a track, whose first byte tells by its leading zeros how many follow. */
function sizeAt(bytes: Uint8Array, at: number, end: number): { value: number; width: number } | undefined {
  const first = bytes[at] ?? 0
  const width = Math.clz32(first) - 23
  if (first === 0 || at + width > end) return undefined
  let value = first & (0xff >> width)
  for (let i = 1; i < width; i++) value = value * 256 + (bytes[at + i] as number)
  return { value, width }
}

/** Signed, as padding is; nobody has a delay of the other half. */
function integer(bytes: Uint8Array, element: Element | undefined): number {
  const content = element ? bytes.subarray(element.from, Math.min(element.to, element.from + 8)) : new Uint8Array(0)
  return content.reduce((sum, byte) => sum * 256 + byte, (content[0] ?? 0) > 127 ? -1 : 0)
}
