/** One word, sign or quotation of a text. */
export interface Token {
  readonly kind: 'word' | 'quote' | 'stop' | 'comma'
  /** Words in lower case, quotations without their marks. */
  readonly text: string
  /** As it stands in the text. */
  readonly raw: string
}

/** Longer texts are cut here: nobody describes five objects in more words, and a parse stays short whatever comes in. */
export const longestText = 4000

const pattern = /"([^"]{1,40})"|“([^”]{1,40})”|([\p{L}\p{N}]+(?:['’]\p{L}+)*)|([.;:!?\n])|(,)/gu

/** Words without case; hyphens part words, so that "see-through" and "see through" are the same. */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = []
  for (const [raw, straight, curly, word, stop] of text.slice(0, longestText).matchAll(pattern)) {
    const quote = straight ?? curly
    if (quote !== undefined) tokens.push({ kind: 'quote', text: quote.trim(), raw })
    else if (word !== undefined) tokens.push({ kind: 'word', text: word.toLowerCase(), raw })
    else tokens.push({ kind: stop === undefined ? 'comma' : 'stop', text: raw, raw })
  }
  return tokens
}
