import { createHash } from 'node:crypto'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { array } from '../graph/index.js'
import { type Checkpoint, encodeSafetensors } from '../weights/index.js'
import { chooseCheckpoint } from './checkpoint-choice.js'

const bytesOf = (value: number) => encodeSafetensors(new Map([['weight', array([value])]]))
const digest = (...bytes: (Uint8Array | string)[]) => bytes.reduce((hash, part) => hash.update(part), createHash('sha256')).digest('hex')

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'genera-choice-'))
  await mkdir(join(folder, 'model', 'unet'), { recursive: true })
  await writeFile(join(folder, 'one.safetensors'), bytesOf(1))
  await writeFile(join(folder, 'model', 'unet', 'model.safetensors'), bytesOf(2))
  await writeFile(join(folder, 'model', 'vae.safetensors'), bytesOf(3))
  await writeFile(join(folder, 'model', 'README.md'), 'not a weight')
})
afterAll(() => rm(folder, { recursive: true }))

const weightOf = async (checkpoint: Checkpoint) => (await checkpoint.read('weight')).data[0]

describe('chooseCheckpoint()', () => {
  it('opens a file of the user, by path or by URL', async () => {
    const path = join(folder, 'one.safetensors')
    for (const asked of [path, pathToFileURL(path)]) {
      const choice = await chooseCheckpoint('muse', { hub: ['amused/amused-256'] }, asked)
      expect(choice).toMatchObject({ kind: 'local', name: String(asked) })
      expect(await weightOf(await choice.open())).toBe(1)
      expect(await choice.sha256()).toBe(digest(bytesOf(1)))
    }
  })

  it('opens the parts of a folder, whether they are folders or files', async () => {
    const choice = await chooseCheckpoint('muse', {}, join(folder, 'model'))
    expect(await weightOf(await choice.open('unet'))).toBe(2)
    expect(await weightOf(await choice.open('vae'))).toBe(3)
    expect(await choice.sha256()).toBe(digest([digest([digest(bytesOf(2))].join('\n')), digest(bytesOf(3))].join('\n')))
  })

  it('lets a system without weights go without', async () => {
    const choice = await chooseCheckpoint('chatbcg', {})
    expect(choice).toMatchObject({ name: 'none', kind: 'none' })
    expect(await choice.sha256()).toBeUndefined()
    await expect(choice.open()).rejects.toThrow('Cannot load the checkpoint "none" of chatbcg: the system declares no weights')
  })

  it.each([
    [
      'muse',
      {},
      'nowhere',
      /^Cannot load the checkpoint "nowhere" of muse: there is no file and no folder of this name\. It knows no checkpoint/,
    ],
    ['muse', { hub: ['amused/amused-256'] }, 'amused/amused-256', /Fetch it: genera pull amused\/amused-256$/],
    ['muse', { hub: ['amused/amused-256'] }, 'amused/amused-265', /Did you mean "amused\/amused-256"\?$/],
    [
      'muse',
      { hub: ['amused/amused-256'] },
      undefined,
      /^Cannot load the checkpoint "embedded" of muse: none comes with genera\. It reads amused\/amused-256/,
    ],
    [
      'muse',
      { embedded: 'no-such-weights' },
      undefined,
      /^Cannot load the checkpoint "no-such-weights" of muse: .*no-such-weights\.safetensors is not there\. Install genera anew, or make it: genera train muse$/,
    ],
  ] as const)('says of %s with %j that %s is missing, and what to do', async (system, checkpoints, asked, sentence) => {
    await expect(chooseCheckpoint(system, checkpoints, asked)).rejects.toMatchObject({
      code: 'CheckpointMissing',
      message: expect.stringMatching(sentence),
    })
  })
})
