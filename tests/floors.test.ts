import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

/**
 * A folder of src imports from itself and from the folders that stand before it. Weights stand before nn and training, because
 * checkpoint scopes and training checkpoints read and write files.
 */
const floors = [
  'graph',
  'weights',
  'nn',
  'training',
  'tokenizers',
  'media',
  'generative',
  'backbones',
  'diorama',
  'contract',
  'systems',
  'taxonomy',
  'serve',
  'cli',
] as const

/** Packages that only run in Node; everything outside *.node.ts and the command line must run in a page. */
const nodeOnly = /^(node:.*|onnxruntime-node(\/.*)?|fs|path|os|url|crypto|http|https|net|stream|worker_threads|child_process|module|util)$/
const nodeGlobals = /(?<![\w$.'"`#])(process|Buffer|__dirname|__filename|require)(?=\s*[.([])/
/** The command line itself runs nowhere else. */
const runsInNode = (path: string): boolean => path.endsWith('.node.ts') || path.startsWith('cli/')
const isTest = (path: string): boolean => /\.test(-d)?\.ts$/.test(path)

/** What is wrong with one file, in sentences; `path` is relative to src. */
function faults(path: string, source: string): string[] {
  const floor = path.split('/')[0] as string
  const own = floors.indexOf(floor as (typeof floors)[number])
  const found = own < 0 && path.includes('/') ? [`src/${path}: "${floor}" is not among the floors`] : []
  for (const { specifier, typeOnly } of importsOf(source)) {
    const target = specifier.startsWith('.') ? resolve(path, specifier) : undefined
    if (target?.startsWith('../') && !isTest(path)) found.push(`src/${path} imports ${specifier}, which lies outside src`)
    const other = target === undefined || target.startsWith('../') ? -1 : floors.indexOf(target.split('/')[0] as (typeof floors)[number])
    if (other > own && own >= 0) found.push(`src/${path} imports ${specifier}: ${floors[other]} stands after ${floor}`)
    if (isTest(path) || runsInNode(path) || typeOnly) continue
    if (nodeOnly.test(specifier) || /\.node(\.js)?$/.test(specifier)) found.push(`src/${path} imports ${specifier}, which only Node has`)
  }
  const global = nodeGlobals.exec(withoutComments(source, true))?.[1]
  if (global && !isTest(path) && !runsInNode(path)) found.push(`src/${path} uses ${global}, which only Node has`)
  return found
}

/** Every `import … from`, `export … from`, `import '…'` and `import('…')`. A type-only import leaves nothing in the program. */
function importsOf(source: string): { specifier: string; typeOnly: boolean }[] {
  const code = withoutComments(source)
  const statement = /(?<![\w$.])(?:import|export)\s+(type\s+)?(?:[\w$*{}\s,]+?\s*from\s*)?(['"])([^'"\n]+)\2/g
  const call = /(?<![\w$.])import\s*\(\s*(['"`])([^'"`\n]+)\1/g
  return [
    ...[...code.matchAll(statement)].map(([, type, , specifier]) => ({ specifier: specifier as string, typeOnly: type !== undefined })),
    ...[...code.matchAll(call)].map(([, , specifier]) => ({ specifier: specifier as string, typeOnly: false })),
  ]
}

/** The source with its comments, and if asked its strings, blanked out. Regular expressions that hold quotes are left alone. */
function withoutComments(source: string, strings = false): string {
  const token =
    /\/\*[\s\S]*?\*\/|\/\/[^\n]*|'(?:\\.|[^'\\\n])*'|"(?:\\.|[^"\\\n])*"|`(?:\\.|[^`\\])*`|\/(?![*/\s])(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[dgimsuvy]*(?=\s*[.,;)\]\n])/g
  return source.replace(token, (text) => (text.startsWith('//') || text.startsWith('/*') ? ' ' : strings ? "''" : text))
}

/** The file that a relative import names, relative to src; leading `../` are left where it leads out of src. */
function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1)
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop()
    else if (part !== '.') parts.push(part)
  }
  return parts.join('/')
}

describe('faults()', () => {
  it('passes what stands before, what stands beside and what is its own', () => {
    const source = `import { a } from '../graph/index.js'\nexport * from './b.js'\nimport type { C } from '../weights/index.js'\nimport 'zod'`
    expect(faults('nn/layers.ts', source)).toEqual([])
  })

  it.each([
    ['a plain import', `import { train } from '../training/index.js'`],
    ['an import over several lines', `import {\n  type A,\n  train,\n} from '../training/index.js'`],
    ['a type', `import type { Recipe } from '../training/index.js'`],
    ['a re-export', `export { train } from '../training/index.js'`],
    ['a whole re-export', `export * from "../training/index.js"`],
    ['an import for its effects', `import '../training/index.js'`],
    ['an import at run time', `const { train } = await import('../training/index.js')`],
  ])('finds an arrow against the floors in %s', (_, source) => {
    expect(faults('nn/layers.ts', source)).toEqual(['src/nn/layers.ts imports ../training/index.js: training stands after nn'])
  })

  it('finds the arrow from deep folders, and in tests too', () => {
    expect(faults('graph/ops/a.test.ts', `import { linear } from '../../nn/index.js'`)).toEqual([
      'src/graph/ops/a.test.ts imports ../../nn/index.js: nn stands after graph',
    ])
  })

  it('finds what only Node has, outside *.node.ts and tests', () => {
    const source = `import { readFile } from 'node:fs/promises'`
    expect(faults('weights/a.ts', source)).toEqual(['src/weights/a.ts imports node:fs/promises, which only Node has'])
    expect(faults('weights/a.ts', `await import('onnxruntime-node')`)).toEqual([
      'src/weights/a.ts imports onnxruntime-node, which only Node has',
    ])
    expect(faults('weights/a.ts', `import { open } from './files.node.js'`)).toEqual([
      'src/weights/a.ts imports ./files.node.js, which only Node has',
    ])
    expect(faults('weights/a.ts', 'const home = process.env.HOME')).toEqual(['src/weights/a.ts uses process, which only Node has'])
    expect(faults('weights/a.node.ts', `${source}\nprocess.exit()`)).toEqual([])
    expect(faults('cli/commands/a.ts', `${source}\nprocess.exit()`)).toEqual([])
    expect(faults('weights/a.test.ts', source)).toEqual([])
  })

  it('is not misled by comments and strings', () => {
    const source = `// import '../cli/index.js'\n/* import x from 'node:fs' */\nconst hint = 'see process.env'\nconst url = 'http://a' // node:fs`
    expect(faults('graph/a.ts', source)).toEqual([])
  })

  it('finds imports that leave src, and folders that are no floor', () => {
    expect(faults('graph/a.ts', `import '../../bench/main.js'`)).toEqual([
      'src/graph/a.ts imports ../../bench/main.js, which lies outside src',
    ])
    expect(faults('attic/a.ts', '')).toEqual(['src/attic/a.ts: "attic" is not among the floors'])
  })
})

describe('the sources', () => {
  const src = fileURLToPath(new URL('../src/', import.meta.url))
  const files = readdirSync(src, { recursive: true, encoding: 'utf8' })
    .map((path) => path.replaceAll('\\', '/'))
    .filter((path) => path.endsWith('.ts') && !path.includes('/generated/'))

  it('import along the floors, and Node only in *.node.ts', () => {
    expect(files.length).toBeGreaterThan(50)
    expect(files.flatMap((path) => faults(path, readFileSync(`${src}${path}`, 'utf8')))).toEqual([])
  })

  it('are read as they are written: what TypeScript imports, the test has seen', () => {
    const sentences = files.filter((path) => /^import /m.test(readFileSync(`${src}${path}`, 'utf8')))
    for (const path of sentences) expect(importsOf(readFileSync(`${src}${path}`, 'utf8')).length, path).toBeGreaterThan(0)
  })
})
