import { createHash, randomUUID } from 'node:crypto'
import { lookup as resolveName } from 'node:dns'
import { constants, createReadStream, readlinkSync, type Stats } from 'node:fs'
import {
  copyFile,
  link,
  lstat,
  mkdir,
  open,
  readdir,
  readFile,
  readlink,
  rename,
  rm,
  stat,
  statfs,
  symlink,
  utimes,
} from 'node:fs/promises'
import http, { type IncomingMessage } from 'node:http'
import https from 'node:https'
import { BlockList, isIP, type LookupFunction } from 'node:net'
import { homedir, hostname, totalmem } from 'node:os'
import { dirname } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { type Disk, type Entry, type HubPlatform, type HubResponse, PrivateAddress, type RequestOptions } from './platform.js'

export const platform: HubPlatform = {
  env: process.env,
  home: homedir(),
  memory: Math.min(process.constrainedMemory?.() || Number.POSITIVE_INFINITY, totalmem()),
  self: { machine: machine(), id: process.pid },
  isRunning(id) {
    try {
      process.kill(id, 0) // asks, and sends nothing
      return true
    } catch (error) {
      return (error as NodeJS.ErrnoException).code === 'EPERM' // somebody else's
    }
  },
  request,
  hasher(algorithm) {
    const hash = createHash(algorithm)
    return { update: (bytes) => void hash.update(bytes), digest: () => hash.digest('hex') }
  },
  sleep: async (seconds, signal) => {
    await pause(seconds * 1000, undefined, { signal }).catch(() => {})
    signal.throwIfAborted()
  },
  disk: disk(),
}

/** Process numbers mean something only among processes that see each other: containers may share a folder, and even a host name. */
function machine(): string {
  const space = () => {
    try {
      return readlinkSync('/proc/self/ns/pid')
    } catch {
      return '' // not Linux
    }
  }
  return createHash('sha256').update(`${hostname()} ${space()}`).digest('hex').slice(0, 12)
}

/** Addresses that lead nowhere in the public network: this machine, its neighbours, services of clouds, and what is reserved. */
const reserved = new BlockList()
for (const [network, prefix] of [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const)
  reserved.addSubnet(network, prefix, 'ipv4')
for (const [network, prefix] of [
  ['::', 96], // with ::1 and the oldest way of writing IPv4
  ['::ffff:0:0', 96], // IPv4 in disguise
  ['64:ff9b::', 96],
  ['100::', 64],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['fc00::', 7],
  ['fe80::', 10],
  ['ff00::', 8],
] as const)
  reserved.addSubnet(network, prefix, 'ipv6')

export const isPublicAddress = (address: string): boolean =>
  isIP(address) !== 0 && !reserved.check(address, isIP(address) === 6 ? 'ipv6' : 'ipv4')

/** Resolves a name and refuses it if any of its addresses is private: the connection goes to what was looked at, not to a second look-up. */
const publicLookup: LookupFunction = (name, options, callback) =>
  resolveName(name, options, (error, found, family) => {
    const addresses = Array.isArray(found) ? found.map(({ address }) => address) : [found]
    const bad = error ? undefined : addresses.find((address) => !isPublicAddress(address))
    callback(bad === undefined ? error : new PrivateAddress(`${name} is ${bad}`), found as string, family)
  })

async function request(url: URL, { method, headers, signal, patience, publicOnly }: RequestOptions): Promise<HubResponse> {
  const literal = url.hostname.replace(/^\[|\]$/g, '')
  if (publicOnly && isIP(literal) && !isPublicAddress(literal)) throw new PrivateAddress(literal)
  return new Promise((resolve, reject) => {
    const module = url.protocol === 'https:' ? https : http
    const lookup = publicOnly ? { lookup: publicLookup } : {}
    // A connection of its own for each request: one that was made without looking at its address must not be used again with it.
    const sent = module.request(url, { method, headers, signal, agent: false, ...lookup }, (message) => resolve(responseOf(message)))
    sent.setTimeout(patience * 1000, () => sent.destroy(timedOut(patience)))
    sent.on('error', reject) // after the answer it has no effect: the body throws
    sent.end()
  })
}

const timedOut = (seconds: number) => Object.assign(new Error(`nothing came for ${seconds} s`), { code: 'ETIMEDOUT' })

const responseOf = (message: IncomingMessage): HubResponse => ({
  status: message.statusCode ?? 0,
  header: (name) => {
    const value = message.headers[name]
    return Array.isArray(value) ? value.join(', ') : value
  },
  body: message,
  close: () => {
    message.on('error', () => {})
    message.destroy()
  },
})

/** Undefined where there is nothing. */
async function orNothing<T>(found: Promise<T>): Promise<T | undefined> {
  try {
    return await found
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes((error as NodeJS.ErrnoException).code ?? '')) return undefined
    throw error
  }
}

function described(stats: Stats | undefined): Entry | undefined {
  if (!stats) return undefined
  const kind = stats.isFile() ? 'file' : stats.isDirectory() ? 'folder' : stats.isSymbolicLink() ? 'link' : 'other'
  return { kind, size: stats.size, modified: stats.mtimeMs }
}

function disk(): Disk {
  return {
    entry: async (path) => described(await orNothing(lstat(path))),
    target: async (path) => described(await orNothing(stat(path))),
    readLink: (path) => readlink(path),
    list: async (path) => (await orNothing(readdir(path))) ?? [],
    makeFolder: async (path) => void (await mkdir(path, { recursive: true })),
    readText: (path) => orNothing(readFile(path, 'utf8')),

    async create(path, text) {
      try {
        const handle = await open(path, 'wx')
        try {
          await handle.writeFile(text)
        } finally {
          await handle.close()
        }
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
        throw error
      }
    },

    async replace(path, text) {
      const temporary = `${path}.${process.pid}-${randomUUID().slice(0, 8)}.tmp`
      try {
        const handle = await open(temporary, 'wx')
        try {
          await handle.writeFile(text)
          await handle.sync()
        } finally {
          await handle.close()
        }
        await rename(temporary, path)
      } finally {
        await rm(temporary, { force: true }).catch(() => {})
      }
    },

    read: (path) => createReadStream(path, { highWaterMark: 2 ** 20 }),

    async openPart(path) {
      const handle = await open(path, constants.O_RDWR | constants.O_CREAT | (constants.O_NOFOLLOW ?? 0), 0o644)
      return {
        size: (await handle.stat()).size,
        async write(bytes, position) {
          for (let done = 0; done < bytes.length; )
            done += (await handle.write(bytes, done, bytes.length - done, position + done)).bytesWritten
        },
        truncate: () => handle.truncate(0),
        sync: () => handle.sync(),
        close: () => handle.close(),
      }
    },

    rename,
    copy: (from, to) => copyFile(from, to, constants.COPYFILE_FICLONE),
    async hardLink(existing, path) {
      try {
        await link(existing, path)
        return true
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false
        throw error
      }
    },
    symbolicLink: (target, path) => symlink(target, path, 'file'),
    remove: (path) => rm(path, { recursive: true, force: true }),
    touch: (path) => utimes(path, new Date(), new Date()),

    async syncFolder(path) {
      const handle = await open(path, 'r').catch(() => undefined)
      await handle?.sync().catch(() => {}) // some systems cannot
      await handle?.close()
    },

    async free(path) {
      for (let folder = path; ; folder = dirname(folder)) {
        const found = await orNothing(statfs(folder))
        if (found) return found.bavail * found.bsize
        if (folder === dirname(folder)) return Number.POSITIVE_INFINITY
      }
    },
  }
}
