import { printable } from '../checkpoint-error.js'
import { matches } from './glob.js'
import { HubError } from './hub-error.js'

export interface Selection {
  /** Globs of the files that are wanted; without any, what genera reads: the configuration, and each part's weights once. */
  readonly include?: readonly string[] | undefined
  readonly exclude?: readonly string[] | undefined
}

/** What `openCheckpoint` looks for in a folder comes first, then other precisions, then formats that are worse than safetensors. */
const weightNames = ['.safetensors', '.fp16.safetensors', '.bf16.safetensors', '.bin'].flatMap((ending) =>
  (ending === '.bin' ? ['pytorch_model', 'diffusion_pytorch_model'] : ['model', 'diffusion_pytorch_model']).flatMap((stem) => {
    const [, variant = '', kind = ''] = /^(\.\w+)?\.(\w+)$/.exec(ending) ?? []
    return [`${stem}${variant}.${kind}`, `${stem}.${kind}.index${variant}.json`]
  }),
)

const anyWeights = /\.(?:safetensors|bin|ckpt|pt|pth|gguf|h5|msgpack|onnx|onnx_data|pb|tflite|mlmodel|ot)$/i
const readable = [/\.safetensors$/i, /\.gguf$/i, /\.(?:ckpt|bin|pt|pth)$/i]
const document = /(?:\.(?:json|txt|model|md|ya?ml|jinja)|(?:^|\/)(?:licen[cs]e|notice|copying)[^/]*)$/i
/** Networks that published pipelines carry and no system here reads: the largest is as large as the rest of its repository. XL's base keeps an older autoencoder beside its own. */
const unread = ['safety_checker', 'vae_1_0']

interface Named {
  readonly path: string
}

interface Sized extends Named {
  readonly size: number
}

/**
 * The files of a repository that are wanted.
 *
 * @throws HubError `NothingSelected`
 */
export function selectFiles<File extends Named>(
  files: readonly File[],
  { include = [], exclude = [] }: Selection,
  repo: string,
): readonly File[] {
  const excluded = ({ path }: Named) => exclude.some((pattern) => matches(path, pattern))
  const usual = include.length === 0 ? new Set(usualFiles(files, repo)) : undefined
  const wanted = files.filter(
    (file) => (usual ? usual.has(file.path) : include.some((pattern) => matches(file.path, pattern))) && !excluded(file),
  )
  if (wanted.length > 0) return wanted
  throw new HubError({
    code: 'NothingSelected',
    doing: `choose files of ${repo}`,
    problem: `none of its ${files.length} files fits ${[...include, ...exclude.map((each) => `not ${each}`)].map((each) => `"${printable(each, 60)}"`).join(', ') || 'what genera reads'}`,
    hint: `It has ${shown(files)}`,
  })
}

const shown = (files: readonly Named[]): string => {
  const names = files.slice(0, 8).map(({ path }) => printable(path, 80))
  return `${names.join(', ') || 'no files'}${files.length > names.length ? ', …' : ''}`
}

function usualFiles(files: readonly Named[], repo: string): readonly string[] {
  const folders = new Map<string, string[]>()
  for (const { path } of files) {
    const folder = path.includes('/') ? path.slice(0, path.lastIndexOf('/')) : ''
    folders.set(folder, [...(folders.get(folder) ?? []), path.slice(folder === '' ? 0 : folder.length + 1)])
  }
  const pipeline = files.some(({ path }) => path === 'model_index.json')
  const chosen: string[] = []
  for (const [folder, names] of folders) {
    if (unread.includes(folder)) continue
    const at = (name: string) => (folder === '' ? name : `${folder}/${name}`)
    chosen.push(...names.filter((name) => document.test(name) && !/\.index\.(?:\w+\.)?json$/.test(name)).map(at))
    const weighs = pipeline ? folder !== '' : folder === ''
    if (weighs) chosen.push(...(usualWeights(names) ?? (pipeline ? [] : onlyWeights(names, repo))).map(at))
  }
  return chosen
}

/** The best of the names that libraries give to weights; of an index, with its shards. */
function usualWeights(names: readonly string[]): readonly string[] | undefined {
  const best = weightNames.find((name) => names.includes(name))
  if (best === undefined) return undefined
  const [, stem, kind, variant = ''] = /^(\w+)\.(\w+)\.index(\.\w+)?\.json$/.exec(best) ?? []
  if (stem === undefined) return [best]
  const dotted = variant.replace('.', '\\.')
  // Both spellings are about: model.fp16-00001-of-00002.safetensors and model-00001-of-00002.fp16.safetensors.
  const shard = new RegExp(`^${stem}(?:${dotted}-\\d+-of-\\d+|-\\d+-of-\\d+${dotted})\\.${kind}$`)
  return [best, ...names.filter((name) => shard.test(name))]
}

/** Where a repository names its weights as it likes, it must have only one file of them, in the best format that it has. */
function onlyWeights(names: readonly string[], repo: string): readonly string[] {
  for (const format of readable) {
    const found = names.filter((name) => format.test(name))
    if (found.length === 1) return found
    if (found.length > 1)
      throw new HubError({
        code: 'NothingSelected',
        doing: `choose the weights of ${repo}`,
        problem: `it has ${found.length} files of them`,
        hint: `Name one with --include, or as a checkpoint hf://${repo}/${printable(found[0] as string, 80)}: there are ${shown(found.map((path) => ({ path })))}`,
      })
  }
  return []
}

/** Whether a file holds weights, of whatever library. */
export const isWeights = (path: string): boolean => anyWeights.test(path)

/** What the weights of these files take in memory, in bytes: numbers of 16 bits are computed with as numbers of 32. */
export const memoryFor = (files: readonly Sized[]): number =>
  files
    .filter(({ path }) => isWeights(path))
    .reduce((sum, { path, size }) => sum + size * (/(?:^|[._/-])(?:b?fp?16|half)(?=[._/-])/i.test(path) ? 2 : 1), 0)
