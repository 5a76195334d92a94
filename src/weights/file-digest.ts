import { files } from '#files'
import { platform } from '#hub'

/** In bytes; what is in memory at a time. */
const piece = 16 * 2 ** 20

/**
 * The SHA-256 of a file, in 64 hexadecimal digits. A file that the hub's cache has checked bears it in its name, so gigabytes of it are
 * not read once more whenever a system starts.
 */
export async function sha256OfFile(location: string | URL): Promise<string> {
  const known = await nameOfBlob(String(location))
  if (known !== undefined) return known
  const file = await files.open(location)
  const hash = platform.hasher?.('sha256')
  if (!hash) return hexadecimal(await crypto.subtle.digest('SHA-256', await file.read(0, file.size)))
  for (let at = 0; at < file.size; at += piece) hash.update(await file.read(at, Math.min(piece, file.size - at)))
  return hash.digest()
}

async function nameOfBlob(path: string): Promise<string | undefined> {
  if (!/[\\/]models--[^\\/]+[\\/]snapshots[\\/][0-9a-f]{40}[\\/]/.test(path)) return undefined
  const entry = await platform.disk.entry(path)
  const target = entry?.kind === 'link' ? await platform.disk.readLink(path) : ''
  return /[\\/]blobs[\\/]([0-9a-f]{64})$/.exec(target)?.[1]
}

const hexadecimal = (bytes: ArrayBuffer): string => Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, '0')).join('')
