/** The tokens that begin and end a text. Where a prompt spells one out exactly so, it means the token itself, as in the reference. */
export const startOfText = '<|startoftext|>'
export const endOfText = '<|endoftext|>'

/**
 * CLIP's regular expression: contractions, runs of letters, single digits, runs of anything else. `\p{White_Space}` is what the reference's `\s`
 * means; JavaScript's own leaves out U+0085 and takes in U+FEFF.
 */
const piece = /<\|startoftext\|>|<\|endoftext\|>|'s|'t|'re|'ve|'m|'ll|'d|\p{L}+|\p{N}|[^\p{White_Space}\p{L}\p{N}]+/gu
const special = /(<\|startoftext\|>|<\|endoftext\|>)/
/** The reference cuts each piece a second time with GPT-2's expression, which changes one thing only: these two fall apart. */
const lowered = /^(<\|)(startoftext|endoftext)(\|>)$/

/** Composed, with single spaces, in lower case. Letter by letter, because the reference knows no final sigma. */
const clean = (text: string): string =>
  Array.from(text.normalize('NFC').replace(/\p{White_Space}+/gu, ' '), (character) => character.toLowerCase()).join('')

export type ClipPiece = { readonly word: string } | { readonly special: typeof startOfText | typeof endOfText }

/** Cuts a text into words for byte-pair encoding and the special tokens that it spells out. */
export function* clipPieces(text: string): Generator<ClipPiece> {
  for (const section of text.split(special)) {
    if (section === startOfText || section === endOfText) yield { special: section }
    else
      for (const [word] of clean(section).matchAll(piece)) {
        const parts = lowered.exec(word)?.slice(1) ?? [word]
        for (const part of parts) yield { word: part }
      }
  }
}

/** The words alone, for learning a vocabulary. */
export function* clipWords(text: string): Generator<string> {
  for (const piece of clipPieces(text)) if ('word' in piece) yield piece.word
}
