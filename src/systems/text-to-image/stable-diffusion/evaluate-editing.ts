import type { EvaluatorEvent, Figure } from '../../../contract/index.js'
import { blankImage, type Image } from '../../../media/image.js'
import { meanAbsoluteError } from '../../../media/round-trip.js'
import type { EvaluatedContext } from './evaluate.js'
import type { EvaluationPrompt } from './evaluation-prompts.js'

const strengths = [0.2, 0.4, 0.6, 0.8, 1] as const

/**
 * What happens to a picture that is given: further steps must lead further away from it, and what a mask protects must not change by a single byte.
 * Each prompt's picture is painted over with the words of the next one.
 */
export async function* measureEditing(
  make: EvaluatedContext['make'],
  prompts: readonly EvaluationPrompt[],
  { firstSeed, signal }: { readonly firstSeed: number; readonly signal: AbortSignal },
): AsyncGenerator<EvaluatorEvent, Figure[]> {
  const edits = prompts.slice(0, -1)
  const total = edits.length * (strengths.length + 2)
  let done = 0
  let rising = 0
  let changedOutside = 0
  for (const [i, { prompt }] of edits.entries()) {
    const seed = firstSeed + i
    const paint = async (input: { prompt: string; image?: Image; mask?: Image; strength?: number }): Promise<Image> => {
      signal.throwIfAborted()
      const [{ value }] = await make({ ...input, seed })
      return value
    }
    const image = await paint({ prompt })
    yield { kind: 'progress', stage: 'editing', done: ++done, total }
    const next = (prompts[i + 1] as EvaluationPrompt).prompt
    const mask = rightHalf(image)
    changedOutside = Math.max(changedOutside, largestChange(image, await paint({ prompt: next, image, mask }), mask))
    yield { kind: 'progress', stage: 'editing', done: ++done, total }
    let before = 0
    for (const strength of strengths) {
      const distance = meanAbsoluteError(image, await paint({ prompt: next, image, strength }))
      if (distance > before) rising++
      before = distance
      yield { kind: 'progress', stage: 'editing', done: ++done, total }
    }
  }
  return [
    { name: 'strengthRises', value: rising / Math.max(1, edits.length * strengths.length) },
    { name: 'changedOutsideMask', value: changedOutside, unit: 'of 255', threshold: 0, better: 'lower' },
  ]
}

function rightHalf({ width, height }: Image): Image {
  const mask = blankImage(width, height)
  for (let i = 0; i < width * height; i++) if (i % width >= width / 2) mask.data.fill(255, 3 * i, 3 * i + 3)
  return mask
}

function largestChange(before: Image, after: Image, mask: Image): number {
  return before.data.reduce(
    (most, value, i) => (mask.data[i] === 0 ? Math.max(most, Math.abs(value - (after.data[i] as number))) : most),
    0,
  )
}
