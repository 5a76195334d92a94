import { describe, expect, it } from 'vitest'
import { isHeldOutConstraint } from '../../../diorama/bench.js'
import { canonical, parseCaption } from '../../../diorama/index.js'
import { evaluationPrompts } from './evaluation-prompts.js'

describe('evaluationPrompts()', () => {
  const all = (['single', 'pair'] as const).flatMap((kind) =>
    [false, true].flatMap((heldOut) => evaluationPrompts(kind, 60, { heldOut }).map((prompt) => ({ ...prompt, heldOut }))),
  )

  it('says what must be seen: the grammar reads every prompt back', () => {
    for (const { prompt, constraints } of all) {
      const { constraints: found, unknown } = parseCaption(prompt)
      expect([prompt, found, unknown]).toEqual([prompt, canonical(constraints), []])
    }
  })

  it('asks for what training holds back, or for nothing of it', () => {
    for (const { constraints, heldOut } of all) expect(isHeldOutConstraint(constraints)).toBe(heldOut)
  })

  it('gives the same prompts every time, few of them twice', () => {
    expect(evaluationPrompts('pair', 5)).toEqual(evaluationPrompts('pair', 60).slice(0, 5))
    expect(new Set(evaluationPrompts('pair', 100).map(({ prompt }) => prompt)).size).toBeGreaterThan(95)
  })

  it('names a relation in two of three pairs', () => {
    const pairs = evaluationPrompts('pair', 60)
    expect(pairs.filter(({ constraints }) => constraints.relations.length === 1)).toHaveLength(40)
  })
})
