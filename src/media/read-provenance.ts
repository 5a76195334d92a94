import { type A1111Parameters, parseA1111Parameters } from './a1111.js'
import { decodeExif } from './exif.js'
import { MediaError } from './media-error.js'
import { readPictureHeader } from './picture-containers.js'
import { provenanceKeyword } from './png.js'
import { longestText, readChunks, readTexts } from './png-chunks.js'
import { asciiJson, type Json, type Provenance, parseForeignJson, parseProvenance } from './provenance.js'
import { expectFormat, type MediaFormat, mediaFormats } from './sniff.js'

/** What a file says about how it was made: ours, or what other tools wrote. */
export type FoundProvenance =
  | { readonly own: Provenance; readonly foreign?: undefined }
  | { readonly own?: undefined; readonly foreign: ForeignProvenance }

export type ForeignProvenance =
  | { readonly tool: 'a1111'; readonly parameters: A1111Parameters }
  /** `prompt` is the graph that ran, `workflow` the one that the editor shows. */
  | { readonly tool: 'comfyui'; readonly prompt?: Json; readonly workflow?: Json }

/**
 * Reads back how a file of any format was made, from what is embedded in it; undefined if nothing is. A `genera` record that is
 * damaged throws `MediaInvalid` rather than passing for nothing; what other tools wrote is skipped where it cannot be read.
 */
export async function readProvenance(bytes: Uint8Array, name?: string): Promise<FoundProvenance | undefined> {
  const format = expectFormat(bytes, Object.keys(mediaFormats) as MediaFormat[], name)
  const file = name ?? mediaFormats[format].title
  switch (format) {
    case 'png':
      return fromPng(bytes, file)
    case 'jpeg':
    case 'webp': {
      const { exif } = readPictureHeader(bytes, format, file)
      const { makerNote, userComment } = exif ? decodeExif(exif) : {}
      return fromTexts(makerNote, userComment, file)
    }
    case 'gif': {
      const { comments } = readPictureHeader(bytes, format, file)
      return fromTexts(comments.find(looksLikeOurs), undefined, file)
    }
    case 'glb':
    case 'pptx': {
      const { readDocumentProvenance } = await import('./document-tags.js')
      return fromJson(await readDocumentProvenance(bytes), file)
    }
    default: {
      const { readAvProvenance } = await import('./av-tags.js')
      const comment = await readAvProvenance(bytes, file)
      return fromTexts(comment !== undefined && looksLikeOurs(comment) ? comment : undefined, undefined, file)
    }
  }
}

async function fromPng(bytes: Uint8Array, file: string): Promise<FoundProvenance | undefined> {
  const texts = await readTexts(readChunks(bytes, file))
  const found = fromTexts(texts.get(provenanceKeyword), texts.get('parameters'), file)
  if (found) return found
  const prompt = foreignJson(texts.get('prompt'), file)
  const workflow = foreignJson(texts.get('workflow'), file)
  if (prompt === undefined && workflow === undefined) return undefined
  return { foreign: { tool: 'comfyui', ...(prompt !== undefined && { prompt }), ...(workflow !== undefined && { workflow }) } }
}

function fromTexts(own: string | undefined, parameters: string | undefined, file: string): FoundProvenance | undefined {
  if (own !== undefined) return { own: parseProvenance(own, file) }
  return parameters === undefined ? undefined : { foreign: { tool: 'a1111', parameters: parseA1111Parameters(parameters) } }
}

/** What another reader found as JSON goes through the same strict parser as everything else. */
function fromJson(found: unknown, file: string): FoundProvenance | undefined {
  return found === undefined ? undefined : { own: parseProvenance(asciiJson(found), file) }
}

function foreignJson(text: string | undefined, file: string): Json | undefined {
  if (text === undefined) return undefined
  try {
    return parseForeignJson(text, file, 'read', longestText)
  } catch (error) {
    if (error instanceof MediaError) return undefined
    throw error
  }
}

const looksLikeOurs = (comment: string): boolean => comment.startsWith('{"generator":"genera"')
