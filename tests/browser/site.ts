import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** What a page needs for threads, and the strictest policy under which the engine works. */
const headers = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
  'Content-Security-Policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'",
}

const types: Readonly<Record<string, string>> = { '.js': 'text/javascript', '.wasm': 'application/wasm', '.html': 'text/html' }

const engineFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))

/** Bundles the page from the sources and serves it, with the engine's .wasm files beside the scripts. */
export async function serveSite(): Promise<{ readonly url: string; close(): void }> {
  const scripts = await bundle()
  const server = createServer(async (request, response) => {
    const name = basename(new URL(request.url ?? '/', 'http://localhost').pathname) || 'index.html'
    if (name === 'index.html') return send(response, '.html', '<!doctype html><title>genera</title><script type="module" src="page.js"></script>')
    const file = scripts.get(name) ?? (extname(name) === '.wasm' ? await readFile(join(engineFolder, name)) : undefined)
    if (file) return send(response, extname(name), file)
    response.writeHead(404).end()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  return { url: `http://127.0.0.1:${port}/`, close: () => void server.close() }
}

function send(response: ServerResponse, extension: string, body: string | Uint8Array): void {
  response.writeHead(200, { ...headers, 'Content-Type': types[extension] ?? 'application/octet-stream' }).end(body)
}

async function bundle(): Promise<ReadonlyMap<string, Uint8Array>> {
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL('./page.ts', import.meta.url))],
    outdir: '/site',
    bundle: true,
    splitting: true, // the engine gets a script of its own, which its threads load
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['genera-source', 'browser'],
    external: ['module', 'worker_threads'], // branches for Node inside onnxruntime-web
    write: false,
  })
  return new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
}
