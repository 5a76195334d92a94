import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { expect } from 'vitest'
import { compile } from '../../src/graph/compile.js'
import type { NDArray } from '../../src/graph/ndarray.js'
import type { Tensor } from '../../src/graph/tensor.js'
import { fromCheckpoint } from '../../src/nn/checkpoint.js'
import { type ParameterInfo, parametersOf, type Scope } from '../../src/nn/scope.js'
import { openCheckpoint } from '../../src/weights/open-checkpoint.js'

const folder = new URL('../fixtures/backbones/', import.meta.url)

type Nested = { readonly [name: string]: Nested | readonly number[] }
const isShape = (value: Nested | readonly number[]): value is readonly number[] => Array.isArray(value)
const flatten = (nested: Nested, path: readonly string[] = []): [string, string][] =>
  Object.entries(nested).flatMap(([name, value]): [string, string][] =>
    isShape(value) ? [[[...path, name].join('.'), value.join('×')]] : flatten(value, [...path, name]),
  )

/** Asserts that a model asks for exactly the names and shapes of a published checkpoint, and returns how many numbers it holds. */
export function expectListing(listing: string, model: (scope: Scope) => unknown): number {
  const published = flatten(JSON.parse(readFileSync(new URL(`listings/${listing}.json`, folder), 'utf8')))
  const asked = parametersOf(model)
  expect(new Map([...asked].map(([name, { shape }]) => [name, shape.join('×')]))).toEqual(new Map(published))
  return countOf(asked)
}

export const countOf = (parameters: ReadonlyMap<string, ParameterInfo>): number =>
  [...parameters.values()].reduce((total, { shape }) => total + shape.reduce((a, b) => a * b, 1), 0)

/** Runs a model from a stored checkpoint on the stored inputs; its results, by name, must be the stored outputs within 1e-4 of their largest value. */
export async function expectParity(
  fixture: string,
  model: (scope: Scope, inputs: Readonly<Record<string, Tensor>>) => Readonly<Record<string, Tensor>>,
): Promise<void> {
  const file = await openCheckpoint(fileURLToPath(new URL(`${fixture}.safetensors`, folder)), { inMemory: true })
  const stored = async (prefix: string): Promise<Record<string, NDArray>> => {
    const names = file.names.filter((name) => name === prefix || name.startsWith(`${prefix}.`))
    return Object.fromEntries(await Promise.all(names.map(async (name) => [name.slice(prefix.length + 1), await file.read(name)] as const)))
  }
  const [inputs, outputs] = [await stored('input'), await stored('output')]
  const program = compile((given: Record<string, Tensor>) => model(fromCheckpoint(file), given))
  const found = (await program(inputs)) as Record<string, NDArray>
  expect(Object.keys(found).sort()).toEqual(Object.keys(outputs).sort())
  for (const [name, wanted] of Object.entries(outputs)) {
    const result = found[name] as NDArray
    expect(result.shape, name).toEqual(wanted.shape)
    let [largest, worst] = [0, 0]
    for (let i = 0; i < wanted.length; i++) {
      largest = Math.max(largest, Math.abs(wanted.at(i)))
      worst = Math.max(worst, Math.abs(wanted.at(i) - result.at(i)))
    }
    expect(worst / largest, `relative error of ${name || 'the output'}`).toBeLessThan(1e-4)
  }
  await program.dispose()
}
