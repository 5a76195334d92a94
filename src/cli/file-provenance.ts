import { readFile } from 'node:fs/promises'
import { longestProvenance, parseProvenance } from '../media/provenance.js'
import type { FoundProvenance } from '../media/read-provenance.js'
import { formatOfName, sniffMedia } from '../media/sniff.js'

/** Whether these bytes are a JSON document by their first letter, and no medium. */
export const isJson = (bytes: Uint8Array): boolean =>
  sniffMedia(bytes) === undefined && /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))

/** The file beside one whose format has no place for how it was made: notes.txt has notes.txt.json. */
export const sidecarOf = (path: string): string => `${path}.json`

/**
 * How a file was made, if it says so: media hold it in their own ways, JSON has it as the field "provenance", and for plain text it
 * stands in a file beside.
 */
export async function fileProvenance(bytes: Uint8Array, path: string): Promise<FoundProvenance | undefined> {
  if (isJson(bytes)) {
    const field = provenanceField(new TextDecoder().decode(bytes))
    return field === undefined ? undefined : { own: parseProvenance(JSON.stringify(field), path) }
  }
  if (sniffMedia(bytes) === undefined && path !== '-') {
    const beside = await readFile(sidecarOf(path)).catch(() => undefined)
    if (beside && isJson(beside) && beside.length <= longestProvenance) return fileProvenance(beside, sidecarOf(path))
    if (formatOfName(path) === undefined) return undefined // not damaged, but something that says nothing
  }
  const { readProvenance } = await import('../media/read-provenance.js') // late, for it brings the readers of sound and film
  return readProvenance(bytes, path === '-' ? undefined : path)
}

function provenanceField(text: string): unknown {
  try {
    return (JSON.parse(text) as { readonly provenance?: unknown }).provenance
  } catch {
    return undefined // it only began like JSON, and says nothing about its making
  }
}
