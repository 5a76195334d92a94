/** What the hub needs of the platform; `#hub` is this for Node or for browsers. Everything else about the hub is pure. */
export interface HubPlatform {
  readonly env: Readonly<Record<string, string | undefined>>
  /** The user's own folder. */
  readonly home: string
  /** How much memory the process may use, in bytes. */
  readonly memory: number
  /** Who we are to other processes: a machine (or a container of its own processes) and a number on it. */
  readonly self: { readonly machine: string; readonly id: number }
  /** Whether a process of this machine lives. */
  isRunning(id: number): boolean
  /** One request; redirects are answers like others. */
  request(url: URL, options: RequestOptions): Promise<HubResponse>
  /** Undefined where digests cannot be made piece by piece. */
  readonly hasher: ((algorithm: 'sha256' | 'sha1') => Hasher) | undefined
  /** @throws what the signal was aborted with */
  sleep(seconds: number, signal: AbortSignal): Promise<void>
  readonly disk: Disk
}

export interface RequestOptions {
  readonly method: 'GET' | 'HEAD'
  readonly headers: Readonly<Record<string, string>>
  readonly signal: AbortSignal
  /** Without a byte for so long, the connection counts as cut. */
  readonly patience: number
  /** Whether a private, local or reserved address is refused; looked at where the connection is made, so that no name can change. */
  readonly publicOnly: boolean
}

export interface HubResponse {
  readonly status: number
  /** By its name in small letters. */
  header(name: string): string | undefined
  /** @throws an error of the network if the connection is cut */
  readonly body: AsyncIterable<Uint8Array>
  /** Ends the connection, read or not. */
  close(): void
}

/** A connection was refused because of the address that it would have led to. */
export class PrivateAddress extends Error {}

export interface Hasher {
  update(bytes: Uint8Array): void
  /** In small hexadecimal digits; the hasher is done with. */
  digest(): string
}

export interface Entry {
  readonly kind: 'file' | 'folder' | 'link' | 'other'
  /** In bytes. */
  readonly size: number
  /** In milliseconds since 1970. */
  readonly modified: number
}

/** A file that is being written. */
export interface Part {
  /** In bytes, when it was opened. */
  readonly size: number
  write(bytes: Uint8Array, position: number): Promise<void>
  truncate(): Promise<void>
  /** To the disk itself. */
  sync(): Promise<void>
  close(): Promise<void>
}

/** Paths have slashes on every system. Failures are the system's own errors, with their `code`. */
export interface Disk {
  /** What is there itself, links not followed; undefined if there is nothing. */
  entry(path: string): Promise<Entry | undefined>
  /** The file that a link leads to in the end, or the file itself; undefined if there is none. */
  target(path: string): Promise<Entry | undefined>
  /** Where a link says that it leads. */
  readLink(path: string): Promise<string>
  /** Names in a folder; none if there is no such folder. */
  list(path: string): Promise<readonly string[]>
  makeFolder(path: string): Promise<void>
  /** Of a small file; undefined if there is none. */
  readText(path: string): Promise<string | undefined>
  /** False if there is one already. */
  create(path: string, text: string): Promise<boolean>
  /** Whole or not at all. */
  replace(path: string, text: string): Promise<void>
  read(path: string): AsyncIterable<Uint8Array>
  /** Opens a file of one's own for writing, a new one if there is none; never through a link. */
  openPart(path: string): Promise<Part>
  rename(from: string, to: string): Promise<void>
  copy(from: string, to: string): Promise<void>
  /** A second name of the same file. False if the name is taken. */
  hardLink(existing: string, path: string): Promise<boolean>
  symbolicLink(target: string, path: string): Promise<void>
  /** Whatever is there, with all that is in it; links are removed and not followed. */
  remove(path: string): Promise<void>
  touch(path: string): Promise<void>
  /** Makes what was renamed in a folder survive a power cut. */
  syncFolder(path: string): Promise<void>
  /** Bytes that are left for the user on the disk of the nearest folder that exists. */
  free(path: string): Promise<number>
}
