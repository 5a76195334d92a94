import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { silence } from './audio.js'
import { encodeAudio } from './encode-sounds.js'
import { type Folder, folder, type MediaKind, UnmatchedError } from './folders.js'
import { blankImage } from './image.js'
import { encodePng } from './png.js'

const root = mkdtempSync(join(tmpdir(), 'genera-folders-'))
afterAll(() => rmSync(root, { recursive: true, force: true }))
let folders = 0

const red = encodePng(blankImage(2, 1, [255, 0, 0]))
const blue = encodePng(blankImage(1, 2, [0, 0, 255]))

function laidOut(content: Record<string, string | Uint8Array>): string {
  const path = join(root, `folder-${folders++}`)
  mkdirSync(path)
  for (const [name, data] of Object.entries(content)) {
    mkdirSync(dirname(join(path, name)), { recursive: true })
    writeFileSync(join(path, name), data)
  }
  return path
}

async function all<Kind extends MediaKind>({ records }: Folder<Kind>) {
  const found = []
  for await (const record of records) found.push(record)
  return found
}

describe('folder()', () => {
  it('reads pictures with a metadata.jsonl, subfolders and further columns included', async () => {
    const path = laidOut({
      'a.png': red,
      'deep/b.png': blue,
      'metadata.jsonl': '{"file_name":"deep/b.png","text":"a blue bar","score":3}\n{"file_name":"./a.png","text":"a red bar"}\n',
      '.DS_Store': 'x',
    })
    const records = await all(await folder(path, { kind: 'image' }))
    expect(records).toEqual([
      { file: 'a.png', caption: 'a red bar', columns: { text: 'a red bar' }, image: blankImage(2, 1, [255, 0, 0]) },
      { file: 'deep/b.png', caption: 'a blue bar', columns: { text: 'a blue bar', score: 3 }, image: blankImage(1, 2, [0, 0, 255]) },
    ])
  })

  it('reads a metadata.csv beside the pictures of a subfolder', async () => {
    const path = laidOut({ 'train/a.png': red, 'train/metadata.csv': 'file_name,caption\na.png,"red, wide"\n' })
    expect(await all(await folder(pathToFileURL(path)))).toMatchObject([{ file: 'train/a.png', caption: 'red, wide' }])
  })

  it('reads captions of the same name, and takes subfolders for labels', async () => {
    const path = laidOut({ 'cat/1.png': red, 'cat/1.txt': ' a cat\n', 'dog/2.png': blue, 'dog/2.txt': 'a dog' })
    const found = await folder(path)
    expect([found.kind, found.labels]).toEqual(['image', ['cat', 'dog']])
    expect(await all(found)).toMatchObject([
      { file: 'cat/1.png', label: 'cat', caption: 'a cat' },
      { file: 'dog/2.png', label: 'dog', caption: 'a dog' },
    ])
  })

  it('reads sounds', async () => {
    const wav = await encodeAudio(silence(0.01, { sampleRate: 8000 }), { format: 'wav' })
    const path = laidOut({ 'a.wav': wav, 'metadata.jsonl': '{"file_name":"a.wav","transcription":"…"}' })
    const [record] = await all(await folder(path, { kind: 'audio' }))
    expect(record).toMatchObject({ caption: '…', audio: { sampleRate: 8000 } })
  })

  it('reads the files that a user chose in a browser', async () => {
    const file = (path: string, data: BlobPart) =>
      Object.assign(new File([data], path.split('/').at(-1) as string), { webkitRelativePath: path })
    const found = await folder([file('pets/cat/1.png', new Uint8Array(red)), file('pets/cat/1.txt', 'a cat')])
    expect(await all(found)).toMatchObject([{ file: 'cat/1.png', label: 'cat', caption: 'a cat', image: { width: 2 } }])
  })

  it('lists captions without a picture and pictures without a caption, or leaves them out', async () => {
    const path = laidOut({ 'a.png': red, 'a.txt': 'a', 'b.png': red, 'c.txt': 'c' })
    const error = await folder(path).catch((caught) => caught)
    expect(error).toBeInstanceOf(UnmatchedError)
    expect(error).toMatchObject({ withoutCaption: ['b.png'], withoutFile: ['c.txt'] })
    expect(error.message).toBe(
      `Cannot read ${path}: found 1 file without a caption (b.png) and 1 caption without a file (c.txt). Add or remove them, or pass { unmatched: 'skip' }`,
    )
    const skipped = await folder(path, { unmatched: 'skip' })
    expect(skipped).toMatchObject({ withoutCaption: ['b.png'], withoutFile: ['c.txt'] })
    expect((await all(skipped)).map(({ file }) => file)).toEqual(['a.png'])
  })

  it.each([
    ['../secret.png', 'expected a file_name inside the folder, found "../secret.png"'],
    ['/etc/secret.png', 'expected a file_name inside the folder'],
    ['deep/../../secret.png', 'expected a file_name inside the folder'],
    ['C:\\secret.png', 'expected a file_name inside the folder'],
    ['a\u0000.png', 'expected a file_name inside the folder'],
  ])('refuses the file_name %j, and names the line', async (name, problem) => {
    const path = laidOut({ 'a.png': red, 'metadata.jsonl': `{"file_name":"a.png"}\n${JSON.stringify({ file_name: name })}\n` })
    const error = await folder(path).catch((caught) => caught)
    expect(error.message).toContain(`Cannot read ${join(path, 'metadata.jsonl')}, line 2: ${problem}`)
  })

  it('names the row that is no object, names no file or names one twice', async () => {
    const read = (metadata: string) => folder(laidOut({ 'a.png': red, 'metadata.jsonl': metadata }))
    await expect(read('3')).rejects.toThrow('line 1: expected an object with a file_name')
    await expect(read('{"file_name":"a.png"}\n\n{"name":"a.png"}')).rejects.toThrow('line 3: expected a text as file_name, found none')
    await expect(read('{"file_name":"a.png"}\n{"file_name":"a.png"}')).rejects.toThrow('line 2: "a.png" is described twice')
  })

  it('says what it cannot take for a folder of one kind', async () => {
    await expect(folder(laidOut({ 'a.png': red, 'b.wav': 'x' }))).rejects.toThrow(
      "found both pictures (1) and sounds (1). Say which you want: { kind: 'image' } or { kind: 'audio' }",
    )
    await expect(folder(laidOut({ 'notes.md': 'x' }))).rejects.toThrow('expected image files, found none (files of all kinds: 1)')
    await expect(folder(join(laidOut({ 'a.png': red }), 'a.png'))).rejects.toThrow('expected a folder, found a file')
    const circle = laidOut({ 'a.png': red })
    symlinkSync(circle, join(circle, 'loop'))
    await expect(folder(circle)).rejects.toThrow('Does a link lead in a circle?')
  })

  it('names the picture that is damaged, when its turn comes', async () => {
    const path = laidOut({ 'a.png': red, 'b.png': red.subarray(0, 40) })
    const { records } = await folder(path)
    expect(await records.record(0)).toMatchObject({ file: 'a.png' })
    await expect(records.record(1)).rejects.toThrow(join(path, 'b.png'))
  })
})
