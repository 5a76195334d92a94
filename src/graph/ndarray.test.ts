import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { type DType, dtypes, fromBrainBits, fromHalfBits, toBrainBits, toHalfBits } from './dtype.js'
import { array, byteSize, elementCount, fill, isNDArray, NDArray, scalar, zeros } from './ndarray.js'

describe('half precision', () => {
  test('toHalfBits() gives back every half that fromHalfBits() reads', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromHalfBits(bits)
      if (Number.isNaN(value)) expect(Number.isNaN(fromHalfBits(toHalfBits(value)))).toBe(true)
      else expect(toHalfBits(value)).toBe(bits)
    }
  })

  test('toBrainBits() gives back every bfloat16 that fromBrainBits() reads', () => {
    for (let bits = 0; bits < 0x10000; bits++) {
      const value = fromBrainBits(bits)
      if (Number.isNaN(value)) expect(Number.isNaN(fromBrainBits(toBrainBits(value)))).toBe(true)
      else expect(toBrainBits(value)).toBe(bits)
    }
  })

  test.each([
    ['toHalfBits', toHalfBits, fromHalfBits, 0x7c00],
    ['toBrainBits', toBrainBits, fromBrainBits, 0x7f80],
  ] as const)('%s() rounds to the nearest, ties to even', (_, to, from, infinity) => {
    fc.assert(
      fc.property(fc.float({ noNaN: true, noDefaultInfinity: true }), (value) => {
        const bits = to(value)
        const magnitude = bits & 0x7fff
        if (magnitude === infinity) return
        const distance = Math.abs(from(bits) - value)
        for (const neighbour of [magnitude - 1, magnitude + 1]) {
          if (neighbour < 0 || neighbour >= infinity) continue
          const other = Math.abs(from(neighbour | (bits & 0x8000)) - value)
          expect(distance < other || (distance === other && magnitude % 2 === 0)).toBe(true)
        }
      }),
      { seed: 7, numRuns: 2000 },
    )
  })

  test('toHalfBits() knows the numbers of the standard', () => {
    const known: readonly [number, number][] = [
      [1, 0x3c00],
      [-2, 0xc000],
      [65504, 0x7bff],
      [65520, 0x7c00],
      [2 ** -14, 0x0400],
      [2 ** -24, 0x0001],
      [2 ** -26, 0],
      [-0, 0x8000],
      [Number.POSITIVE_INFINITY, 0x7c00],
    ]
    for (const [value, bits] of known) expect(toHalfBits(value)).toBe(bits)
    expect(fromHalfBits(0x3555)).toBeCloseTo(1 / 3, 3)
  })
})

describe('NDArray', () => {
  test('array() reads nested lists, flat lists and typed arrays', () => {
    expect(
      array([
        [1, 2],
        [3, 4],
      ]),
    ).toMatchObject({ dtype: 'float32', shape: [2, 2] })
    expect(array([1, 2, 3, 4], { shape: [2, 2], dtype: 'int64' }).data).toEqual(new BigInt64Array([1n, 2n, 3n, 4n]))
    expect(array(new Float32Array([1, 2])).toNested()).toEqual([1, 2])
    expect(array(5).shape).toEqual([])
    expect(array([[], []]).shape).toEqual([2, 0])
    expect(array([true, false], { dtype: 'bool' }).toNested()).toEqual([true, false])
    expect(() => array([[1, 2], [3]])).toThrow('its rows differ in length')
  })

  test('array() keeps integers that a double cannot hold', () => {
    expect(array([2n ** 53n + 1n, -(2n ** 63n)], { dtype: 'int64' }).data).toEqual(new BigInt64Array([2n ** 53n + 1n, -(2n ** 63n)]))
    expect(array(new BigInt64Array([2n ** 60n + 1n]), { dtype: 'int64' }).data[0]).toBe(2n ** 60n + 1n)
  })

  test.each(Object.keys(dtypes) as DType[])('NDArray of %s goes out as nested numbers and casts', (dtype) => {
    const x = fill(dtype, [2, 3], (i) => i % 2)
    expect(x.cast('float32').toNested()).toEqual([
      [0, 1, 0],
      [1, 0, 1],
    ])
    expect(x.cast(dtype)).toBe(x)
    expect(x.byteLength).toBe(byteSize(dtype, [2, 3]))
    expect(x.bytes.byteLength).toBe(6 * dtypes[dtype].bytes)
    expect(x.copy().data).not.toBe(x.data)
    expect(String(x)).toBe(`${dtype}[2, 3]`)
  })

  test('NDArray casts as programs do', () => {
    const x = array([-2.7, 0.5, 3e9, Number.NaN])
    expect(x.cast('bool').toNested()).toEqual([true, true, true, true])
    expect([...x.cast('int64').data].slice(0, 3)).toEqual([-2n, 0n, 3_000_000_000n])
    expect([...x.cast('int32').data].slice(0, 2)).toEqual([-2, 0])
    expect(array([70000, 1e-9]).cast('float16').toNested()).toEqual([Number.POSITIVE_INFINITY, 0])
  })

  test('NDArray says what does not fit', () => {
    expect(() => new NDArray('float32', [2, 2], new Float32Array(3))).toThrow(
      'Cannot make a float32 array of shape [2, 2]: it needs 4 elements, the data holds 3',
    )
    expect(() => zeros([2]).item()).toThrow('Cannot read one item from an array of shape [2]: it holds 2')
    expect(() => zeros([2]).at(2)).toThrow('Index 2 is outside an array of 2 elements')
    expect(() => elementCount([2, -1])).toThrow('A shape holds whole numbers of 0 or more, found -1 in [2, -1]')
    expect(() => elementCount([1.5])).toThrow('found 1.5')
    expect(() => zeros([2, 3]).reshape([4])).toThrow('it needs 4 elements, the data holds 6')
  })

  test('scalar() and item() are inverse', () => {
    expect(scalar(3, 'int64').item()).toBe(3)
    expect(scalar(0.5, 'bfloat16').item()).toBe(0.5)
    expect([isNDArray(scalar(1)), isNDArray([1])]).toEqual([true, false])
  })
})
