import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { basename, extname } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/* Bundles the page and its worker, and serves them on this machine: node --conditions=genera-source --import tsx examples/diorama-page/serve.ts */
const path = (name: string): string => fileURLToPath(new URL(name, import.meta.url))
const types: Readonly<Record<string, string>> = { '.html': 'text/html; charset=utf-8', '.js': 'text/javascript' }

const bundled = await build({
  // The worker under this name beside the page's script is where dioramaDataset() looks for it.
  entryPoints: { page: path('page.ts'), 'record-worker': path('../../src/diorama/record-worker.ts') },
  bundle: true,
  splitting: true,
  format: 'esm',
  outdir: '/',
  write: false,
  conditions: ['genera-source', 'browser'],
})
const scripts = new Map(bundled.outputFiles.map(({ path, contents }) => [basename(path), contents]))

const server = createServer(async (request, response) => {
  const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1) || 'page.html'
  const bytes = name === 'page.html' ? await readFile(path(name)) : scripts.get(name)
  response.writeHead(bytes ? 200 : 404, { 'Content-Type': types[extname(name)] ?? 'text/plain' })
  response.end(bytes ?? 'Not found')
})
const port = Number(process.env.PORT ?? 8080)
server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
