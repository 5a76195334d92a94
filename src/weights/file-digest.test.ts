import { createHash } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it } from 'vitest'
import { sha256OfFile } from './file-digest.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-digest-'))
afterAll(() => rmSync(folder, { recursive: true }))

describe('sha256OfFile()', () => {
  it('reads files of any length in pieces, by path or URL', async () => {
    for (const length of [0, 5, 17 * 2 ** 20]) {
      const path = join(folder, 'file')
      const bytes = Buffer.alloc(length, 'bytes ')
      writeFileSync(path, bytes)
      const digest = createHash('sha256').update(bytes).digest('hex')
      expect(await sha256OfFile(path)).toBe(digest)
      expect(await sha256OfFile(pathToFileURL(path))).toBe(digest)
    }
  })

  it("takes the name of a blob of the hub's cache for it, and no other name", async () => {
    const repository = join(folder, 'models--owner--tiny')
    const [snapshot, digest] = [join(repository, 'snapshots', 'a'.repeat(40)), 'b'.repeat(64)]
    mkdirSync(snapshot, { recursive: true })
    mkdirSync(join(repository, 'blobs'))
    writeFileSync(join(repository, 'blobs', digest), 'x')
    symlinkSync(`../../blobs/${digest}`, join(snapshot, 'model.safetensors'))
    expect(await sha256OfFile(join(snapshot, 'model.safetensors'))).toBe(digest)
    symlinkSync(join(repository, 'blobs', digest), join(folder, 'link'))
    expect(await sha256OfFile(join(folder, 'link'))).toBe(createHash('sha256').update('x').digest('hex'))
  })
})
