import { describe, expect, test } from 'vitest'
import { array, key, type NDArray, normal, placeholder, scalar, type Tensor } from '../graph/index.js'
import { conv2d, groupNorm, initialise, linear, type Parameters, type Scope } from '../nn/index.js'
import { countsOf, joinedFor, joinState, partState } from './joined.js'
import { adafactor, adamW, lion, muon, type Optimiser, sgd } from './optimisers.js'
import { constant } from './schedules.js'
import { type Recipe, train } from './train.js'

/** Convolutions and matrices of equal and of other shapes, vectors, an embedding and a number. */
function network(scope: Scope, x: Tensor): Tensor {
  let y = conv2d(scope.at('in'), x, 4, 3, { padding: 1 })
  for (const name of ['a', 'b', 'c'])
    y = y.add(conv2d(scope.at(name), groupNorm(scope.at(`${name}.norm`), y, 2), 4, 3, { padding: 1 }).tanh())
  const flat = y.mean([2, 3])
  return linear(scope.at('out'), linear(scope.at('wide'), flat, 12).tanh(), 4).add(scope.param('shift', []))
}

const parameters = initialise((scope) => network(scope, placeholder([2, 3, 4, 4])), { seed: 3 })

const recipe = (optimiser: Optimiser): Recipe<{ x: Tensor; y: Tensor }> => ({
  name: 'joined',
  loss: (scope, { x, y }) => network(scope, x).sub(y).square().mean(),
  parameters,
  batch: (step) => ({ x: normal(key(1).child(step), [2, 3, 4, 4]), y: normal(key(2).child(step), [2, 4]) }),
  optimiser,
  schedule: constant(0.01),
  steps: 3,
  clip: 0.5,
  average: 0.9,
})

async function end(of: Recipe<{ x: Tensor; y: Tensor }>) {
  for await (const event of train(of)) if (event.kind === 'done') return event
  throw new Error('The training did not end')
}

const decays = (name: string): boolean => name.endsWith('.weight') && !name.includes('norm')

describe('joined parameters', () => {
  test.each<[string, Optimiser]>([
    ['AdamW', adamW({ weightDecay: 0.1, decays })],
    ['Muon', muon({ weightDecay: 0.1, decays, hidden: (name) => name !== 'a.weight' })],
    ['SGD', sgd({ momentum: 0.9, weightDecay: 0.1, decays })],
    ['Lion', lion({ weightDecay: 0.1, decays })],
  ])('are trained by %s as each by itself', async (_, optimiser) => {
    const { kind: _kind, ...rest } = optimiser
    const alone: Optimiser = rest
    const [together, apart] = [await end(recipe(optimiser)), await end(recipe(alone))]
    expect(joinedFor(parameters, optimiser).size).toBeGreaterThan(1)
    expect(joinedFor(parameters, alone).size).toBe(0)
    for (const which of ['parameters', 'average'] as const)
      for (const [name, value] of Object.entries(apart[which] as Parameters)) {
        const found = (together[which] as Parameters)[name] as NDArray
        expect(found.shape, name).toEqual(value.shape)
        for (let i = 0; i < value.length; i++) expect(Math.abs(found.at(i) - value.at(i)), `${name}[${i}]`).toBeLessThan(2e-5)
      }
  })

  test('joinedFor() joins vectors of any length and other arrays of one shape, if the method treats them alike', () => {
    const joined = joinedFor(parameters, muon({ decays, hidden: (name) => name !== 'a.weight' }))
    expect(joined.get('b.weight')?.map(({ name }) => name)).toEqual(['b.weight', 'c.weight'])
    expect(joined.get('in.bias')?.map(({ shape }) => shape)).toContainEqual([12])
    expect([...joined.values()].flat().map(({ name }) => name)).not.toContain('shift')
    expect(countsOf(joined).get('b.weight')).toBe(2)
    expect(joinedFor(parameters, adafactor()).size).toBe(0)
  })

  test('joinState() and partState() are inverse, and leave large arrays alone', () => {
    const large: Parameters = { ...parameters, 'large.0': array(new Float32Array(2 ** 18)), 'large.1': array(new Float32Array(2 ** 18)) }
    const optimiser = muon({ decays })
    const joined = joinedFor(large, optimiser)
    const state = { parameters: large, optimiser: { ...optimiser.init(large), step: scalar(7) }, average: large }
    const together = joinState(state, joined)
    expect(Object.keys(together.parameters).length).toBeLessThan(Object.keys(large).length / 2)
    expect(together.parameters['large.1']).toBe(large['large.1'])
    const back = partState(together, joined)
    for (const [name, value] of Object.entries(large)) expect(back.average?.[name]?.data, name).toEqual(value.data)
    expect(back.optimiser.slots).toEqual(state.optimiser.slots)
    expect(back.optimiser.step.item()).toBe(7)
  })
})
