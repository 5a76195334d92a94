import { type Box, boxesIn, wordAt } from './mp4-boxes.js'

const containers: readonly string[] = ['moov', 'trak', 'mdia', 'minf', 'stbl', 'moof', 'traf']

/** In each table: where its entries begin, how wide they are, and where in them a number of samples stands. */
const tables = {
  stts: { from: 8, width: 8, count: 0 },
  ctts: { from: 8, width: 8, count: 0 },
  stsc: { from: 8, width: 12, count: 4 },
} as const

/**
 * Throws if the tables of an MP4 (ISO/IEC 14496-12, 8.6 to 8.8) count more samples than there can be. The demuxer believes them and unfolds
 * them one by one: four bytes would keep it busy for an hour, or fill the memory.
 */
export function assertMp4Tables(bytes: Uint8Array): void {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  for (const box of boxesIn(view, { type: '', from: 0, to: bytes.length })) if (containers.includes(box.type)) assertBox(view, box)
}

function assertBox(view: DataView, parent: Box): void {
  const boxes = [...boxesIn(view, parent)]
  for (const box of boxes) if (containers.includes(box.type)) assertBox(view, box)
  const sizes = boxes.find(({ type }) => type === 'stsz' || type === 'stz2')
  const samples = (sizes && wordAt(view, sizes, 8)) ?? 0
  const within = (found: number, most: number, what: string): void => {
    if (found > most) throw new Error(`${found.toLocaleString('en')} ${what} where ${most.toLocaleString('en')} can be`)
  }
  within(samples, view.byteLength, 'samples')
  for (const box of boxes) {
    if (box.type === 'trun') within(wordAt(view, box, 4) ?? 0, view.byteLength, 'samples')
    const table = tables[box.type as keyof typeof tables]
    if (!table) continue
    const entries = wordAt(view, box, 4) ?? 0
    within(entries, (box.to - box.from) / table.width, 'entries')
    let sum = 0
    for (let at = table.from + table.count, entry = 0; entry < entries; entry++, at += table.width) {
      const count = wordAt(view, box, at) ?? 0
      sum = box.type === 'stsc' ? Math.max(sum, count) : sum + count
    }
    // Some writers count one too many.
    within(sum, 2 * samples, 'samples')
  }
}
