import { expect, test } from 'vitest'
import { compile, stateful } from '../compile.js'
import { array, fill, type NDArray, zeros } from '../ndarray.js'
import type { Tensor } from '../tensor.js'
import { scaledDotProductAttention } from './attention.js'
import { cachedAttention, type KeyValueCache } from './cached-attention.js'

const [batch, heads, keyHeads, width, capacity] = [2, 4, 2, 8, 16]
const noise = (shape: number[], k: number): NDArray => fill('float32', shape, (i) => Math.sin(k * i + k))
const lengthsOf = (...lengths: number[]): NDArray => array(lengths, { dtype: 'int32' })

const close = (found: NDArray, wanted: NDArray): void => {
  expect(found.shape).toEqual(wanted.shape)
  found.data.forEach((value, i) => {
    expect(Number(value)).toBeCloseTo(Number(wanted.data[i]), 5)
  })
}

const decode = (q: Tensor, k: Tensor, v: Tensor, cache: KeyValueCache, lengths: Tensor) => cachedAttention(q, k, v, cache, lengths)

test('cachedAttention() gives the same from the fused kernel and from its parts, for rows of different lengths', async () => {
  const shape = [batch, keyHeads, capacity, width]
  const args = [noise([batch, heads, 1, width], 1), noise([batch, keyHeads, 1, width], 2), noise([batch, keyHeads, 1, width], 3)] as const
  const cache = { key: noise(shape, 4), value: noise(shape, 5) }
  const fused = await compile(decode)(...args, cache, lengthsOf(3, 7))
  const plain = await compile(decode, { fuse: false })(...args, cache, lengthsOf(3, 7))
  close(fused.output, plain.output)
})

test('cachedAttention() keeps to its window', async () => {
  const windowed = (q: Tensor, k: Tensor, v: Tensor, cache: KeyValueCache, lengths: Tensor) =>
    cachedAttention(q, k, v, cache, lengths, { window: 3 }).output
  const shape = [batch, keyHeads, capacity, width]
  const args = [noise([batch, heads, 1, width], 1), noise([batch, keyHeads, 1, width], 2), noise([batch, keyHeads, 1, width], 3)] as const
  const cache = { key: noise(shape, 4), value: noise(shape, 5) }
  close(await compile(windowed)(...args, cache, lengthsOf(9, 7)), await compile(windowed, { fuse: false })(...args, cache, lengthsOf(9, 7)))
})

test('cachedAttention() adds a bias to its scores, per row and head or for all of them', async () => {
  const biased = (q: Tensor, k: Tensor, v: Tensor, cache: KeyValueCache, lengths: Tensor, bias: Tensor) =>
    cachedAttention(q, k, v, cache, lengths, { bias }).output
  const shape = [batch, keyHeads, capacity, width]
  const args = [noise([batch, heads, 1, width], 1), noise([batch, keyHeads, 1, width], 2), noise([batch, keyHeads, 1, width], 3)] as const
  const cache = { key: noise(shape, 4), value: noise(shape, 5) }
  const own = await compile(biased)(...args, cache, lengthsOf(9, 7), noise([batch, heads, 1, capacity], 6))
  close(own, await compile(biased, { fuse: false })(...args, cache, lengthsOf(9, 7), noise([batch, heads, 1, capacity], 6)))
  const shared = await compile(biased)(...args, cache, lengthsOf(9, 7), noise([1, heads, 1, capacity], 6))
  expect(shared.at(0)).toBeCloseTo(own.at(0), 5) // the first row's bias is the shared one
  expect(shared.at(heads * width)).not.toBeCloseTo(own.at(heads * width), 3)
  const wrong = compile(biased)(...args, cache, lengthsOf(9, 7), noise([1, heads, 1, capacity - 1], 6))
  await expect(wrong).rejects.toThrow('the bias of shape [1, 4, 1, 15] is not [2, 4, 1, 16]')
})

test('cachedAttention() fed token by token through a state equals causal attention over the whole', async () => {
  const tokens = 6
  const [q, k, v] = [
    noise([batch, heads, tokens, width], 1),
    noise([batch, keyHeads, tokens, width], 2),
    noise([batch, keyHeads, tokens, width], 3),
  ]
  const whole = await compile((a: Tensor, b: Tensor, c: Tensor) => scaledDotProductAttention(a, b, c, { causal: true }))(q, k, v)
  const empty = { key: zeros([batch, keyHeads, capacity, width]), value: zeros([batch, keyHeads, capacity, width]) }
  const program = stateful((cache: KeyValueCache, a: Tensor, b: Tensor, c: Tensor, lengths: Tensor) => {
    const { output, cache: next } = cachedAttention(a, b, c, cache, lengths)
    return [next, output] as const
  }, empty)
  const step = compile((x: Tensor, at: number) => x.slice(2, at, at + 1))
  for (let at = 0; at < tokens; at++) {
    const [a, b, c] = [await step(q, at), await step(k, at), await step(v, at)]
    close(await program.run(a, b, c, lengthsOf(at, at)), await step(whole, at))
  }
  await program.dispose()
})

test('cachedAttention() takes a batch of prompts into an empty cache at once', async () => {
  const tokens = 5
  const [q, k, v] = [
    noise([batch, heads, tokens, width], 1),
    noise([batch, keyHeads, tokens, width], 2),
    noise([batch, keyHeads, tokens, width], 3),
  ]
  const cache = { key: zeros([batch, keyHeads, capacity, width]), value: zeros([batch, keyHeads, capacity, width]) }
  const prefill = (a: Tensor, b: Tensor, c: Tensor, state: KeyValueCache, lengths: Tensor) =>
    cachedAttention(a, b, c, state, lengths, { empty: true }).output
  const whole = await compile((a: Tensor, b: Tensor, c: Tensor) => scaledDotProductAttention(a, b, c, { causal: true }))(q, k, v)
  close(await compile(prefill)(q, k, v, cache, lengthsOf(0, 0)), whole)
})

test('cachedAttention() serves prompts and single tokens with one program, whatever the batch and the capacity', async () => {
  const program = stateful(
    (cache: KeyValueCache, a: Tensor, b: Tensor, c: Tensor, lengths: Tensor) => {
      const { output, cache: next } = cachedAttention(a, b, c, cache, lengths, { empty: true })
      return [next, output] as const
    },
    { key: zeros([1, keyHeads, 4, width]), value: zeros([1, keyHeads, 4, width]) },
    {
      dynamic: [
        { each: ['batch', null, 'capacity', null] },
        ['batch', null, 'tokens', null],
        ['batch', null, 'tokens', null],
        ['batch', null, 'tokens', null],
        ['batch'],
      ],
    },
  )
  const slice = compile((x: Tensor, row: number, from: number, to: number) => x.slice(0, row, row + 1).slice(2, from, to))
  const causal = compile((a: Tensor, b: Tensor, c: Tensor) => scaledDotProductAttention(a, b, c, { causal: true }))
  const [q, k, v] = [noise([2, heads, 9, width], 1), noise([2, keyHeads, 9, width], 2), noise([2, keyHeads, 9, width], 3)]
  const whole = await causal(q, k, v)
  const cut = (x: NDArray, from: number, to: number): Promise<NDArray> => slice(x, 0, from, to) as Promise<NDArray>

  // One row in three pieces, the second of them behind a filled cache.
  await program.write({ key: zeros([1, keyHeads, 12, width]), value: zeros([1, keyHeads, 12, width]) })
  for (const [from, to] of [
    [0, 5],
    [5, 8],
    [8, 9],
  ] as const)
    close(
      await program.run(await cut(q, from, to), await cut(k, from, to), await cut(v, from, to), lengthsOf(from)),
      await cut(whole, from, to),
    )

  await program.write({ key: zeros([2, keyHeads, 10, width]), value: zeros([2, keyHeads, 10, width]) })
  close(await program.run(q, k, v, lengthsOf(0, 0)), whole)
  expect(program.signatures).toBe(1)
  await program.dispose()
})

test.each([{}, { window: 3 }])(
  'cachedAttention() lets one program take prompts and single tokens, each on its way: %j',
  async (options) => {
    const each = ['batch', null, 'tokens', null] as const
    const program = (fuse: boolean) =>
      stateful(
        ({ cache }: { cache: KeyValueCache }, q: Tensor, k: Tensor, v: Tensor, lengths: Tensor, bias: Tensor) => {
          const { output, cache: next } = cachedAttention(q, k, v, cache, lengths, { ...options, bias, empty: true })
          return [{ cache: next }, output] as const
        },
        { cache: { key: zeros([batch, keyHeads, capacity, width]), value: zeros([batch, keyHeads, capacity, width]) } },
        { fuse, dynamic: [{ each: ['batch', null, null, null] }, each, each, each, ['batch'], [null, null, 'tokens', null]] },
      )
    const [fused, plain] = [program(true), program(false)]
    for (const [tokens, lengths] of [
      [5, lengthsOf(0, 0)],
      [1, lengthsOf(5, 3)], // the second row's prompt was shorter, and padded behind
      [1, lengthsOf(6, 4)],
    ] as const) {
      const args = [
        noise([batch, heads, tokens, width], 1),
        noise([batch, keyHeads, tokens, width], 2),
        noise([batch, keyHeads, tokens, width], 3),
      ] as const
      const bias = noise([1, heads, tokens, capacity], tokens)
      close(await fused.run(...args, lengths, bias), await plain.run(...args, lengths, bias))
    }
  },
)
