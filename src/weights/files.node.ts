import { randomUUID } from 'node:crypto'
import type { Stats } from 'node:fs'
import { type FileHandle, open, readdir, rename, rm, stat } from 'node:fs/promises'
import { basename, dirname, join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { byteCount, CheckpointError, type CheckpointErrorCode } from './checkpoint-error.js'
import type { FileContent, Files, OpenFile } from './files.js'

/** One system call moves at most 2 GiB. */
const largestTransfer = 2 ** 30

export const files: Files = {
  async open(location) {
    const path = toPath(location)
    return failing('read', path, async () => {
      // Opening a pipe or a device could wait for ever, so we look first.
      const stats = await stat(path)
      if (!stats.isFile()) throw notAFile(path)
      return openFile(path, stats)
    })
  },

  async list(location) {
    const path = toPath(location)
    return failing('read', path, async () => ((await stat(path)).isDirectory() ? await readdir(path) : undefined))
  },

  within: (folder, name) => join(toPath(folder), name),
  beside: (file, name) => join(dirname(toPath(file)), name),

  async write(contents, obsolete = []) {
    const unfinished = new Set<string>()
    try {
      const written: { readonly from: string; readonly to: string }[] = []
      for (const { location, chunks } of contents) {
        const path = toPath(location, 'write')
        const temporary = join(dirname(path), `.${basename(path)}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`)
        await failing('write', path, () => writeAndSync(temporary, chunks, unfinished))
        written.push({ from: temporary, to: path })
      }
      for (const { from, to } of written) {
        await failing('write', to, () => rename(from, to))
        unfinished.delete(from)
      }
      for (const path of obsolete.map((location) => toPath(location, 'write')))
        await failing('write', path, () => rm(path, { force: true }))
      for (const folder of new Set(written.map(({ to }) => dirname(to)))) await syncFolder(folder)
    } finally {
      for (const path of unfinished) await rm(path, { force: true }).catch(() => {})
    }
  },
}

function openFile(path: string, stats: Stats): OpenFile {
  const withHandle = sharedHandle(path, stats)
  return {
    name: path,
    size: stats.size,
    source: { path: resolve(path) },
    read: (offset, length) =>
      failing('read', path, () =>
        withHandle(async (handle) => {
          const bytes = allocated(length, path)
          for (let done = 0; done < length; ) {
            const { bytesRead } = await handle.read(bytes, done, Math.min(length - done, largestTransfer), offset + done)
            if (bytesRead === 0) throw changed(path, byteCount(stats.size), `its end after ${byteCount(offset + done)}`)
            done += bytesRead
          }
          return bytes
        }),
      ),
  }
}

/** Keeps the file open while somebody reads: any number of reads share one descriptor, and none is left when they are done. */
function sharedHandle(path: string, stats: Stats) {
  let readers = 0
  let opening: Promise<FileHandle> | undefined
  return async <T>(use: (handle: FileHandle) => Promise<T>): Promise<T> => {
    readers++
    try {
      opening ??= openUnchanged(path, stats)
      return await use(await opening)
    } finally {
      if (--readers === 0) {
        const closing = opening
        opening = undefined
        await closing?.then((handle) => handle.close()).catch(() => {})
      }
    }
  }
}

/** Opens the file again, asserting that it is still the one whose header was checked. */
async function openUnchanged(path: string, before: Stats): Promise<FileHandle> {
  const handle = await open(path, 'r')
  const now = await handle.stat()
  if (now.ino === before.ino && now.size === before.size && now.mtimeMs === before.mtimeMs) return handle
  await handle.close()
  const describe = ({ size, mtime }: Stats) => `${byteCount(size)} of ${mtime.toISOString()}`
  throw changed(path, describe(before), describe(now))
}

async function writeAndSync(path: string, chunks: FileContent['chunks'], unfinished: Set<string>): Promise<void> {
  const handle = await open(path, 'wx')
  unfinished.add(path)
  try {
    for await (const chunk of chunks)
      for (let done = 0; done < chunk.length; )
        done += (await handle.write(chunk, done, Math.min(chunk.length - done, largestTransfer))).bytesWritten
    await handle.sync()
  } finally {
    await handle.close()
  }
}

/** Makes the renames themselves survive a power cut. Some systems cannot open a folder; there the rename is as safe as it gets. */
async function syncFolder(path: string): Promise<void> {
  const handle = await open(path, 'r').catch(() => undefined)
  await handle?.sync().catch(() => {})
  await handle?.close()
}

function toPath(location: string | URL, action: 'read' | 'write' = 'read'): string {
  const text = String(location)
  const noPath = (found: string) => new CheckpointError({ code: 'FileNotFound', action, file: text, expected: 'a path', found })
  if (/^file:\/\//i.test(text)) {
    try {
      return toPath(fileURLToPath(text), action)
    } catch (cause) {
      throw cause instanceof CheckpointError ? cause : noPath(cause instanceof Error ? cause.message : 'another kind of address')
    }
  }
  if (/^[a-z][a-z0-9+.-]+:\/\//i.test(text))
    throw new CheckpointError({
      code: 'NotSupported',
      action,
      file: text,
      expected: 'a path or a file: URL',
      found: 'an address in the network',
      hint: action === 'read' ? 'Download the file first, or fetch it and pass the bytes' : 'Write a file first, then send it',
    })
  if (text.includes('\0')) throw noPath('a NUL character in it')
  return text
}

const codes: Record<string, CheckpointErrorCode> = {
  ENOENT: 'FileNotFound',
  ENOTDIR: 'FileNotFound',
  ENOSPC: 'DiskFull',
  EDQUOT: 'DiskFull',
}

const reasons: Record<string, { readonly found: string; readonly hint?: string }> = {
  ENOENT: { found: 'nothing there', hint: 'Check the path; a relative one starts at the current folder' },
  ENOTDIR: { found: 'a file where a folder should be', hint: 'Check the path' },
  ENOSPC: { found: 'no space left on the disk', hint: 'Free some space and save again; an older file is still as it was' },
  EDQUOT: { found: "the user's disk quota used up", hint: 'Free some space and save again; an older file is still as it was' },
  EACCES: { found: 'no permission', hint: 'Check who owns the file and its folder' },
  EPERM: { found: 'no permission', hint: 'Check who owns the file and its folder' },
  EROFS: { found: 'a read-only disk', hint: 'Choose another folder' },
  EISDIR: { found: 'a folder of that name', hint: 'Choose another name' },
  EMFILE: { found: 'too many open files', hint: 'Raise the limit with "ulimit -n", or close files elsewhere in the program' },
}

/** Runs an operation on `file` and gives the system's errors their sentence. */
async function failing<T>(action: 'read' | 'write', file: string, operation: () => Promise<T>): Promise<T> {
  try {
    return await operation()
  } catch (cause) {
    const system = cause instanceof Error && 'syscall' in cause && 'code' in cause ? String(cause.code) : undefined
    if (system === undefined) throw cause
    const noFolder = action === 'write' && system === 'ENOENT'
    const { found, hint } = noFolder ? { found: 'no such folder', hint: 'Create it first' } : (reasons[system] ?? { found: system })
    const expected = action === 'read' ? 'a file that can be read' : 'a place that can be written'
    throw new CheckpointError({ code: codes[system] ?? 'IoError', action, file, expected, found, hint, cause })
  }
}

function allocated(length: number, file: string): Uint8Array<ArrayBuffer> {
  try {
    return new Uint8Array(length)
  } catch (cause) {
    const hint = 'It is more than this process can hold: point at its region instead, or save the file in smaller tensors'
    throw new CheckpointError({ code: 'IoError', file, expected: `memory for ${byteCount(length)}`, found: 'not enough', hint, cause })
  }
}

const notAFile = (file: string) =>
  new CheckpointError({
    code: 'IoError',
    file,
    expected: 'a regular file',
    found: 'a folder or a device',
    hint: 'For a folder with a checkpoint use openCheckpoint()',
  })

const changed = (file: string, expected: string, found: string) =>
  new CheckpointError({ code: 'IoError', file, expected, found, hint: 'The file changed after it was opened: open it again' })
