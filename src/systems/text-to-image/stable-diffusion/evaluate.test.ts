import { describe, expect, it } from 'vitest'
import type { Figure } from '../../../contract/index.js'
import { type Constraints, type ObjectConstraint, parseCaption, type Reader, type Reading, type Relation } from '../../../diorama/index.js'
import { blankImage, type Image } from '../../../media/image.js'
import { type EvaluatedContext, evaluateStableDiffusion } from './evaluate.js'

/** Middles and bottoms of two objects in the picture, in parts of its sides, so that the relation holds between them. */
const places: Record<Relation | 'apart', readonly [subject: readonly [number, number], object: readonly [number, number]]> = {
  'left of': [
    [0.2, 0.8],
    [0.8, 0.8],
  ],
  'right of': [
    [0.8, 0.8],
    [0.2, 0.8],
  ],
  'in front of': [
    [0.5, 0.95],
    [0.5, 0.5],
  ],
  behind: [
    [0.5, 0.5],
    [0.5, 0.95],
  ],
  'on top of': [
    [0.5, 0.62],
    [0.5, 0.8],
  ],
  apart: [
    [0.2, 0.8],
    [0.8, 0.8],
  ],
}

/** A picture in which everything is as the constraints have it. */
function readingFor({ objects, relations, setting = 'studio', time = 'day' }: Constraints): Reading {
  const at = places[relations[0]?.relation ?? 'apart']
  const seen = objects.flatMap((object, k) => Array.from({ length: object.count ?? 1 }, () => objectAt(object, at[k === 0 ? 0 : 1])))
  return { objects: seen, setting, time, style: 'photo', aspect: 1 }
}

function objectAt(object: ObjectConstraint, [x, bottom]: readonly [number, number]): Reading['objects'][number] {
  const { shape = 'cube', colour = 'red', size = 'large', material = 'matte' } = object
  const box = { left: x - 0.1, right: x + 0.1, top: bottom - 0.2, bottom }
  return { shape, colour, size, material, box, confidence: 1 }
}

/** A painter whose pictures mean what the prompts say, and a reader who knows what was asked for last. */
function stage({ reading }: { reading: (constraints: Constraints) => Reading }) {
  let asked = ''
  const seeds: number[] = []
  const make = (async ({ prompt, seed, image, mask, strength = 1 }) => {
    asked = prompt
    seeds.push(seed)
    const changed = (sample: number, i: number): number => (mask ? (mask.data[i] ? 9 : sample) : sample + 10 * strength)
    const painted: Image = image ? { ...image, data: image.data.map(changed) } : blankImage(4, 4, [seed % 200, 0, 0])
    return [{ value: painted, seed, provenance: {} as never }]
  }) satisfies EvaluatedContext['make'] as EvaluatedContext['make']
  const reader: Reader = { read: async (pictures) => pictures.map(() => reading(parseCaption(asked).constraints)), dispose: async () => {} }
  return { make, reader, seeds }
}

const zeroShot = async (count: number) => [{ name: 'zeroShot', value: count / 1000 }]

async function figuresOf(reading: (constraints: Constraints) => Reading, limit = 6) {
  const { make, reader, seeds } = stage({ reading })
  let figures: readonly Figure[] = []
  const events = evaluateStableDiffusion(
    { make, signal: new AbortController().signal, limit },
    { openReader: async () => reader, zeroShot },
  )
  for await (const event of events) if (event.kind === 'report') figures = event.figures
  return { figures: Object.fromEntries(figures.map(({ name, value }) => [name, value])), seeds }
}

describe('evaluateStableDiffusion()', () => {
  it('gives full marks to pictures in which all is as it was said', async () => {
    const { figures, seeds } = await figuresOf(readingFor)
    expect(figures).toMatchObject({
      single: 1,
      pair: 1,
      relation: 1,
      heldOut: 0,
      seenInFull: 1,
      zeroShot: 0.006,
      strengthRises: 1,
      changedOutsideMask: 0,
    })
    expect(figures['bench: colours']).toBe(1)
    expect(new Set(seeds.slice(0, 24)).size).toBe(24)
  })

  it('takes points off for swapped places, and only there', async () => {
    const mirrored = (constraints: Constraints): Reading => {
      const reading = readingFor(constraints)
      return { ...reading, objects: reading.objects.map((object, i) => ({ ...object, box: (reading.objects.at(-1 - i) ?? object).box })) }
    }
    expect((await figuresOf(mirrored)).figures).toMatchObject({ single: 1, pair: 1, relation: 0 })
  })

  it('tells held-out combinations from seen ones', async () => {
    const blind = (constraints: Constraints): Reading => {
      const reading = readingFor(constraints)
      return reading.objects.some(({ colour, shape }) => colour === 'red' && shape === 'pyramid') ? { ...reading, objects: [] } : reading
    }
    const { figures } = await figuresOf(blind, 40)
    expect(figures.single).toBe(1)
    expect(figures.heldOut).toBeGreaterThan(5)
    expect(figures.heldOut).toBeCloseTo(100 * ((figures.seenInFull ?? 0) - (figures.heldOutInFull ?? 0)), 6)
  })

  it('draws no more of each kind than it is asked to', async () => {
    const { seeds } = await figuresOf(readingFor, 1)
    expect(seeds).toHaveLength(4 + 11 + 7)
  })

  it('ends between two pictures when it is told to, and frees the reader', async () => {
    const controller = new AbortController()
    let freed = false
    const { make, reader } = stage({ reading: readingFor })
    const walk = async () => {
      const freeing: Reader = {
        ...reader,
        dispose: async () => {
          freed = true
        },
      }
      for await (const { kind } of evaluateStableDiffusion(
        { make, signal: controller.signal, limit: 3 },
        { openReader: async () => freeing },
      ))
        if (kind === 'progress') controller.abort(new Error('enough'))
    }
    await expect(walk()).rejects.toThrow('enough')
    expect(freed).toBe(true)
  })
})
