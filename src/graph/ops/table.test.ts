import { readdirSync, readFileSync } from 'node:fs'
import { beforeAll, describe, expect, test } from 'vitest'
import { families } from '../../../tests/support/op-rows/index.js'
import {
  expectDerivatives,
  expectKnown,
  knownTrials,
  outcomes,
  randomTrials,
  shifted,
  torchNames,
} from '../../../tests/support/op-table.js'
import * as ops from './index.js'

const rows = Object.values(families).flat()

describe.each(Object.entries(families))('%s', (_, family) => {
  for (const fuse of [true, false]) {
    describe(`with fuse: ${fuse}`, () => {
      const known = family.flatMap(knownTrials)
      let found: Awaited<ReturnType<typeof outcomes>>
      beforeAll(async () => {
        found = await outcomes(known, [({ inputs }) => inputs], { fuse })
      })
      const names = [...new Set(known.map(({ row }) => row.name))]
      test.each(names)('%s() and its gradients equal what is known', (name) => {
        known.forEach((trial, i) => {
          const outcome = found[i]
          if (trial.row.name !== name) return
          if (outcome instanceof Error) throw outcome
          expectKnown(trial, outcome?.[0])
        })
      })
    })
  }

  describe('on random shapes', () => {
    const drawn = family.filter(({ draw }) => draw)
    const broken = new Map<string, unknown>()
    const trials = drawn.flatMap((row) => {
      try {
        return randomTrials(row)
      } catch (error) {
        broken.set(row.name, error)
        return []
      }
    })
    let found: Awaited<ReturnType<typeof outcomes>>
    beforeAll(async () => {
      found = await outcomes(trials, [({ inputs }) => inputs, shifted(-1), shifted(1)])
    })
    test.each(drawn.map(({ name }) => name))('%s() has the gradients and second derivatives that differences show', (name) => {
      if (broken.has(name)) throw broken.get(name)
      trials.forEach((trial, i) => {
        const outcome = found[i]
        if (trial.row.name !== name) return
        if (outcome instanceof Error) throw outcome
        expectDerivatives(trial, outcome ?? [])
      })
    })
  })
})

/** Operations that say nothing by themselves: programs and checkpoints exercise them everywhere. */
const elsewhere = ['placeholder', 'fileConstant']

test('ops: every exported function has a row in the table, or a test of its own beside it', () => {
  const files = readdirSync(new URL('.', import.meta.url)).filter((file) => file.endsWith('.test.ts'))
  const tests = files.map((file) => readFileSync(new URL(file, import.meta.url), 'utf8')).join('\n')
  const covered = new Set([...rows.map(({ op }) => op), ...elsewhere])
  const functions = Object.entries(ops).flatMap(([name, value]) => (typeof value === 'function' ? [name] : []))
  expect(functions.filter((name) => !covered.has(name) && !tests.includes(`${name}(`))).toEqual([])
  expect(rows.map(({ op }) => op).filter((op) => !(op in ops))).toEqual([])
})

test("ops: each of PyTorch's stored answers is asked for, and each row has an answer or random inputs", () => {
  const names = rows.map(({ name }) => name)
  expect(torchNames.filter((name) => !names.includes(name))).toEqual([])
  expect(names.filter((name, i) => names.indexOf(name) !== i)).toEqual([])
  expect(rows.filter((row) => !row.draw && knownTrials(row).length === 0).map(({ name }) => name)).toEqual([])
})
