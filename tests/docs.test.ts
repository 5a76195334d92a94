import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { afterAll, describe, expect, it, vi } from 'vitest'

/* The snippets in the documents run, and print what the comments beside console.log say. */
const root = fileURLToPath(new URL('..', import.meta.url))
const folder = mkdtempSync(join(root, 'node_modules', '.docs-')) // inside the package, so that 'genera/graph' is found
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const printed = (values: readonly unknown[]): string =>
  values.map((value) => (typeof value === 'string' ? value : JSON.stringify(value)?.replaceAll(',', ', '))).join(' ')

describe.each(['README.md', 'docs/graph.md'])('%s', (document) => {
  const text = readFileSync(join(root, document), 'utf8')
  const snippets = [...text.matchAll(/^```ts\n([\s\S]*?)^```$/gm)].map(([, code], i) => ({ number: i + 1, code: code as string }))

  it('has snippets', () => expect(snippets.length).toBeGreaterThan(0))

  it.each(snippets)('snippet $number runs and prints what it says', async ({ number, code }) => {
    const file = join(folder, `${document.replaceAll(/\W/g, '-')}-${number}.ts`)
    writeFileSync(file, code)
    const log = vi.spyOn(console, 'log').mockImplementation(() => undefined)
    try {
      await import(pathToFileURL(file).href)
      const said = log.mock.calls.map(printed)
      const promised = [...code.matchAll(/console\.log\(.*\) \/\/ (.*)$/gm)].map(([, comment]) => comment as string)
      for (const words of promised) if (!words.startsWith('close to')) expect(said).toContain(words)
      for (const words of said) expect(words).not.toMatch(/NaN|undefined/)
    } finally {
      log.mockRestore()
    }
  })
})
