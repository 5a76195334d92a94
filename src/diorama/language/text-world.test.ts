import { describe, expect, test } from 'vitest'
import { sampleScene } from '../sample.js'
import { describeScene, documentShares, textWorld } from './text-world.js'

describe('textWorld()', () => {
  const train = textWorld({ seed: 4 })

  test('is a pure function of its index, and has every kind as often as it should', () => {
    const counts: Record<string, number> = {}
    for (let i = 0; i < 200; i++) counts[train(i).kind] = (counts[train(i).kind] ?? 0) + 1
    for (const [kind, share] of Object.entries(documentShares)) {
      expect((counts[kind] ?? 0) / 2, kind).toBeGreaterThan(share / 3)
      expect((counts[kind] ?? 0) / 2, kind).toBeLessThan(2 * share)
    }
    expect(textWorld({ seed: 4 })(17)).toEqual(train(17))
    expect(textWorld({ seed: 5 })(17)).not.toEqual(train(17))
  })

  test('says what is true of numbers', () => {
    let checked = 0
    for (let i = 0; i < 150; i++) {
      const { kind, text } = train(i)
      for (const [, a, sign, b, result] of kind === 'sums' ? text.matchAll(/^(\d+) ([+-]) (\d+) = (\d+)$/gm) : []) {
        expect(sign === '+' ? Number(a) + Number(b) : Number(a) - Number(b)).toBe(Number(result))
        checked++
      }
      if (kind !== 'code') continue
      const [, definition = '', ...calls] = text.split('\n')
      for (const call of calls) {
        const [, wanted] = call.split(' // ')
        expect(String(new Function(`${definition}; return ${call}`)()), text).toBe(wanted)
        checked++
      }
    }
    expect(checked).toBeGreaterThan(20)
  })

  test('holds pairs of numbers out', () => {
    const pairs = (split: 'train' | 'held-out'): Set<string> => {
      const found = new Set<string>()
      const at = textWorld({ seed: 4, split })
      for (let i = 0; i < 300; i++) {
        const { kind, text } = at(i)
        for (const [, a, b] of kind === 'sums' ? text.matchAll(/(\d+) \+ (\d+)/g) : []) found.add([Number(a), Number(b)].sort().join())
      }
      return found
    }
    const [seen, heldOut] = [pairs('train'), pairs('held-out')]
    expect(heldOut.size).toBeGreaterThan(8)
    expect([...heldOut].filter((pair) => seen.has(pair))).toEqual([])
  })
})

test('describeScene() names every object, and orders them as the camera sees them', () => {
  for (let seed = 0; seed < 40; seed++) {
    const scene = sampleScene(seed)
    const [head, ...lines] = describeScene(scene).split('\n')
    expect(head).toBe(`Scene: ${scene.setting}, ${scene.time}, ${scene.style}`)
    scene.objects.forEach(({ shape, colour }, i) => void expect(lines[i]).toMatch(new RegExp(`^${i + 1} .*${colour} .*${shape}`)))
    for (const name of scene.objects.length > 1 ? ['left to right', 'front to back'] : []) {
      const order = lines.find((line) => line.startsWith(name))?.match(/\d+/g)
      expect(order?.map(Number).sort()).toEqual(scene.objects.map((_, i) => i + 1))
    }
  }
})
