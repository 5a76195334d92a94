import { afterAll, describe, expect, test } from 'vitest'
import { elementwiseRows } from '../../tests/support/op-rows/elementwise.js'
import { compile, type Stateful, stateful } from './compile.js'
import { array, fill, type NDArray, scalar } from './ndarray.js'
import { placeholder } from './ops/constant.js'
import { concat } from './ops/shaping.js'
import type { Tensor } from './tensor.js'

const open: { dispose(): Promise<void> }[] = []
const kept = <T extends { dispose(): Promise<void> }>(program: T): T => {
  open.push(program)
  return program
}
afterAll(async () => {
  for (const program of open) await program.dispose()
})
const distinct = (x: NDArray): Set<number> => new Set([...x.data].map(Number))
const numbers = (x: NDArray | undefined): unknown => x?.toNested()

describe('compile', () => {
  test('compile() takes and returns trees', async () => {
    const program = kept(
      compile(({ a, more }: { a: Tensor; more: Tensor[] }, by: number) => ({ sum: a.add(more[0] as Tensor).mul(by), by, list: [a] })),
    )
    const found = await program({ a: array([1, 2]), more: [array([3, 4])] }, 2)
    expect(numbers(found.sum)).toEqual([8, 12])
    expect(found.by).toBe(2)
    expect(numbers(found.list[0])).toEqual([1, 2])
  })

  test('compile() traces once per shape, element type and static argument', async () => {
    let traced = 0
    const program = kept(
      compile((x: Tensor, options: { by?: number; names?: readonly string[] }) => {
        traced++
        return x.mul(options.by ?? 1)
      }),
    )
    const calls = [[1], [1], [1, 2]].map((values) => program(array(values), { by: 2 }))
    await Promise.all(calls)
    expect([traced, program.signatures]).toEqual([2, 2])
    await program(array([1], { dtype: 'int32' }), { by: 2 })
    for (const by of [3, Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, -0, 0]) await program(array([1]), { by })
    expect(traced).toBe(9)
    expect(numbers(await program(array([1]), { by: Number.POSITIVE_INFINITY }))).toEqual([Number.POSITIVE_INFINITY])
    expect(numbers(await program(array([1]), { by: Number.NEGATIVE_INFINITY }))).toEqual([Number.NEGATIVE_INFINITY])
    await program(array([1]), {})
    await program(array([1]), { names: [] })
    expect(traced).toBe(11)
  })

  test('compile() tells functions among the arguments apart', async () => {
    const program = kept(compile((x: Tensor, change: (x: Tensor) => Tensor) => change(x)))
    expect(numbers(await program(array([3]), (x) => x.add(1)))).toEqual([4])
    expect(numbers(await program(array([3]), (x) => x.mul(5)))).toEqual([15])
  })

  test('compile() forgets a trace that failed', async () => {
    let fails = true
    const program = kept(
      compile((x: Tensor) => {
        if (fails) throw new Error('not yet')
        return x
      }),
    )
    await expect(program(array([1]))).rejects.toThrow('not yet')
    fails = false
    expect(numbers(await program(array([1])))).toEqual([1])
  })

  test('compile() runs calls that overlap', async () => {
    const program = kept(compile((x: Tensor) => x.mul(2)))
    const found = await Promise.all([1, 2, 3, 4].map((value) => program(array([value]))))
    expect(found.map(numbers)).toEqual([[2], [4], [6], [8]])
  })

  test('compile() refuses a function without tensors', async () => {
    await expect(compile(() => 3)()).rejects.toThrow('Cannot compile a function that returns no tensor. Return at least one')
  })

  test('compile() hands the same tensor out twice, and inputs as they came', async () => {
    const program = kept(compile((x: Tensor) => [x, x, x.add(1), x.add(1)]))
    expect((await program(array([1]))).map(numbers)).toEqual([[1], [1], [2], [2]])
  })

  test('compile() leaves the arrays it is given alone, also when it hands them out', async () => {
    const program = kept(compile((x: Tensor) => x.reshape([2, 1])))
    const x = array([1, 2])
    const y = await program(x)
    ;(y.data as Float32Array).fill(9)
    expect(numbers(x)).toEqual([1, 2])
  })
})

describe('stateful', () => {
  test('stateful() carries a state from run to run', async () => {
    const counter = kept(stateful((count: Tensor, by: Tensor) => [count.add(by), count.mul(10)] as const, scalar(1)))
    const results = [await counter.run(scalar(2)), await counter.run(scalar(3)), await counter.run(scalar(4))]
    expect(results.map((x) => x.item())).toEqual([10, 30, 60])
    expect((await counter.read()).item()).toBe(10)
    expect(counter.signatures).toBe(1)
  })

  test('stateful() hands the old state out untouched, though the new one may lie in its place', async () => {
    const program = kept(
      stateful(
        (x: Tensor) => [x.add(1), x] as const,
        fill('float32', [1000], () => 5),
      ),
    )
    for (let run = 0; run < 3; run++) expect(distinct(await program.run())).toEqual(new Set([5 + run]))
    const viewed = kept(
      stateful(
        (x: Tensor) => [x.add(1), x.reshape([10, 100])] as const,
        fill('float32', [1000], () => 5),
      ),
    )
    for (let run = 0; run < 3; run++) expect(distinct(await viewed.run())).toEqual(new Set([5 + run]))
  })

  test('stateful() does not overwrite a state that something reads late', async () => {
    const late = (x: Tensor): Tensor => {
      const next = x.add(1)
      let slow = next.sum()
      for (let i = 0; i < 20; i++) slow = slow.mul(0).add(next.mean())
      return slow.mul(0).add(x.sum())
    }
    const program = kept(
      stateful(
        (x: Tensor) => [x.add(1), late(x)] as const,
        fill('float32', [4000], () => 1),
      ),
    )
    for (let run = 0; run < 4; run++) expect((await program.run()).item()).toBe(4000 * (run + 1))
  })

  test('stateful() keeps states apart that depend on each other', async () => {
    type Pair = { a: Tensor; b: Tensor }
    const swap = kept(stateful(({ a, b }: Pair) => [{ a: b, b: a }, a.add(b)] as const, { a: array([1]), b: array([2]) }))
    const fibonacci = kept(
      stateful(({ a, b }: Pair) => [{ a: b.add(0), b: a.add(b) }, a.add(0)] as const, { a: array([0]), b: array([1]) }),
    )
    const seen: unknown[] = []
    for (let run = 0; run < 8; run++) {
      await swap.run()
      seen.push((await fibonacci.run()).item())
      const { a, b } = await swap.read()
      expect([a.item(), b.item()]).toEqual(run % 2 === 0 ? [2, 1] : [1, 2])
    }
    expect(seen).toEqual([0, 1, 1, 2, 3, 5, 8, 13])
  })

  test('stateful() passes a state through, and duplicates one', async () => {
    type Three = { kept: Tensor; moved: Tensor; twin: Tensor }
    const initial = { kept: array([1, 2]), moved: array([3, 4]), twin: array([0, 0]) }
    const program = kept(
      stateful((s: Three, x: Tensor) => [{ kept: s.kept, moved: s.moved.add(x), twin: s.kept }, s.kept.add(s.twin)] as const, initial),
    )
    expect(numbers(await program.run(array([1, 1])))).toEqual([1, 2])
    expect(numbers(await program.run(array([1, 1])))).toEqual([2, 4])
    const found = await program.read()
    expect(Object.values(found).map(numbers)).toEqual([
      [1, 2],
      [5, 6],
      [1, 2],
    ])
  })

  test('stateful() never changes the arrays that the caller holds', async () => {
    const initial = array([1, 2])
    const program = kept(stateful((x: Tensor) => [x.mul(2), x.sum()] as const, initial))
    await program.run()
    const read = await program.read()
    await program.run()
    const written = array([5, 5])
    await program.write(written)
    await program.run()
    expect([initial, read, written, await program.read()].map(numbers)).toEqual([
      [1, 2],
      [2, 4],
      [5, 5],
      [10, 10],
    ])
  })

  test('stateful() takes another shape by write(), as another signature', async () => {
    const program = kept(stateful((cache: Tensor, x: Tensor) => [cache.add(x), cache.sum()] as const, array([1, 2])))
    await program.run(scalar(1))
    await program.write(array([1, 2, 3, 4]))
    expect((await program.run(scalar(1))).item()).toBe(10)
    expect(numbers(await program.read())).toEqual([2, 3, 4, 5])
    expect(program.signatures).toBe(2)
  })

  test('stateful() may grow its state by itself', async () => {
    const program = kept(stateful((cache: Tensor, x: Tensor) => [concat([cache, x]), cache.sum()] as const, array([1])))
    for (const value of [2, 3]) await program.run(array([value]))
    expect(numbers(await program.read())).toEqual([1, 2, 3])
  })

  test('stateful() queues runs that are asked for at once', async () => {
    const program = kept(stateful((x: Tensor, by: Tensor) => [x.mul(10).add(by), x] as const, scalar(0)))
    const calls: Promise<NDArray>[] = [1, 2, 3].map((value) => program.run(scalar(value)))
    const [read] = await Promise.all([program.read(), ...calls])
    expect(read.item()).toBe(123)
    expect((await Promise.all(calls)).map((x) => x.item())).toEqual([0, 1, 12])
  })

  test('stateful() survives a run that fails', async () => {
    const program = kept(stateful((x: Tensor, by: Tensor) => [x.add(by), x] as const, array([1, 2])))
    const wrong = program.run(array([1, 2, 3]))
    const right = program.run(array([1, 1]))
    await expect(wrong).rejects.toThrow('Cannot add [2] and [3]: sizes 2 and 3 at axis -1 differ and neither is 1')
    expect(numbers(await right)).toEqual([1, 2])
    expect(numbers(await program.read())).toEqual([2, 3])
  })

  test('stateful() insists on every array of the state', async () => {
    const fn = ({ a }: { a: Tensor; b: Tensor }) => [{ a: a.add(1) }, a] as const
    const program = stateful(fn as never, { a: array([1]), b: array([2]) } as never) as Stateful<unknown, [], Tensor>
    await expect(program.run()).rejects.toThrow('Cannot carry a state of 2 arrays: the function returns a next state of 1')
  })

  test('stateful() that was disposed says so', async () => {
    const program = stateful((x: Tensor) => [x.add(1), x.sum()] as const, array([1]))
    await program.run()
    await program.dispose()
    await expect(program.run()).rejects.toThrow('was disposed')
  })

  test('stateful() writes element-wise results in place and gets the same numbers', async () => {
    const x = fill('float32', [50_000], (i) => 0.3 + (i % 97) / 200)
    const plain = elementwiseRows.filter(({ name, draw }) => draw && !name.includes(' '))
    const able = plain.filter(({ run }) => {
      try {
        const y = run(...([1, 2, 3].map(() => placeholder(x.shape)) as Tensor[])) as Tensor
        return y.dtype === 'float32'
      } catch {
        return false
      }
    })
    expect(able.length).toBeGreaterThan(30)
    const apply = (xs: readonly Tensor[]) => able.map(({ run }, i) => run(xs[i] as Tensor, xs[i] as Tensor, xs[i] as Tensor) as Tensor)
    const program = kept(
      stateful(
        (xs: readonly Tensor[]) => [apply(xs), (xs[0] as Tensor).sum()] as const,
        able.map(() => x),
      ),
    )
    await program.run()
    const [inPlace, fresh] = [await program.read(), await kept(compile((x: Tensor) => apply(able.map(() => x))))(x)]
    const differs = able.filter((_, i) => inPlace[i]?.data.join() !== fresh[i]?.data.join())
    expect(differs.map(({ name }) => name)).toEqual([])
  })
})
