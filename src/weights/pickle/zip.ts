import { byteCount, CheckpointError, quoted } from '../checkpoint-error.js'
import type { OpenFile } from '../files.js'

/** Where a file lies in an archive that stores its files as they are; both in bytes, from the start of the archive. */
export interface ZipEntry {
  readonly offset: number
  readonly length: number
}

/** A file as the archive's table of contents describes it. */
interface Listed {
  /** Of the header that stands before the file, in bytes. */
  readonly header: number
  readonly length: number
}

export interface ZipArchive {
  readonly names: readonly string[]
  /**
   * Where a file's bytes lie; undefined if there is no such file.
   *
   * @throws CheckpointError if they do not lie in the archive
   */
  locate(name: string): Promise<ZipEntry | undefined>
}

/** Limits on what a stranger's archive may claim: PyTorch writes one file for each tensor. */
const mostEntries = 250_000
const largestTable = 64 * 2 ** 20

const signatures = { local: 0x04034b50, central: 0x02014b50, end: 0x06054b50, end64: 0x06064b50, locator64: 0x07064b50 } as const
const sizes = { local: 30, central: 46, end: 22, end64: 56, locator64: 20 } as const
const longestComment = 0xffff
const inExtra = 0xffffffff

/**
 * Reads the table of contents of a zip archive (PKWARE's APPNOTE 6.3, with the 64-bit records of files above 4 GiB). Only files that are stored
 * as they are count: that is how PyTorch writes, and nothing then can be larger than the archive itself.
 *
 * @throws CheckpointError for an archive that is damaged, encrypted, compressed or in several parts
 */
export async function readZip(file: OpenFile): Promise<ZipArchive> {
  const { count, size, start } = await findTable(file)
  if (count > mostEntries || size > largestTable)
    throw invalid(file, `at most ${mostEntries.toLocaleString('en')} files`, `${count.toLocaleString('en')} in ${byteCount(size)}`)
  const listed = parseTable(await file.read(start, size), count, file)
  return {
    names: [...listed.keys()],
    async locate(name) {
      const entry = listed.get(name)
      if (!entry) return undefined
      if (entry.header + sizes.local > file.size) throw outside(file, name)
      const view = viewOf(await file.read(entry.header, sizes.local))
      if (view.getUint32(0, true) !== signatures.local) throw invalid(file, `a header before ${quoted(name)}`, 'something else')
      const offset = entry.header + sizes.local + view.getUint16(26, true) + view.getUint16(28, true)
      if (offset + entry.length > file.size) throw outside(file, name)
      return { offset, length: entry.length }
    },
  }
}

/** The table stands at the end, and what says where it begins stands behind it, before a comment of any length. */
async function findTable(file: OpenFile): Promise<{ count: number; size: number; start: number }> {
  const tailLength = Math.min(file.size, sizes.end + longestComment + sizes.locator64)
  const tailStart = file.size - tailLength
  const tail = viewOf(await file.read(tailStart, tailLength))
  let at = tailLength - sizes.end
  while (at >= 0 && tail.getUint32(at, true) !== signatures.end) at--
  if (at < 0) throw invalid(file, 'a table of contents at the end', 'none', 'The file is incomplete: finish the download or save it again')
  const locator = at - sizes.locator64
  const wide = locator >= 0 && tail.getUint32(locator, true) === signatures.locator64
  const table = wide
    ? await wideTable(file, wholeNumber(tail, locator + 8, file))
    : { count: tail.getUint16(at + 10, true), size: tail.getUint32(at + 12, true), start: tail.getUint32(at + 16, true) }
  if (table.start + table.size > tailStart + at) throw invalid(file, 'a table of contents inside the file', 'one that ends behind it')
  return table
}

async function wideTable(file: OpenFile, start: number): Promise<{ count: number; size: number; start: number }> {
  if (start + sizes.end64 > file.size) throw invalid(file, 'a table of contents inside the file', 'one that begins behind it')
  const view = viewOf(await file.read(start, sizes.end64))
  if (view.getUint32(0, true) !== signatures.end64) throw invalid(file, 'a 64-bit table of contents', 'something else')
  return { count: wholeNumber(view, 32, file), size: wholeNumber(view, 40, file), start: wholeNumber(view, 48, file) }
}

function parseTable(bytes: Uint8Array, count: number, file: OpenFile): ReadonlyMap<string, Listed> {
  const view = viewOf(bytes)
  const found = new Map<string, Listed>()
  const decoder = new TextDecoder()
  let at = 0
  for (let i = 0; i < count; i++) {
    if (at + sizes.central > bytes.length || view.getUint32(at, true) !== signatures.central)
      throw invalid(file, `${count.toLocaleString('en')} files in the table of contents`, `${i.toLocaleString('en')}`)
    const nameLength = view.getUint16(at + 28, true)
    const extraLength = view.getUint16(at + 30, true)
    const extraStart = at + sizes.central + nameLength
    const next = extraStart + extraLength + view.getUint16(at + 32, true)
    if (next > bytes.length) throw invalid(file, 'a whole table of contents', 'one that is cut short')
    const name = decoder.decode(bytes.subarray(at + sizes.central, extraStart))
    if (found.has(name)) throw invalid(file, 'each file once', `${quoted(name)} twice`)
    const stored = view.getUint16(at + 10, true) === 0 && (view.getUint16(at + 8, true) & 1) === 0
    if (!stored) throw invalid(file, 'files that are stored as they are', `${quoted(name)} compressed or encrypted`, unpack)
    found.set(name, sizesOf(view, at, { start: extraStart, end: extraStart + extraLength }, name, file))
    at = next
  }
  return found
}

/** Sizes that need more than 32 bits stand in an extra field, in this order: those that are needed and no others. */
function sizesOf(
  view: DataView,
  at: number,
  extra: { readonly start: number; readonly end: number },
  name: string,
  file: OpenFile,
): Listed {
  const plain = [view.getUint32(at + 24, true), view.getUint32(at + 20, true), view.getUint32(at + 42, true)]
  let [from, end] = [0, 0]
  for (let field = extra.start; field + 4 <= extra.end; field += 4 + view.getUint16(field + 2, true))
    if (view.getUint16(field, true) === 1) [from, end] = [field + 4, Math.min(field + 4 + view.getUint16(field + 2, true), extra.end)]
  const [length, packed, header] = plain.map((value) => {
    if (value !== inExtra) return value
    from += 8
    if (from > end) throw invalid(file, `the sizes of ${quoted(name)}`, 'a field that is cut short')
    return wholeNumber(view, from - 8, file)
  }) as [number, number, number]
  if (length !== packed) throw invalid(file, 'files that are stored as they are', `${quoted(name)} of two sizes`, unpack)
  return { header, length }
}

const unpack = 'Unpack it, and pass what lies in it'

function wholeNumber(view: DataView, at: number, file: OpenFile): number {
  const value = view.getBigUint64(at, true)
  if (value > Number.MAX_SAFE_INTEGER) throw invalid(file, 'sizes up to 2^53 bytes', byteCount(value))
  return Number(value)
}

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)

const invalid = (file: OpenFile, expected: string, found: string, hint = 'The file is damaged: download or save it again') =>
  new CheckpointError({ code: 'InvalidArchive', file: file.name, expected: `a zip archive with ${expected}`, found, hint })

const outside = (file: OpenFile, name: string) =>
  invalid(
    file,
    `${quoted(name)} inside it`,
    'its end beyond that of the file',
    'The file is incomplete: finish the download or save it again',
  )
