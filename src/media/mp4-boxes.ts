/** A part of an MP4 (ISO/IEC 14496-12, 4.2): its type and where its content lies. */
export interface Box {
  readonly type: string
  readonly from: number
  readonly to: number
}

/** The boxes in another one, until it ends or something else begins. */
export function* boxesIn(view: DataView, { from, to }: Box): Generator<Box> {
  for (let at = from; at + 8 <= to; ) {
    const short = view.getUint32(at)
    const header = short === 1 ? 16 : 8
    if (at + header > to) return
    const size = short === 1 ? Number(view.getBigUint64(at + 8)) : short === 0 ? to - at : short
    if (size < header) return
    yield { type: textAt(view, at + 4, at + 8), from: at + header, to: Math.min(to, at + size) }
    at += size
  }
}

/** The first box at the end of a path of types. */
export function inside(view: DataView, box: Box, ...path: readonly string[]): Box | undefined {
  let found: Box | undefined = box
  for (const wanted of path) found = found && [...boxesIn(view, found)].find(({ type }) => type === wanted)
  return found
}

/** Most boxes begin with a version, which decides how wide their numbers are. */
export const version = (view: DataView, { from, to }: Box): number => (from < to ? view.getUint8(from) : 0)

/** The number of 32 bits so far into a box, if it is that long. */
export const wordAt = (view: DataView, { from, to }: Box, offset: number): number | undefined =>
  from + offset + 4 <= to ? view.getUint32(from + offset) : undefined

/** At most the 256 letters that anything here needs. */
export function textAt(view: DataView, from: number, to: number): string {
  const length = Math.max(0, Math.min(256, to - from))
  return String.fromCharCode(...new Uint8Array(view.buffer, view.byteOffset + Math.min(from, view.byteLength - length), length))
}
