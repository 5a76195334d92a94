import { readFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { createRequire } from 'node:module'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/* Bundles the page and serves it on this machine. The two headers give the page SharedArrayBuffer, and with it threads. */
const here = dirname(fileURLToPath(import.meta.url))
const engine = dirname(createRequire(import.meta.url).resolve('onnxruntime-web'))
const types: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

const bundled = await build({
  entryPoints: [join(here, 'page.ts')],
  bundle: true,
  splitting: true, // ONNX Runtime's threads load its script again, so it has to be one of its own
  format: 'esm',
  outdir: '/',
  write: false,
  conditions: ['genera-source', 'browser'],
})
const scripts = new Map(bundled.outputFiles.map(({ path, contents }) => [basename(path), contents]))

/** What the page may ask for: itself, its scripts and ONNX Runtime's files. */
async function contentOf(name: string): Promise<Uint8Array | undefined> {
  if (name === 'page.html') return readFile(join(here, name))
  return scripts.get(name) ?? (/^ort-[\w.-]+$/.test(name) ? readFile(join(engine, name)).catch(() => undefined) : undefined)
}

const server = createServer(async (request, response) => {
  const name = new URL(request.url ?? '/', 'http://localhost').pathname.slice(1) || 'page.html'
  const bytes = await contentOf(name)
  response.writeHead(bytes ? 200 : 404, {
    'Content-Type': types[extname(name)] ?? 'text/plain',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
  })
  response.end(bytes ?? 'Not found')
})
const port = Number(process.env.PORT ?? 8080)
server.listen(port, '127.0.0.1', () => console.log(`http://localhost:${port}`))
