/**
 * Whether a name fits a pattern as the hub's own tools read it: `*` is any text, slashes included, `?` one character, `[a-c]` one of
 * several, `[!a]` none of them; a pattern that ends in a slash means everything in that folder. Never slower than name × pattern.
 */
export function matches(name: string, pattern: string): boolean {
  const tokens = tokensOf(pattern.endsWith('/') ? `${pattern}*` : pattern)
  const letters = [...name]
  let [at, next] = [0, 0]
  let star: { readonly token: number; letter: number } | undefined
  while (at < letters.length) {
    const token = tokens[next]
    if (token === '*') star = { token: next++, letter: at }
    else if (token?.(letters[at] as string)) {
      next++
      at++
    } else if (star) {
      // The last star takes one more letter; earlier ones need not be tried again.
      next = star.token + 1
      at = ++star.letter
    } else return false
  }
  while (tokens[next] === '*') next++
  return next === tokens.length
}

type Token = '*' | ((letter: string) => boolean)

function tokensOf(pattern: string): Token[] {
  const letters = [...pattern]
  const tokens: Token[] = []
  for (let i = 0; i < letters.length; i++) {
    const letter = letters[i] as string
    const close = letter === '[' ? letters.indexOf(']', i + (letters[i + 1] === '!' ? 3 : 2)) : -1
    if (letter === '*') {
      if (tokens.at(-1) !== '*') tokens.push('*')
    } else if (letter === '?') tokens.push(() => true)
    else if (close > 0) {
      tokens.push(setOf(letters.slice(i + 1, close)))
      i = close
    } else tokens.push((other) => other === letter)
  }
  return tokens
}

function setOf(letters: readonly string[]): (letter: string) => boolean {
  const negated = letters[0] === '!'
  const members = negated ? letters.slice(1) : letters
  const ranges: (readonly [string, string])[] = []
  for (let i = 0; i < members.length; i++) {
    const from = members[i] as string
    const to = members[i + 1] === '-' ? members[i + 2] : undefined
    ranges.push([from, to ?? from])
    if (to !== undefined) i += 2
  }
  return (letter) => ranges.some(([from, to]) => from <= letter && letter <= to) !== negated
}
