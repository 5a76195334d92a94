import { execFile } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { type HubServer, hubServer } from './support/hub-server.js'

/*
 * The snippets in the documents have the types that they claim, run, and print what the comments beside console.log say. One that
 * needs a file of the package (```ts needs=weights/….safetensors) is not run where that file is missing. They run in an empty folder,
 * and what they take for the hub is a server of this test.
 */
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(root, 'node_modules', '.docs-')) // inside the package, so that 'genera/graph' is found
const before = process.cwd()
let hub: HubServer | undefined
beforeAll(async () => {
  process.chdir(folder)
  const files = { 'model_index.json': '{}', 'scheduler/scheduler_config.json': '{}' }
  hub = await hubServer({ 'stable-diffusion-v1-5/stable-diffusion-v1-5': { files, licence: 'creativeml-openrail-m' } })
  vi.stubEnv('HF_ENDPOINT', hub.url)
  vi.stubEnv('HF_HOME', join(folder, 'huggingface'))
})
afterAll(async () => {
  await hub?.close()
  vi.unstubAllEnvs()
  process.chdir(before)
  rmSync(folder, { recursive: true, force: true })
})

const printed = (values: readonly unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)?.replaceAll(',', ', '))).join(' ')

const documents = [
  'README.md',
  'docs/graph.md',
  'docs/diorama.md',
  'docs/media.md',
  'docs/pictures.md',
  'docs/language.md',
  'docs/hub.md',
].map((document) => {
  const text = readFileSync(join(root, document), 'utf8')
  const blocks = text.matchAll(/^```ts\b[^\n]*?(?:needs=(\S+))?\n([\s\S]*?)^```$/gm)
  const snippets = [...blocks].map(([, needs, code], i) => {
    const name = `${document.replaceAll(/\W/g, '-')}-${i + 1}.ts`
    return { number: i + 1, name, code: code as string, present: needs === undefined || existsSync(join(root, needs)) }
  })
  return { document, snippets }
})
const all = documents.flatMap(({ snippets }) => snippets)
for (const { name, code } of all) writeFileSync(join(folder, name), code)

it('the snippets have the types that they claim', async () => {
  const project = join(folder, 'tsconfig.json')
  writeFileSync(project, JSON.stringify({ extends: join(root, 'tsconfig.json'), include: [], files: all.map(({ name }) => name) }))
  const compiler = join(root, 'node_modules', 'typescript', 'bin', 'tsc')
  const { stdout } = await promisify(execFile)(process.execPath, [compiler, '-p', project, '--pretty', 'false'], { cwd: folder }).catch(
    (failed: { stdout: string }) => failed,
  )
  // What is wrong with the library's own sources is not for this test to say.
  expect(stdout.split('\n').filter((line) => line.includes('error TS') && !line.startsWith('../../src/'))).toEqual([])
})

describe.each(documents)('$document', ({ snippets }) => {
  it('has snippets', () => expect(snippets.length).toBeGreaterThan(0))

  for (const { number, name, code, present } of snippets)
    it.skipIf(!present)(`snippet ${number} runs and prints what it says`, async () => {
      const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
      try {
        await import(pathToFileURL(join(folder, name)).href)
        const said = log.mock.calls.map(printed)
        const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, comment]) => comment as string)
        for (const words of promised) if (!words.startsWith('close to')) expect(said).toContain(words)
        for (const words of said) expect(words).not.toMatch(/NaN|undefined/)
      } finally {
        log.mockRestore()
      }
    })
})
