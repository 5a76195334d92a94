import { avFormats, withInput } from './av-input.js'
import { sniffMedia } from './sniff.js'

/**
 * The JSON text of the provenance in a sound or a film: its comment, which is the one tag that every container has and every program
 * shows (ID3's COMM in MP3 and WAV, COMMENT in FLAC, Ogg and WebM, ©cmt in MP4). Undefined for a file without one, with a comment that
 * is no JSON object, or of another format. Throws `MediaError` for a damaged file.
 */
export async function readAvProvenance(bytes: Uint8Array, name = 'the file'): Promise<string | undefined> {
  const format = avFormats.find((known) => known === sniffMedia(bytes))
  if (!format) return undefined
  const { comment } = await withInput(bytes, format, name, (input) => input.getMetadataTags())
  return comment?.startsWith('{') ? comment : undefined
}
