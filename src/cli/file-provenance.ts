import { parseProvenance } from '../media/provenance.js'
import type { FoundProvenance } from '../media/read-provenance.js'
import { sniffMedia } from '../media/sniff.js'

/** Whether these bytes are a JSON document by their first letter, and no medium. */
export const isJson = (bytes: Uint8Array): boolean =>
  sniffMedia(bytes) === undefined && /^\s*\{/.test(new TextDecoder().decode(bytes.subarray(0, 64)))

/** How a file was made, if it says so: media hold it in their own ways, truth as JSON has it as the field "provenance". */
export async function fileProvenance(bytes: Uint8Array, path: string): Promise<FoundProvenance | undefined> {
  if (isJson(bytes)) {
    const field = provenanceField(new TextDecoder().decode(bytes))
    return field === undefined ? undefined : { own: parseProvenance(JSON.stringify(field), path) }
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
