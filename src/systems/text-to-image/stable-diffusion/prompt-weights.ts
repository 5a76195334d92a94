/** A part of a prompt, and how much it counts: 1 as it is. */
export interface WeightedText {
  readonly text: string
  readonly weight: number
}

/** What one pair of brackets does. */
const step = 1.1
/** Beyond it nothing but noise comes out; it also bounds what thousands of brackets make. */
const largest = 100

/**
 * The parts of a prompt in the spelling of AUTOMATIC1111's web interface:
 *
 *     (word) counts 1.1 times, [word] 1 / 1.1, (word:1.3) 1.3 times; brackets inside one another multiply; \( is a bracket of the text
 *
 * What is open at the end of the text is taken to be closed there.
 */
export function weightedTexts(prompt: string): WeightedText[] {
  const parts: { text: string; weight: number }[] = []
  const open: { readonly bracket: string; readonly from: number }[] = []
  let text = ''
  const flush = (): void => {
    if (text !== '') parts.push({ text, weight: 1 })
    text = ''
  }
  const close = (from: number, factor: number): void => {
    for (const part of parts.slice(from)) part.weight = Math.min(Math.max(part.weight * factor, -largest), largest)
  }
  for (let at = 0; at < prompt.length; at++) {
    const character = prompt[at] as string
    const last = open.at(-1)
    if (character === '\\' && /[()[\]\\]/.test(prompt[at + 1] ?? '')) text += prompt[++at]
    else if (character === '(' || character === '[') {
      flush()
      open.push({ bracket: character, from: parts.length })
    } else if (character === ')' && last?.bracket === '(') {
      const [whole, written] = /:\s*([-+]?(?:\d+\.?\d*|\.\d+))\s*$/.exec(text) ?? []
      if (whole !== undefined) text = text.slice(0, -whole.length)
      flush()
      close(last.from, written === undefined ? step : Number(written))
      open.pop()
    } else if (character === ']' && last?.bracket === '[') {
      flush()
      close(last.from, 1 / step)
      open.pop()
    } else text += character
  }
  flush()
  for (const { bracket, from } of open.reverse()) close(from, bracket === '(' ? step : 1 / step)
  return merged(parts)
}

/** Neighbours that count the same are one text. */
function merged(parts: readonly WeightedText[]): WeightedText[] {
  const out: { text: string; weight: number }[] = []
  for (const { text, weight } of parts) {
    const last = out.at(-1)
    if (last && last.weight === weight) last.text += text
    else out.push({ text, weight })
  }
  return out
}
