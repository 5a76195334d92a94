import type { Json, Provenance } from '../media/provenance.js'
import { modalities, modalityNames, originOf } from './modalities.js'
import { version } from './version.js'

/** How one result was made: the options with their defaults, and its own seed in place of all of them. */
export async function provenanceOf(
  system: string,
  input: object,
  seed: number,
  { name, sha256 }: { readonly name: string; readonly sha256: string | undefined },
): Promise<Provenance> {
  const { seed: _, count: __, ...options } = input as Record<string, unknown>
  return {
    generator: 'genera',
    version,
    system,
    ...(sha256 !== undefined && { checkpoint: { name, sha256 } }),
    options: (await recorded(options)) as { readonly [key: string]: Json },
    seed,
  }
}

/** Media are too large to be kept: they are named by the file that they came from, with its digest where there is one. */
async function recorded(value: unknown): Promise<Json> {
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value as Json
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value)
  const origin = await originOf(value as object)
  const modality = modalityNames.find((each) => !documents.has(each) && modalities[each].holds(value))
  if (origin || modality) return { ...(modality && { modality }), ...origin }
  if (Array.isArray(value)) return Promise.all(value.map(recorded))
  if (ArrayBuffer.isView(value)) return { bytes: value.byteLength }
  const entries = Object.entries(value as object).filter(([, each]) => each !== undefined)
  return Object.fromEntries(await Promise.all(entries.map(async ([key, each]) => [key, await recorded(each)] as const)))
}

/** Any object is one of these, so that they are kept as they are. */
const documents: ReadonlySet<string> = new Set(['tensor', 'algorithm', 'actions'])
