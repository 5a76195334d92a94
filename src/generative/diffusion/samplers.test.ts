import { readFileSync } from 'node:fs'
import { describe, expect, test } from 'vitest'
import { fill, type NDArray, type TorchGenerator, torchGenerator } from '../../graph/index.js'
import type { Sampler } from './sampler.js'
import { type SamplerName, samplerNamed, samplers } from './samplers.js'
import { noiseSchedule, type ScheduleOptions } from './schedule.js'

interface Trajectory {
  readonly name: SamplerName
  readonly steps: number
  readonly options: object
  readonly schedule?: ScheduleOptions
  /** The step at which an image-to-image run begins. */
  readonly start?: number
  readonly initialSigma: number
  readonly times: readonly number[]
  readonly states: readonly (readonly number[])[]
}

const file = new URL('../../../tests/fixtures/diffusion/trajectories.json', import.meta.url)
const trajectories: readonly Trajectory[] = JSON.parse(readFileSync(file, 'utf8'))
const shape = [1, 4, 2, 2]

/** Every state of a run with this model and this generator's noise. */
function runOf(
  sampler: Sampler,
  generator: TorchGenerator,
  model: (x: NDArray, time: number) => NDArray,
  { size = shape, start }: { size?: readonly number[]; start?: number | undefined } = {},
): NDArray[] {
  const noise = generator.randn(size)
  let state =
    start === undefined
      ? sampler.start(noise)
      : sampler.startFrom(
          fill('float32', size, (i) => -1 + (2 * i) / 15),
          noise,
          start * sampler.callsPerStep,
        )
  const states: NDArray[] = []
  while (state.call < sampler.times.length) {
    const output = model(sampler.input(state), sampler.times[state.call] as number)
    state = sampler.step(state, output, sampler.drawsNoise(state.call) ? generator.randn(size) : undefined)
    states.push(state.latents)
  }
  return states
}

/** The fixtures' model: linear, with a part that mixes channels. */
const answer = (x: NDArray, time: number): NDArray =>
  fill('float32', x.shape, (i) => 0.3 * x.at(i) + (0.1 * time) / 1000 + 0.2 * Math.sin(x.at((3 - (i >> 2)) * 4 + (i & 3))))

describe('samplers', () => {
  test.each(
    trajectories.map(
      (trajectory) =>
        [
          `${trajectory.name} ${JSON.stringify({ steps: trajectory.steps, start: trajectory.start, ...trajectory.options, ...trajectory.schedule })}`,
          trajectory,
        ] as const,
    ),
  )('go the way of the reference: %s', (_, { name, steps, options, schedule, start, initialSigma, times, states }) => {
    const sampler = samplerNamed(name, { steps, schedule: noiseSchedule(schedule), ...options })
    expect(sampler.times.length).toBe(times.length)
    for (const [i, time] of times.entries()) expect(Math.abs((sampler.times[i] as number) - time)).toBeLessThan(2e-3)
    expect(sampler.initialSigma / initialSigma).toBeCloseTo(1, 5)
    const found = runOf(sampler, torchGenerator(7), answer, { start })
    expect(found.length).toBe(states.length)
    for (const [i, state] of states.entries()) {
      const largest = Math.max(...state.map(Math.abs))
      const worst = Math.max(...state.map((value, j) => Math.abs(value - (found[i] as NDArray).at(j))))
      // Beginning at σ = 4096, the reference's own rounding shows.
      expect(worst / largest, `relative error after call ${i}`).toBeLessThan(schedule?.zeroTerminalSnr ? 1e-4 : 1e-5)
    }
  })

  test('are all covered by a trajectory', () => {
    expect(new Set(trajectories.map(({ name }) => name))).toEqual(new Set(Object.keys(samplers)))
  })

  // Computed with the reference on torch's noise of seed 0, with the model 0.3·input + 0.1·time / 1000.
  test.each([
    ['ddim', 10, {}, -4.765452, 58.99202],
    ['ddim', 10, { prediction: 'v_prediction' }, -0.675763, 8.489977],
    ['pndm', 10, {}, -4.37084, 54.501881],
    ['euler', 10, { spacing: 'leading' }, -4.725648, 58.499252],
    ['euler', 10, { spacing: 'linspace' }, -7.323072, 89.389305],
    ['euler-karras', 10, { spacing: 'leading' }, -4.792216, 59.281322],
    ['euler-ancestral', 10, { spacing: 'leading' }, -4.979848, 47.855537],
    ['dpm++-2m', 10, { spacing: 'leading' }, -4.41768, 54.967068],
    ['dpm++-2m-karras', 20, { spacing: 'linspace' }, -6.484175, 79.756516],
  ] as const)('end where the reference ends: %s in %i steps %j', (name, steps, options, first, length) => {
    const sampler = samplerNamed(name, { steps, schedule: noiseSchedule(), ...options })
    const model = (x: NDArray, time: number) => fill('float32', x.shape, (i) => 0.3 * x.at(i) + (0.1 * time) / 1000)
    const last = runOf(sampler, torchGenerator(0), model, { size: [1, 4, 8, 8] }).at(-1) as NDArray
    expect(Math.abs(last.at(0) / first - 1)).toBeLessThan(5e-6)
    expect(Math.abs(Math.hypot(...Array.from(last.data, Number)) / length - 1)).toBeLessThan(5e-6)
  })

  test('reach the picture exactly when the model knows it', () => {
    const picture = fill('float32', shape, (i) => Math.cos(i))
    const toTheEnd = (Object.keys(samplers) as SamplerName[]).filter((name) => name !== 'pndm') // it ends at the first training step's noise
    for (const name of toTheEnd) {
      const sampler = samplerNamed(name, {
        steps: 6,
        schedule: noiseSchedule(),
        prediction: 'sample',
        ...(name === 'ddim' && { setAlphaToOne: true }),
      })
      const last = runOf(sampler, torchGenerator(1), () => picture).at(-1) as NDArray
      for (let i = 0; i < last.length; i++) expect(last.at(i), name).toBeCloseTo(picture.at(i), 3)
    }
  })
})

describe('samplerNamed()', () => {
  test('lists the samplers when there is none of the name', () => {
    expect(() => samplerNamed('constructor', { steps: 1, schedule: noiseSchedule() })).toThrow('Cannot find a sampler "constructor"')
  })

  test.each([0, 1001, 2.5, Number.NaN])('refuses %d steps', (steps) => {
    expect(() => samplerNamed('euler', { steps, schedule: noiseSchedule() })).toThrow(
      `Cannot sample in ${steps} steps: it takes a whole number from 1 to 1000`,
    )
  })
})
