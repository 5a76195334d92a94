import type { ByteRegion } from '../graph/region.js'
import { byteCount, CheckpointError } from './checkpoint-error.js'

/** Where bytes can come from: a path or a `file:` URL in Node, an address of the same origin in browsers, or the bytes themselves. */
export type ByteSource = string | URL | Blob | Uint8Array | ArrayBuffer

/** A file to read from. It holds no system resource between reads, so there is nothing to close. */
export interface OpenFile {
  /** As the caller named it; for errors. */
  readonly name: string
  /** In bytes. */
  readonly size: number
  /** What a region of this file points into; undefined where every byte has to be fetched. */
  readonly source: ByteRegion['source'] | undefined
  /**
   * A fresh copy of `length` bytes from `offset`, alone in its buffer.
   *
   * @throws CheckpointError if they cannot be read in full, or if the file is no longer the one that was opened
   */
  read(offset: number, length: number): Promise<Uint8Array<ArrayBuffer>>
}

/** One file to be written, in pieces. */
export interface FileContent {
  readonly location: string
  readonly chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>
}

/** What the platform gives; `#files` is this for Node or for browsers. Every failure is a CheckpointError. */
export interface Files {
  open(location: string | URL): Promise<OpenFile>
  /** The names in a folder; undefined if the location is not a folder. */
  list(location: string | URL): Promise<readonly string[] | undefined>
  /** The location of `name` in a folder. */
  within(folder: string | URL, name: string): string
  /** The location of `name` beside a file. */
  beside(file: string | URL, name: string): string
  /** Writes all files or none: whatever happens, a reader finds the old content or the new one. Then removes `obsolete` files. */
  write(contents: readonly FileContent[], obsolete?: readonly string[]): Promise<void>
}

/** A copy of a part of some bytes, alone in its buffer. */
export const copied = (bytes: Uint8Array, offset: number, length: number): Uint8Array<ArrayBuffer> =>
  new Uint8Array(bytes.subarray(offset, offset + length))

/** An open file over bytes in memory. `read` copies, so that arrays never share memory with the source. */
export function memoryFile(bytes: Uint8Array, name: string): OpenFile {
  return {
    name,
    size: bytes.length,
    source: { bytes, name },
    read: async (offset, length) => copied(bytes, offset, length),
  }
}

/** An open file over a Blob or a File, of which only the parts that are read come into memory. */
export function blobFile(blob: Blob, name: string): OpenFile {
  return {
    name,
    size: blob.size,
    source: undefined,
    read: async (offset, length) => {
      try {
        return new Uint8Array(await blob.slice(offset, offset + length).arrayBuffer())
      } catch (cause) {
        throw ioError({ file: name, expected: `${byteCount(length)} from byte ${offset}`, cause, hint: 'Choose the file again' })
      }
    },
  }
}

/** The error for an operation that the platform refused. */
export function ioError({ action, file, expected, cause, hint }: IoProblem): CheckpointError {
  const found = cause instanceof Error ? cause.message : String(cause)
  return new CheckpointError({ code: 'IoError', action, file, expected, found, cause, hint })
}

interface IoProblem {
  readonly action?: 'read' | 'write'
  readonly file: string
  readonly expected: string
  readonly cause: unknown
  readonly hint?: string
}
