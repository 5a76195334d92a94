import { describe, expect, it } from 'vitest'
import type { z } from 'zod'
import {
  expectation,
  type Field,
  type GenerateOptions,
  type GenerationEvent,
  InputError,
  parseInput,
  type Result,
  type System,
} from '../../src/contract/index.js'
import { parseProvenance, provenanceText } from '../../src/media/provenance.js'

export interface SystemExpectations<Input extends z.ZodObject> {
  /** The smallest input that runs through everything: few steps, small sizes. */
  readonly tiny: z.input<Input>
  /** Names and shapes by checkpoint and network; the published ones are stored beside the system. */
  readonly listings?: Readonly<Record<string, Readonly<Record<string, Readonly<Record<string, readonly number[]>>>>>>
  /** Of every run: another checkpoint than the embedded one, or a runtime. */
  readonly options?: Omit<GenerateOptions, 'signal'>
  /** How many cases the evaluation takes here; false where measuring takes too long for a test. */
  readonly limit?: number | false
}

/** The ladder that every system climbs: names, options, events, determinism, abort, provenance and evaluation. */
export function testSystem<Input extends z.ZodObject, Output extends z.ZodType>(
  system: System<Input, Output>,
  { tiny, listings = {}, options = {}, limit = 1 }: SystemExpectations<Input>,
): void {
  type Out = z.output<Output>
  const seeded = 'seed' in system.input.shape ? { ...tiny, seed: 7 } : tiny
  const collect = async (input: z.input<Input> = seeded): Promise<GenerationEvent<Out>[]> => {
    const events: GenerationEvent<Out>[] = []
    for await (const event of system.generate(input, options)) events.push(event)
    return events
  }
  let first: Promise<GenerationEvent<Out>[]> | undefined
  const run = () => {
    first ??= collect() // most tests look at one and the same run
    return first
  }
  const resultsOf = (events: readonly GenerationEvent<Out>[]): readonly Result<Out>[] =>
    events.flatMap((event) => (event.kind === 'result' ? event.results : []))

  describe(`${system.id}: the card`, () => {
    it('names the modalities that the system truly reads and makes', () => {
      const read = new Set(system.fields.flatMap(({ modality }) => modality ?? []))
      expect([...system.card.inputs].sort()).toEqual([...read].sort())
      expect([...system.card.outputs].sort()).toEqual(system.outputs.map(({ modality }) => modality).sort())
    })
  })

  const listed = Object.entries(listings).flatMap(([checkpoint, networks]) =>
    Object.entries(networks).map(([network, listing]) => ({ checkpoint, network, listing })),
  )
  if (listed.length > 0)
    describe(`${system.id}: parameters()`, () => {
      it.each(listed)('has the names and shapes of $checkpoint, $network', ({ checkpoint, network, listing }) => {
        const own = system.parameters(checkpoint)[network] ?? new Map()
        expect(Object.fromEntries([...own].map(([name, { shape }]) => [name, [...shape]]))).toEqual(listing)
      })
    })

  describe(`${system.id}: the options`, () => {
    it('accept the tiny input, and complete it with defaults that are themselves allowed', () => {
      const complete = parseInput(system.id, system.input, tiny)
      expect(() => parseInput(system.id, system.input, complete)).not.toThrow()
    })

    it('become flags of their own, each with a description', () => {
      const flags = system.fields.map(({ flag }) => flag)
      expect(new Set(flags).size).toBe(flags.length)
      for (const flag of flags) expect(flag).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
      expect(system.fields.filter(({ description }) => !description).map(({ name }) => name)).toEqual([])
    })

    it.each(system.fields.flatMap(outsiders))('refuse $name = $shown with a sentence', ({ name, value, expected }) => {
      const refused = refusal(() => parseInput(system.id, system.input, { ...tiny, [name]: value }))
      expect(refused.problems[0].field).toContain(name)
      expect(refused.message).toContain(expected)
    })

    it('refuse an option that does not exist, and suggest the one that was meant', () => {
      const [{ name }] = system.fields as [Field]
      const refused = refusal(() => parseInput(system.id, system.input, { ...tiny, [`${name}e`]: 1 }))
      expect(refused.message).toContain(`Did you mean "${name}"?`)
    })
  })

  describe(`${system.id}: generate()`, () => {
    it('tells its plan first and its results last, once', async () => {
      const kinds = (await run()).map(({ kind }) => kind)
      expect(kinds[0]).toBe('plan')
      expect(kinds.at(-1)).toBe('result')
      expect(kinds.filter((kind) => kind === 'plan' || kind === 'result')).toHaveLength(2)
    })

    it('goes through the stages of its plan, never back, each to its end', async () => {
      const events = await run()
      const [plan] = events
      if (plan?.kind !== 'plan') throw new Error('expected a plan')
      const done = new Map<string, number>()
      for (const event of events) {
        if (event.kind !== 'progress') continue
        const { stage, total } = event
        expect(plan.stages).toContainEqual({ stage, total })
        expect(event.done).toBeGreaterThanOrEqual(done.get(stage) ?? 0)
        expect(event.done).toBeLessThanOrEqual(total)
        done.set(stage, event.done)
      }
      expect(plan.stages.map(({ stage }) => ({ stage, total: done.get(stage) }))).toEqual(plan.stages)
    })

    it('makes values of its output', async () => {
      for (const { value } of resultsOf(await run())) expect(system.output.safeParse(value).success).toBe(true)
    })

    it('makes the same again from the same seed', async () => {
      expect(resultsOf(await collect())).toEqual(resultsOf(await run()))
    })

    if ('seed' in system.input.shape && 'count' in system.input.shape)
      it('makes of several seeds what it makes of each alone', async () => {
        const [, second] = resultsOf(await collect({ ...tiny, seed: [8, 7] }))
        expect(second).toEqual(resultsOf(await run())[0])
      })

    it('ends with the reason of an abort, before and in the middle of its work, and works again afterwards', async () => {
      const before = new Error('before')
      await expect(system.make(seeded, { ...options, signal: AbortSignal.abort(before) })).rejects.toBe(before)
      const controller = new AbortController()
      const middle = new Error('in the middle')
      const aborted = async () => {
        for await (const event of system.generate(seeded, { ...options, signal: controller.signal }))
          if (event.kind === 'progress' && event.stage !== 'load') controller.abort(middle)
      }
      await expect(aborted()).rejects.toBe(middle)
      expect(resultsOf(await collect())).toEqual(resultsOf(await run()))
    })

    it('works again after its caller has broken off', async () => {
      for await (const event of system.generate(seeded, options)) if (event.kind === 'progress') break
      expect(resultsOf(await collect())).toEqual(resultsOf(await run()))
    })

    it('works again after its memory was given back', async () => {
      await system.dispose()
      expect(resultsOf(await collect())).toEqual(resultsOf(await run()))
    })
  })

  describe(`${system.id}: provenance`, () => {
    it('says all that the making depends on, in a form that files can hold', async () => {
      const input = parseInput(system.id, system.input, tiny) as Record<string, unknown>
      const wanted = Object.keys(input).filter((key) => key !== 'seed' && key !== 'count' && input[key] !== undefined)
      for (const { provenance, seed } of resultsOf(await run())) {
        expect(provenance).toMatchObject({ generator: 'genera', system: system.id, seed })
        expect(Object.keys(provenance.options)).toEqual(expect.arrayContaining(wanted))
        const { embedded, hub } = system.checkpoints
        expect(provenance.checkpoint !== undefined).toBe(embedded !== undefined || hub !== undefined)
        expect(parseProvenance(provenanceText(provenance))).toEqual(provenance)
      }
    })

    const media = system.fields.filter(({ kind, name }) => kind === 'medium' && (tiny as Record<string, unknown>)[name] !== undefined)
    if (media.length === 0)
      it('is enough to make the same value again', async () => {
        const [made] = resultsOf(await run()) as [Result<Out>]
        const { options: recorded, seed } = made.provenance
        const again = { ...recorded, ...('seed' in system.input.shape && { seed }) } as z.input<Input>
        expect(resultsOf(await collect(again))[0]?.value).toEqual(made.value)
      })
  })

  if (system.train.length > 0)
    describe(`${system.id}: train`, () => {
      it('has stages of different names, each with a summary', () => {
        const names = system.train.map(({ name }) => name)
        expect(new Set(names).size).toBe(names.length)
        for (const { name, summary } of system.train)
          expect([name, summary]).toEqual([expect.stringMatching(/^[a-z][a-z0-9-]*$/), expect.stringMatching(/\w/)])
      })
    })

  if (system.evaluates && limit !== false)
    describe(`${system.id}: evaluate()`, () => {
      it('ends with one report of named, finite figures', async () => {
        const kinds: string[] = []
        for await (const event of system.evaluate({ ...options, limit })) {
          kinds.push(event.kind)
          if (event.kind !== 'report') continue
          const { figures, ...rest } = event.report
          expect(rest.system).toBe(system.id)
          expect(figures.length).toBeGreaterThan(0)
          expect(new Set(figures.map(({ name }) => name)).size).toBe(figures.length)
          for (const { value, threshold, passed } of figures) {
            expect(Number.isFinite(value)).toBe(true)
            expect(typeof passed).toBe(threshold === undefined ? 'undefined' : 'boolean')
          }
        }
        expect(kinds.filter((kind) => kind === 'report')).toHaveLength(1)
        expect(kinds.at(-1)).toBe('report')
      })
    })
}

interface Outsider {
  readonly name: string
  readonly value: unknown
  readonly shown: string
  readonly expected: string
}

/** Values just outside what a field allows, and of a wrong kind. */
function outsiders(field: Field): Outsider[] {
  const { name, kind, list, single, minimum, maximum, above, below, shortest, longest, fewest, most } = field
  const step = kind === 'integer' ? 1 : 1e-3
  const wrong: unknown[] = kind === 'json' ? [] : [{ foreign: true }]
  if (kind === 'choice') wrong.push('no such choice')
  if (minimum !== undefined) wrong.push(minimum - step)
  if (maximum !== undefined) wrong.push(maximum + step)
  if (kind === 'integer') wrong.push((minimum ?? 0) + 0.5)
  if (kind === 'integer' || kind === 'number') wrong.push(Number.NaN, Number.POSITIVE_INFINITY)
  if (above !== undefined) wrong.push(above)
  if (below !== undefined) wrong.push(below)
  if (shortest !== undefined && shortest > 0) wrong.push('x'.repeat(shortest - 1))
  if (longest !== undefined) wrong.push('x'.repeat(longest + 1))
  const items = wrong.map((value) => ({ value: list && !single ? [value] : value, expected: expectation(field, true) }))
  const sizes = [fewest !== undefined && fewest > 0 && fewest - 1, most !== undefined && most + 1]
    .filter((size) => size !== false)
    .map((size) => ({ value: Array.from({ length: size }, () => minimum ?? 'x'), expected: expectation(field) }))
  return [...items, ...(list && kind !== 'medium' ? sizes : [])].map(({ value, expected }) => ({
    name,
    value,
    shown: brief(value),
    expected,
  }))
}

const brief = (value: unknown): string => {
  const text = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? String(value))
  return text.length > 40 ? `${text.slice(0, 40)}… (${text.length.toLocaleString('en')} characters)` : text
}

function refusal(act: () => unknown): InputError {
  try {
    act()
  } catch (error) {
    if (error instanceof InputError) return error
    throw error
  }
  throw new Error('Expected an InputError, found none')
}
