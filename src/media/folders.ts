import { files } from '#files'
import { type Dataset, dataset } from '../training/dataset.js'
import { printable } from '../weights/checkpoint-error.js'
import { blobFile, type OpenFile } from '../weights/files.js'
import type { Audio } from './audio.js'
import type { Image } from './image.js'
import { decodeImage } from './images.js'
import type { MediaLimits } from './limits.js'
import type { Json } from './provenance.js'
import { formatOfName } from './sniff.js'
import { decodeAudio } from './sounds.js'
import { DataError, type Numbered, numberedCsv, numberedJsonLines } from './tables.js'

export type MediaKind = 'image' | 'audio'

export interface FolderOptions<Kind extends MediaKind> {
  /** What the records hold; if it is not said, what most of the files are. */
  readonly kind?: Kind
  /** Whether captions without a file and files without a caption are an error (so it is, if it is not said) or left out. */
  readonly unmatched?: 'refuse' | 'skip'
  readonly limits?: Partial<MediaLimits>
}

/** One file of a folder, decoded, with what stands beside it. */
export type FolderRecord<Kind extends MediaKind> = {
  /** Path inside the folder, with `/` between its parts. */
  readonly file: string
  /** The .txt file of the same name, or the column "text", "caption", "transcription" or "sentence" of the metadata. */
  readonly caption?: string
  /** The subfolder's name, where there is no metadata. */
  readonly label?: string
  /** All columns of the metadata but file_name. */
  readonly columns: Readonly<Record<string, Json>>
} & (Kind extends 'image' ? { readonly image: Image } : { readonly audio: Audio })

export interface Folder<Kind extends MediaKind> {
  readonly kind: Kind
  /** In the order of the paths; files are read and decoded when their record is asked for. */
  readonly records: Dataset<FolderRecord<Kind>>
  /** The names of the subfolders that are labels, in order. */
  readonly labels: readonly string[]
  /** Left out: files that have no caption although others have one. */
  readonly withoutCaption: readonly string[]
  /** Left out: captions and rows of metadata whose file is not there. */
  readonly withoutFile: readonly string[]
}

/** Captions and files do not match; the lists say which. */
export class UnmatchedError extends DataError {
  override readonly name = 'UnmatchedError'
  constructor(
    folder: string,
    readonly withoutCaption: readonly string[],
    readonly withoutFile: readonly string[],
  ) {
    const some = (paths: readonly string[], what: string) =>
      paths.length === 0
        ? []
        : [
            `${paths.length} ${what} (${paths
              .slice(0, 3)
              .map((path) => printable(path))
              .join(', ')}${paths.length > 3 ? ', …' : ''})`,
          ]
    const problems = [
      ...some(withoutCaption, withoutCaption.length === 1 ? 'file without a caption' : 'files without a caption'),
      ...some(withoutFile, withoutFile.length === 1 ? 'caption without a file' : 'captions without a file'),
    ]
    super(folder, undefined, `found ${problems.join(' and ')}`, "Add or remove them, or pass { unmatched: 'skip' }")
  }
}

/** A folder's location, or in browsers the files that a user chose (`<input webkitdirectory>`). */
export type FolderSource = string | URL | Iterable<File>

/**
 * Reads a folder of pictures or of sounds, in the layout of the Hugging Face imagefolder and audiofolder: files in any subfolders,
 * with a metadata.jsonl or metadata.csv (`file_name` and any further columns) beside them, or a .txt caption per file, or the
 * subfolder's name as the label.
 *
 * @throws DataError with file and line; UnmatchedError for captions and files that have no counterpart
 */
export async function folder<Kind extends MediaKind = MediaKind>(
  source: FolderSource,
  { kind, unmatched = 'refuse', limits }: FolderOptions<Kind> = {},
): Promise<Folder<Kind>> {
  const name = typeof source === 'string' || source instanceof URL ? String(source) : 'the chosen files'
  const entries = await listing(source, name)
  const found = kind ?? (commonKind([...entries.keys()], name) as Kind)
  const media = [...entries.keys()].filter((path) => kindOf(path) === found).sort()
  if (media.length === 0)
    throw new DataError(name, undefined, `expected ${found} files, found none (files of all kinds: ${entries.size})`, 'Check the path')

  const { rows, withoutFile } = await metadataOf(entries, new Set(media))
  const captions = captionFiles(entries, media, rows.size === 0 ? withoutFile : [])
  const described = rows.size > 0 || captions.size > 0
  const withoutCaption = described ? media.filter((path) => !rows.has(path) && !captions.has(path)) : []
  if (unmatched === 'refuse' && withoutCaption.length + withoutFile.length > 0) throw new UnmatchedError(name, withoutCaption, withoutFile)

  const left = new Set(withoutCaption)
  const paths = media.filter((path) => !left.has(path))
  const labelOf = (path: string): string | undefined => (rows.size > 0 ? undefined : path.split('/').at(-2))
  const record = async (index: number): Promise<FolderRecord<Kind>> => {
    const path = paths[index] as string
    const columns = rows.get(path) ?? {}
    const caption = captions.has(path) ? await textOf(entries.get(captions.get(path) as string) as Entry) : captionOf(columns)
    const label = labelOf(path)
    const file = await (entries.get(path) as Entry)()
    const bytes = await file.read(0, file.size)
    const options = { name: file.name, ...(limits && { limits }) }
    const content = found === 'image' ? { image: await decodeImage(bytes, options) } : { audio: await decodeAudio(bytes, options) }
    return { file: path, columns, ...(caption !== undefined && { caption }), ...(label !== undefined && { label }), ...content } as never
  }
  return {
    kind: found,
    records: dataset({ length: paths.length, record }),
    labels: [...new Set(paths.map(labelOf).filter((label) => label !== undefined))].sort(),
    withoutCaption,
    withoutFile,
  }
}

type Entry = () => Promise<OpenFile>

/** Deeper folders are taken for a circle of links. */
const deepest = 16

/** All visible files by their path inside the folder. */
async function listing(source: FolderSource, name: string): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>()
  if (typeof source !== 'string' && !(source instanceof URL)) {
    for (const file of source) {
      const path = file.webkitRelativePath ? file.webkitRelativePath.split('/').slice(1).join('/') : file.name
      if (isVisible(path)) entries.set(path, async () => blobFile(file, path))
    }
    return entries
  }
  const visit = async (location: string | URL, names: readonly string[], inside: readonly string[]): Promise<void> => {
    if (inside.length > deepest)
      throw new DataError(
        name,
        undefined,
        `expected at most ${deepest} folders inside one another, found ${inside.join('/')}`,
        'Does a link lead in a circle?',
      )
    for (const child of [...names].sort()) {
      if (!isVisible(child)) continue
      const place = files.within(location, child)
      // A name with a known ending is a file; only the others are worth asking for.
      const further = isKnown(child) ? undefined : await files.list(place)
      if (further) await visit(place, further, [...inside, child])
      else entries.set([...inside, child].join('/'), () => files.open(place))
    }
  }
  const names = await files.list(source)
  if (!names) throw new DataError(name, undefined, 'expected a folder, found a file', 'For tables use jsonLines() or csv()')
  await visit(source, names, [])
  return entries
}

const isVisible = (path: string): boolean => path.split('/').every((part) => part !== '' && !part.startsWith('.'))
const isKnown = (name: string): boolean => formatOfName(name) !== undefined || /\.(txt|jsonl|csv|json)$/i.test(name)

const kinds: Record<MediaKind, readonly string[]> = { image: ['png', 'jpeg', 'webp', 'gif'], audio: ['wav', 'flac', 'mp3', 'ogg'] }

function kindOf(path: string): MediaKind | undefined {
  const format = formatOfName(path)
  return (Object.keys(kinds) as MediaKind[]).find((kind) => format !== undefined && kinds[kind].includes(format))
}

function commonKind(paths: readonly string[], name: string): MediaKind {
  const count = (kind: MediaKind) => paths.filter((path) => kindOf(path) === kind).length
  const [images, sounds] = [count('image'), count('audio')]
  if (images > 0 && sounds > 0)
    throw new DataError(
      name,
      undefined,
      `found both pictures (${images}) and sounds (${sounds})`,
      "Say which you want: { kind: 'image' } or { kind: 'audio' }",
    )
  return sounds > 0 ? 'audio' : 'image'
}

type Columns = Readonly<Record<string, Json>>

/** The rows of every metadata file, by the path of the file that they describe. */
async function metadataOf(
  entries: ReadonlyMap<string, Entry>,
  media: ReadonlySet<string>,
): Promise<{ rows: Map<string, Columns>; withoutFile: string[] }> {
  const rows = new Map<string, Columns>()
  const withoutFile: string[] = []
  for (const [path, entry] of entries) {
    const [, base = '', ending] = /^(.*\/)?metadata\.(jsonl|csv)$/.exec(path) ?? []
    if (ending === undefined) continue
    const file = await entry()
    const table = new File([await file.read(0, file.size)], file.name)
    const lines: Dataset<Numbered<Json>> = ending === 'csv' ? await numberedCsv(table) : await numberedJsonLines(table)
    for await (const { line, value } of lines) {
      const { target, columns } = described(value, base, file.name, line)
      if (rows.has(target)) throw new DataError(file.name, line, `"${printable(target)}" is described twice`, 'Leave one row for each file')
      if (media.has(target)) rows.set(target, columns)
      else withoutFile.push(target)
    }
  }
  return { rows, withoutFile }
}

/** A row's file, as a path inside the folder, and its other columns. */
function described(row: Json, base: string, file: string, line: number): { target: string; columns: Columns } {
  if (typeof row !== 'object' || row === null || Array.isArray(row)) throw new DataError(file, line, 'expected an object with a file_name')
  const { file_name: name, ...columns } = row as Columns
  if (typeof name !== 'string' || name === '')
    throw new DataError(
      file,
      line,
      `expected a text as file_name, found ${name === undefined ? 'none' : printable(JSON.stringify(name), 40)}`,
    )
  const parts = name.replace(/^(\.\/)+/, '').split('/')
  const escapes = parts.some((part) => part === '' || part === '.' || part === '..') || /^[a-z]:|[\\\p{Cc}]/iu.test(name)
  if (escapes)
    throw new DataError(
      file,
      line,
      `expected a file_name inside the folder, found "${printable(name)}"`,
      'Write it relative to the metadata, with "/" between folders',
    )
  return { target: base + parts.join('/'), columns }
}

/** The .txt file of each media file; one that belongs to none goes to the `orphans`. */
function captionFiles(entries: ReadonlyMap<string, Entry>, media: readonly string[], orphans: string[]): Map<string, string> {
  const byStem = new Map<string, string[]>()
  for (const path of media) byStem.set(stemOf(path), [...(byStem.get(stemOf(path)) ?? []), path])
  const captions = new Map<string, string>()
  for (const path of entries.keys()) {
    if (!/\.txt$/i.test(path)) continue
    const owners = byStem.get(stemOf(path))
    for (const owner of owners ?? []) captions.set(owner, path)
    if (!owners) orphans.push(path)
  }
  return captions
}

const stemOf = (path: string): string => path.replace(/\.[^./]*$/, '')

const captionOf = ({ text, caption, transcription, sentence }: Columns): string | undefined =>
  [text, caption, transcription, sentence].find((value) => typeof value === 'string') as string | undefined

/** Longest caption in a file of its own, in bytes. */
const longestCaption = 2 ** 20

async function textOf(entry: Entry): Promise<string> {
  const file = await entry()
  if (file.size > longestCaption)
    throw new DataError(
      file.name,
      undefined,
      `expected a caption of at most ${longestCaption.toLocaleString('en')} bytes, found ${file.size.toLocaleString('en')}`,
    )
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(await file.read(0, file.size)).trim()
  } catch (cause) {
    throw new DataError(file.name, undefined, 'expected text in UTF-8, found other bytes', 'Save it as UTF-8', cause)
  }
}
