import { readFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { basename, dirname, extname, join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'

/** The strictest policy under which the engine works: no eval, nothing from elsewhere. */
const policy = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; worker-src 'self'; connect-src 'self'"

/** What a page needs for threads. */
const isolation = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' }

const types: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.wasm': 'application/wasm',
}

const html = '<!doctype html><title>genera</title><script type="module" src="/page.js"></script>'
const engineFolder = dirname(createRequire(import.meta.url).resolve('onnxruntime-web/ort-wasm-simd-threaded.wasm'))

export interface Site {
  /** A page that is cross-origin isolated. */
  readonly isolated: string
  /** The same page without the headers for it. */
  readonly open: string
  close(): void
}

export interface SiteScripts {
  /** The script of the page. */
  readonly page: string
  /** Scripts for workers, by their names without `.js`. */
  readonly workers?: Readonly<Record<string, string>>
}

/** Bundles scripts, named relative to this folder, and serves them with the engine's own files, which are found in every folder. */
export async function serveSite({ page, workers = {} }: SiteScripts): Promise<Site> {
  const scripts = await bundle({ page, ...workers })
  const server = createServer(async ({ url = '/' }, response) => {
    const name = basename(url)
    const engineFile = /^ort-wasm[\w.-]+$/.test(name) ? await readFile(join(engineFolder, name)) : undefined
    const body = extname(name) === '.html' ? html : (scripts.get(name) ?? engineFile)
    send(response, name, body)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  return { isolated: `${origin}/isolated.html`, open: `${origin}/open.html`, close: () => void server.close() }
}

function send(response: ServerResponse, name: string, body: string | Uint8Array | undefined): void {
  if (body === undefined) return void response.writeHead(404).end()
  const headers = { 'Content-Type': types[extname(name)] ?? '', 'Content-Security-Policy': policy, ...(name !== 'open.html' && isolation) }
  response.writeHead(200, headers).end(body)
}

async function bundle(scripts: Readonly<Record<string, string>>): Promise<ReadonlyMap<string, Uint8Array>> {
  const entries = Object.entries(scripts).map(([name, path]) => [name, fileURLToPath(new URL(path, import.meta.url))])
  const { outputFiles } = await build({
    entryPoints: Object.fromEntries(entries),
    outdir: '/site',
    bundle: true,
    splitting: true, // the engine gets a script of its own, which its threads load too
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    conditions: ['genera-source', 'browser'],
    // Branches for Node, in onnxruntime-web and in the reader of GLB, which no page takes.
    external: ['module', 'worker_threads', 'node:*'],
    write: false,
  })
  return new Map(outputFiles.map(({ path, contents }) => [basename(path), contents]))
}
