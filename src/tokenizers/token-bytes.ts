import { byteFor } from './byte-alphabet.js'

type Json = { readonly [key: string]: unknown }

const encoder = new TextEncoder()

/**
 * The bytes that each token adds to a text, by its id, as the decoder of a tokenizer.json has it: letters of the byte alphabet (GPT-2), or text with ▁
 * for spaces and `<0x0A>` for bytes (SentencePiece). Special tokens add none, and have no entry. Undefined for WordPiece, whose pieces add what
 * depends on their neighbours.
 */
export function tokenBytes(spec: Json): readonly (Uint8Array | undefined)[] | undefined {
  const kinds = kindsOf(spec.decoder)
  if (kinds.includes('WordPiece')) return undefined
  const read = kinds.includes('ByteLevel') ? ofAlphabet : ofSentencePiece
  const { vocab } = spec.model as { readonly vocab: readonly (readonly [string, number])[] | Readonly<Record<string, number>> }
  const found: (Uint8Array | undefined)[] = []
  if (Array.isArray(vocab)) for (const [id, [spelling]] of vocab.entries()) found[id] = read(spelling)
  else for (const [spelling, id] of Object.entries(vocab)) found[id] = read(spelling)
  for (const { id, content, special } of spec.added_tokens as readonly { id: number; content: string; special?: unknown }[])
    found[id] = special === true ? undefined : encoder.encode(content)
  return found
}

function ofAlphabet(spelling: string): Uint8Array {
  const bytes = Array.from(spelling, byteFor)
  const known = bytes.filter((byte) => byte !== undefined)
  return known.length === bytes.length ? Uint8Array.from(known) : encoder.encode(spelling) // a letter of no alphabet stands for itself
}

function ofSentencePiece(spelling: string): Uint8Array {
  const byte = /^<0x([0-9A-F]{2})>$/.exec(spelling)?.[1]
  return byte === undefined ? encoder.encode(spelling.replaceAll('▁', ' ')) : Uint8Array.of(Number.parseInt(byte, 16))
}

function kindsOf(decoder: unknown): unknown[] {
  if (typeof decoder !== 'object' || decoder === null) return []
  const { type, decoders } = decoder as Json
  return [type, ...(Array.isArray(decoders) ? decoders.flatMap(kindsOf) : [])]
}
