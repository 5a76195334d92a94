/**
 * The byte-level alphabet of GPT-2: one printable character for each of the 256 bytes, so that a vocabulary can be kept as text and
 * still spell any text there is. Printable bytes stand for themselves and come first, which makes "!" the first token of a vocabulary;
 * the others follow as the characters from U+0100 on.
 */
const printableBytes = [...range(0x21, 0x7e), ...range(0xa1, 0xac), ...range(0xae, 0xff)]
const otherBytes = range(0x00, 0xff).filter((byte) => !printableBytes.includes(byte))

/** The 256 characters in the order of their ids. */
export const byteAlphabet: readonly string[] = [...printableBytes, ...otherBytes.map((_, i) => 0x100 + i)].map((code) =>
  String.fromCharCode(code),
)

const characterOf: readonly string[] = [...printableBytes, ...otherBytes]
  .map((byte, i) => [byte, byteAlphabet[i] as string] as const)
  .sort(([a], [b]) => a - b)
  .map(([, character]) => character)
const byteOf = new Map(characterOf.map((character, byte) => [character, byte]))

const encoder = new TextEncoder()

/** The UTF-8 bytes of a text, spelled in the byte-level alphabet. Half a surrogate pair becomes U+FFFD. */
export const toByteCharacters = (text: string): string => Array.from(encoder.encode(text), (byte) => characterOf[byte]).join('')

/** The byte that each character stands for; undefined where one stands for none. */
export const byteFor = (character: string): number | undefined => byteOf.get(character)

function range(first: number, last: number): number[] {
  return Array.from({ length: last - first + 1 }, (_, i) => first + i)
}
