import { type Box, boxesIn, inside, textAt, version, wordAt } from './mp4-boxes.js'

/** What an MP4 says of the part of a track that is to be played, beyond the times of its packets. In seconds. */
export interface Mp4Edges {
  /** How long the first edit lasts, and what its clock can tell apart. */
  readonly edit?: { readonly seconds: number; readonly tick: number }
  /** Of iTunes, which counts samples: what the encoder put in front, and how many are the sound. */
  readonly itunes?: { readonly delay: number; readonly count: number }
}

/** The edit list of the track of that number, and the note that iTunes leaves. Neither is in what the demuxer tells. */
export function mp4Edges(bytes: Uint8Array, trackId: number): Mp4Edges {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const movie = inside(view, { type: '', from: 0, to: bytes.length }, 'moov')
  if (!movie) return {}
  const edit = editOf(view, movie, trackId)
  const itunes = itunesOf(view, movie)
  return { ...(edit ? { edit } : {}), ...(itunes ? { itunes } : {}) }
}

function editOf(view: DataView, movie: Box, trackId: number): Mp4Edges['edit'] {
  const clock = inside(view, movie, 'mvhd')
  const track = [...boxesIn(view, movie)].find((box) => {
    const header = box.type === 'trak' ? inside(view, box, 'tkhd') : undefined
    return header && wordAt(view, header, version(view, header) === 1 ? 20 : 12) === trackId
  })
  const list = track && inside(view, track, 'edts', 'elst')
  const ticks = clock && wordAt(view, clock, version(view, clock) === 1 ? 20 : 12)
  if (!list || !ticks) return undefined
  const wide = version(view, list) === 1
  const count = wordAt(view, list, 4) ?? 0
  for (let entry = 0, at = list.from + 8; entry < count && at + (wide ? 20 : 12) <= list.to; entry++, at += wide ? 20 : 12) {
    const duration = wide ? Number(view.getBigUint64(at)) : view.getUint32(at)
    const start = wide ? Number(view.getBigInt64(at + 8)) : view.getInt32(at + 4)
    // An edit without media is a pause in front; one of length 0 lasts to the end.
    if (start >= 0) return duration > 0 ? { seconds: duration / ticks, tick: 1 / ticks } : undefined
  }
  return undefined
}

/** " 00000000 00000840 000001C0 0000000000069F40": nothing, samples in front, samples behind and samples of sound, in base 16. */
function itunesOf(view: DataView, movie: Box): Mp4Edges['itunes'] {
  const meta = inside(view, movie, 'udta', 'meta')
  const list = meta && inside(view, { ...meta, from: meta.from + 4 }, 'ilst')
  if (!list) return undefined
  for (const note of boxesIn(view, list)) {
    const [name, data] = note.type === '----' ? [inside(view, note, 'name'), inside(view, note, 'data')] : []
    if (!name || !data || textAt(view, name.from + 4, name.to) !== 'iTunSMPB') continue
    const [, delay, count] = /^ ?0+ ([\da-f]{8}) [\da-f]{8} ([\da-f]{16})\b/i.exec(textAt(view, data.from + 8, data.to)) ?? []
    if (delay && count && Number.parseInt(count, 16) > 0) return { delay: Number.parseInt(delay, 16), count: Number.parseInt(count, 16) }
  }
  return undefined
}
