import { type ChildProcess, execFileSync, spawn } from 'node:child_process'
import { type FileHandle, mkdir, mkdtemp, open, readdir, readFile, readlink, rename, rm, stat, truncate, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest'
import { entry, fileOf } from '../../tests/fixtures/safetensors/build.js'
import { fill, scalar } from '../graph/ndarray.js'
import { openSafetensors } from './checkpoint.js'
import { CheckpointError } from './checkpoint-error.js'
import { files } from './files.node.js'
import { writeSafetensors } from './write-safetensors.js'

let root: string
/** What all open files have in common, to make one of their operations fail. */
let handles: FileHandle
beforeAll(async () => {
  root = await mkdtemp(join(tmpdir(), 'genera-files-'))
  const handle = await open(join(root, 'probe'), 'w')
  handles = Object.getPrototypeOf(handle) as FileHandle
  await handle.close()
})
afterEach(() => {
  vi.restoreAllMocks()
})
afterAll(() => rm(root, { recursive: true }))

const newFolder = () => mkdtemp(join(root, 'folder-'))
const systemError = (code: string, syscall: string) => Object.assign(new Error(`${code}: ${syscall}`), { code, syscall })

describe('files.open() in Node', () => {
  test('says what stands at a path that is not a file', async () => {
    const missing = join(root, 'nowhere', 'm.safetensors')
    await expect(files.open(missing)).rejects.toMatchObject({ code: 'FileNotFound', file: missing, found: 'nothing there' })
    await expect(files.open(missing)).rejects.toThrow(
      `Cannot read ${missing}: expected a file that can be read, found nothing there. Check the path; a relative one starts at the current folder`,
    )
    await expect(files.open(root)).rejects.toMatchObject({ code: 'IoError', found: 'a folder or a device' })
    await expect(files.open('m\0.safetensors')).rejects.toMatchObject({ code: 'FileNotFound', found: 'a NUL character in it' })
    await expect(files.open(new URL('file:///a%2fb'))).rejects.toBeInstanceOf(CheckpointError)
  })

  test.skipIf(process.platform === 'win32')('does not wait for a pipe, nor read a device', async () => {
    const path = join(root, 'pipe')
    execFileSync('mkfifo', [path])
    await expect(files.open(path)).rejects.toMatchObject({ code: 'IoError', found: 'a folder or a device' })
    await expect(files.open('/dev/zero')).rejects.toMatchObject({ code: 'IoError' })
  })

  test.each(['https://example.com/m.safetensors', new URL('http://169.254.169.254/'), 'ftp://host/x'])(
    'does not fetch %s',
    async (address) => {
      await expect(files.open(address)).rejects.toMatchObject({
        code: 'NotSupported',
        hint: expect.stringContaining('Download the file first'),
      })
    },
  )

  test('names files as the caller does and points at them absolutely', async () => {
    const path = join(await newFolder(), 'm.safetensors')
    await writeSafetensors(path, [['a', scalar(1)]])
    const checkpoint = await openSafetensors(relative(process.cwd(), path))
    expect(checkpoint.file).toBe(relative(process.cwd(), path))
    expect(checkpoint.info('a').region?.source).toEqual({ path })
  })

  test('notices that a file was replaced, changed or cut after it was opened', async () => {
    const path = join(await newFolder(), 'm.safetensors')
    const changes: Record<string, () => Promise<unknown>> = {
      replaced: () => writeSafetensors(path, [['a', scalar(2)]]),
      changed: () => writeFile(path, fileOf({ a: entry('F32', [2], 0, 8) }, 8)),
      cut: () => truncate(path, 20),
      removed: () => rm(path),
    }
    for (const [name, change] of Object.entries(changes)) {
      await writeSafetensors(path, [['a', scalar(1)]])
      const checkpoint = await openSafetensors(path)
      await checkpoint.read('a')
      await change()
      await expect(checkpoint.read('a'), name).rejects.toMatchObject({ code: name === 'removed' ? 'FileNotFound' : 'IoError', file: path })
    }
  })

  test('reads on when the system gives fewer bytes than asked, and stops at an early end', async () => {
    const path = join(await newFolder(), 'm.safetensors')
    const array = fill('float32', [1000], (i) => i)
    await writeSafetensors(path, [['a', array]])
    const checkpoint = await openSafetensors(path)
    const original = handles.read
    const spy = vi.spyOn(handles, 'read').mockImplementation(function (this: FileHandle, ...[buffer, at, length, from]: unknown[]) {
      return Reflect.apply(original, this, [buffer, at, Math.min(length as number, 777), from])
    })
    expect(await checkpoint.read('a')).toEqual(array)
    expect(spy).toHaveBeenCalledTimes(6)
    spy.mockResolvedValue({ bytesRead: 0, buffer: new Uint8Array(0) })
    await expect(checkpoint.read('a')).rejects.toMatchObject({ code: 'IoError', hint: expect.stringContaining('open it again') })
  })

  test('shares one descriptor among reads at the same time and keeps none afterwards', async () => {
    const path = join(await newFolder(), 'm.safetensors')
    const names = Array.from({ length: 2000 }, (_, i) => `t${i}`)
    await writeSafetensors(
      path,
      names.map((name) => [name, scalar(1)]),
    )
    const checkpoint = await openSafetensors(path)
    const descriptors = new Set<number>()
    const original = handles.read
    vi.spyOn(handles, 'read').mockImplementation(function (this: FileHandle, ...parameters: unknown[]) {
      descriptors.add(this.fd)
      return Reflect.apply(original, this, parameters)
    })
    await Promise.all(names.map((name) => checkpoint.read(name)))
    expect(descriptors.size).toBe(1)
    if (process.platform !== 'linux') return
    const open = (await readdir('/proc/self/fd')).map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => ''))
    expect(await Promise.all(open)).not.toContain(path)
  })

  test('a tensor larger than memory ends in a CheckpointError, and its region can still be used', async () => {
    const path = join(await newFolder(), 'sparse.safetensors')
    const length = 2 ** 42
    const header = fileOf({ a: entry('U8', [length], 0, length) })
    await writeFile(path, header)
    const possible = await truncate(path, header.length + length).then(
      () => true,
      () => false,
    )
    if (!possible) return // This file system has no sparse files of 4 TB.
    const checkpoint = await openSafetensors(path)
    expect(checkpoint.info('a').region).toMatchObject({ offset: header.length, length })
    await expect(checkpoint.read('a')).rejects.toMatchObject({ code: 'IoError', expected: 'memory for 4,398,046,511,104 bytes' })
  })
})

describe('files.write() in Node', () => {
  test.each(['ENOSPC', 'EDQUOT'])('disk full (%s): a typed error, the old file as it was, nothing beside it', async (code) => {
    for (const maxShardBytes of [Number.POSITIVE_INFINITY, 4]) {
      const folder = await newFolder()
      const path = join(folder, 'm.safetensors')
      await writeFile(path, 'old')
      const original = handles.write
      let calls = 0
      vi.spyOn(handles, 'write').mockImplementation(function (this: FileHandle, ...parameters: unknown[]) {
        if (++calls === 3) throw systemError(code, 'write')
        return Reflect.apply(original, this, parameters)
      })
      const writing = writeSafetensors(
        path,
        [
          ['a', scalar(1)],
          ['b', scalar(2)],
        ],
        { maxShardBytes },
      )
      await expect(writing).rejects.toMatchObject({ code: 'DiskFull', hint: expect.stringContaining('an older file is still as it was') })
      await expect(writing).rejects.toThrow(
        /^Cannot write .*: expected a place that can be written, found (no space left on the disk|the user's disk quota used up)\. /,
      )
      expect(await readdir(folder)).toEqual(['m.safetensors'])
      expect(await readFile(path, 'utf8')).toBe('old')
      vi.restoreAllMocks()
    }
  })

  test('disk full while the bytes go through to the disk', async () => {
    const folder = await newFolder()
    vi.spyOn(handles, 'sync').mockRejectedValue(systemError('ENOSPC', 'fsync'))
    await expect(writeSafetensors(join(folder, 'm'), [['a', scalar(1)]])).rejects.toMatchObject({ code: 'DiskFull' })
    expect(await readdir(folder)).toEqual([])
  })

  test('writes on when the system takes fewer bytes than offered', async () => {
    const path = join(await newFolder(), 'm.safetensors')
    const original = handles.write
    vi.spyOn(handles, 'write').mockImplementation(function (this: FileHandle, ...[chunk, at, length]: unknown[]) {
      return Reflect.apply(original, this, [chunk, at, Math.min(length as number, 100)])
    })
    const array = fill('float32', [1000], (i) => i)
    await writeSafetensors(path, [['a', array]])
    expect(await (await openSafetensors(path)).read('a')).toEqual(array)
  })

  test('syncs every file before it gets its name', async () => {
    const folder = await newFolder()
    const seen: string[][] = []
    const original = handles.sync
    vi.spyOn(handles, 'sync').mockImplementation(async function (this: FileHandle) {
      seen.push((await readdir(folder)).filter((name) => !name.endsWith('.tmp')))
      return Reflect.apply(original, this, [])
    })
    const final = ['m-00001-of-00002.safetensors', 'm-00002-of-00002.safetensors', 'm.safetensors.index.json']
    await writeSafetensors(
      join(folder, 'm.safetensors'),
      [
        ['a', scalar(1)],
        ['b', scalar(2)],
      ],
      { maxShardBytes: 4 },
    )
    expect(seen).toEqual([[], [], [], final]) // two shards, the index, and then the folder
  })

  test('takes a file: URL as text, and replaces what is at its path', async () => {
    const folder = await newFolder()
    const location = pathToFileURL(join(folder, 'a b.safetensors')).href
    await writeSafetensors(location, [['a', scalar(1)]])
    expect(await readdir(folder)).toEqual(['a b.safetensors'])
    await writeSafetensors(join(folder, 'm.safetensors'), [['old', scalar(1)]])
    await writeSafetensors(
      pathToFileURL(join(folder, 'm.safetensors')).href,
      [
        ['a', scalar(1)],
        ['b', scalar(2)],
      ],
      { maxShardBytes: 4 },
    )
    expect(await readdir(folder)).not.toContain('m.safetensors')
  })

  test('says where it cannot write', async () => {
    const folder = await newFolder()
    await mkdir(join(folder, 'taken'))
    await expect(writeSafetensors(join(folder, 'no', 'm'), [])).rejects.toMatchObject({
      code: 'FileNotFound',
      message: expect.stringMatching(/^Cannot write /),
    })
    await expect(writeSafetensors(join(folder, 'taken'), [])).rejects.toMatchObject({ code: 'IoError', found: 'a folder of that name' })
    await expect(writeSafetensors('https://example.com/m', [])).rejects.toThrow(
      'Cannot write https://example.com/m: expected a path or a file: URL',
    )
    expect(await readdir(folder)).toEqual(['taken'])
  })

  test('a crash between write and rename, again and again, and two processes at once: always one whole file', async () => {
    const folder = await newFolder()
    const path = join(folder, 'm.safetensors')
    const size = 500_000
    await writeSafetensors(path, [['a', fill('float32', [size], () => 1)]])
    // Each process writes arrays of one value, in a loop; a mixture of two writes would show two values.
    const program = (value: number) => `
      const { writeSafetensors } = await import(${JSON.stringify(new URL('./write-safetensors.ts', import.meta.url).href)})
      const { fill } = await import(${JSON.stringify(new URL('../graph/ndarray.ts', import.meta.url).href)})
      for (let i = 0; ; i++) {
        await writeSafetensors(${JSON.stringify(path)}, [['a', fill('float32', [${size}], () => ${value} + i)]])
        if (i === 0) console.log('writing')
      }`
    const start = async (value: number): Promise<ChildProcess> => {
      const flags = [
        '--conditions=genera-source',
        '--import',
        pathToFileURL(join(process.cwd(), 'node_modules/tsx/dist/esm/index.mjs')).href,
      ]
      const child = spawn(process.execPath, [...flags, '--input-type=module', '-e', program(value)], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      await new Promise((resolve, reject) => {
        child.stdout?.once('data', resolve)
        child.once('exit', (code) => reject(new Error(`The writer ended with ${code}`)))
      })
      return child
    }
    const readOne = async () => {
      const array = await openSafetensors(path, { inMemory: true }).then((checkpoint) => checkpoint.read('a'))
      expect(array.shape).toEqual([size])
      const [first] = array.data
      expect(array.data.every((value) => value === first)).toBe(true)
    }
    for (let round = 0; round < 4; round++) {
      const writers = await Promise.all([start(1000 * round), start(1_000_000 + 1000 * round)])
      for (let i = 0; i < 5; i++)
        await readOne().catch((error: unknown) => {
          // Replaced between looking and reading: the reader is told, and tries again.
          if (!(error instanceof CheckpointError && error.hint?.includes('open it again'))) throw error
        })
      await new Promise((resolve) => setTimeout(resolve, 17 * round))
      const ended = writers.map((writer) => new Promise((resolve) => writer.once('exit', resolve)))
      for (const writer of writers) writer.kill('SIGKILL')
      await Promise.all(ended)
      await readOne()
      expect((await stat(path)).size).toBeGreaterThan(4 * size)
    }
    const left = (await readdir(folder)).filter((name) => name !== 'm.safetensors')
    for (const name of left) expect(name).toMatch(/^\.m\.safetensors\.\d+-[0-9a-f]{8}\.tmp$/)
    await rename(path, join(folder, 'done'))
  })
})
