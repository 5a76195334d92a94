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
