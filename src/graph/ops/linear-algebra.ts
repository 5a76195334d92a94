import { type Dimension, sameSize } from '../dimension.js'
import { apply, type Fail, failure, type Op } from '../node.js'
import type { Emitter } from '../onnx/emitter.js'
import { broadcastShapes, elements } from '../shape.js'
import type { Tensor } from '../tensor.js'
import { range } from './creation.js'
import { sameDType, takesWideNumbers } from './define.js'

/** Whether an operand is read with its last two axes swapped. Transposes fold into this, so they cost nothing. */
export interface MatmulAttributes {
  readonly transposeA: boolean
  readonly transposeB: boolean
}

const lastTwo = (x: Tensor, swap: boolean): [Dimension, Dimension] => {
  const [rows, columns] = x.shape.slice(-2) as [Dimension, Dimension]
  return swap ? [columns, rows] : [rows, columns]
}

/** An operand with its last two axes swapped. WebGPU has no FusedMatMul (it would run on the CPU, operands carried there and back), and the CPU's takes only float32. */
function turned(emitter: Emitter, x: Tensor, swap: boolean): Tensor | string {
  if (!swap) return x
  const order = [...Array(x.rank).keys()]
  const perm = [...order.slice(0, -2), x.rank - 1, x.rank - 2]
  return emitter.node('Transpose', [x], { perm })[0] as string
}

export const matmulOp: Op<MatmulAttributes> = {
  name: 'matmul',
  verb: 'multiply … by …',
  infer: (inputs, { transposeA, transposeB }) => {
    const [left, right] = inputs as [Tensor, Tensor]
    const [rows, inner] = lastTwo(left, transposeA)
    const [innerB, columns] = lastTwo(right, transposeB)
    const read = [[...left.shape.slice(0, -2), rows, inner] as const, [...right.shape.slice(0, -2), innerB, columns] as const]
    const fail: Fail = failure('multiply … by …', inputs, read)
    if (!takesWideNumbers(left.dtype)) fail(`their elements are of type ${left.dtype}`, 'Cast the tensors first')
    if (!sameSize(inner, innerB)) fail(`the left side gives ${inner} features, the right side reads ${innerB}`)
    const batch = broadcastShapes([left.shape.slice(0, -2), right.shape.slice(0, -2)], fail)
    return [{ dtype: sameDType(left, right, fail).dtype, shape: [...batch, rows, columns] }]
  },
  emit: (emitter, node) => {
    const { transposeA, transposeB } = node.attributes
    const [a, b] = node.inputs as [Tensor, Tensor]
    if (a.rank === 2 && b.rank === 2 && a.dtype === 'float32')
      return emitter.node('Gemm', [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 })
    if (!transposeA && !transposeB) return emitter.node('MatMul', [a, b])
    if (emitter.target.device === 'webgpu' || a.dtype !== 'float32')
      return emitter.node('MatMul', [turned(emitter, a, transposeA), turned(emitter, b, transposeB)])
    return emitter.node('FusedMatMul', [a, b], { transA: transposeA ? 1 : 0, transB: transposeB ? 1 : 0 }, { domain: 'com.microsoft' })
  },
  // C = A·B: dA = dC·Bᵀ and dB = Aᵀ·dC, each in the orientation in which its operand is stored.
  gradient: ([g], node) => {
    const { transposeA, transposeB } = node.attributes
    const [a, b] = node.inputs as [Tensor, Tensor]
    const upstream = g as Tensor
    return [
      () => (transposeA ? product(b, upstream, transposeB, true) : product(upstream, b, false, !transposeB)),
      () => (transposeB ? product(upstream, a, true, transposeA) : product(a, upstream, !transposeA, false)),
    ]
  },
}

const product = (a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor => matmul(a, b, { transposeA, transposeB })

/**
 * The matrix product over the last two axes, with broadcasting over the others. Vectors are read as a row (left) or a column
 * (right). A batch times one matrix runs as a single product of [batch·rows, columns].
 */
export function matmul(a: Tensor, b: Tensor, { transposeA = false, transposeB = false }: Partial<MatmulAttributes> = {}): Tensor {
  if (a.rank === 0 || b.rank === 0)
    failure('multiply … by …', [a, b])('a matrix product needs at least one axis on each side', 'Use mul() for scalars')
  if (a.rank === 1) return matmul(a.unsqueeze(0), b, { transposeB }).squeeze(b.rank === 1 ? 0 : -2)
  if (b.rank === 1) return matmul(a, b.unsqueeze(1), { transposeA }).squeeze(-1)
  if (a.rank > 2 && b.rank === 2 && !transposeA) {
    const [inner, columns] = lastTwo(b, transposeB)
    if (!sameSize(a.shape.at(-1) as Dimension, inner)) return apply(matmulOp, [a, b], { transposeA, transposeB }) // for its error
    const rows = elements(a.shape.slice(0, -1))
    return apply(matmulOp, [a.reshape([rows, inner]), b], { transposeA, transposeB }).reshape([...a.shape.slice(0, -1), columns])
  }
  return apply(matmulOp, [a, b], { transposeA, transposeB })
}

/**
 * Sums of products named by letters, as in `einsum('bhqd,bhkd->bhqk', q, k)`. Letters that stand in both operands and in the
 * result are batches; those that the result lacks are summed. Reduced to one batched matrix product.
 */
export function einsum(equation: string, ...operands: readonly Tensor[]): Tensor {
  const fail = failure(`contract "${equation}" over`, operands)
  const [left = '', result] = equation.replaceAll(' ', '').split('->')
  const terms = left.split(',')
  const implied = [...new Set(left.replaceAll(',', ''))]
    .filter((letter) => left.split(letter).length === 2)
    .sort()
    .join('')
  const out = result ?? implied
  if (terms.length !== operands.length) fail(`the equation names ${terms.length} operands`)
  terms.forEach((term, i) => {
    if (term.length !== operands[i]?.rank) fail(`"${term}" names ${term.length} axes, the tensor has ${operands[i]?.rank}`)
  })
  if (
    !/^[a-zA-Z,]*$/.test(left) ||
    !/^[a-zA-Z]*$/.test(out) ||
    [...out].some((letter) => !left.includes(letter)) ||
    new Set(out).size !== out.length
  )
    fail(
      'an equation holds letters, commas and one arrow, and each letter of the result stands once and is in an operand',
      "For example 'bik,bkj->bij'",
    )
  const sizes = new Map<string, Dimension>()
  terms.forEach((term, i) => {
    for (const [axis, letter] of [...term].entries()) {
      const size = operands[i]?.shape[axis] as Dimension
      const before = sizes.get(letter)
      if (before !== undefined && !sameSize(before, size)) fail(`"${letter}" stands for ${before} and for ${size}`)
      sizes.set(letter, size)
    }
  })
  let [current, letters] = diagonal(operands[0] as Tensor, terms[0] as string)
  for (let i = 1; i < operands.length; i++) {
    const [next, nextLetters] = diagonal(operands[i] as Tensor, terms[i] as string)
    const later = terms.slice(i + 1).join('') + out
    ;[current, letters] = contract(current, letters, next, nextLetters, later, sizes)
  }
  const summed = [...letters].map((letter, axis) => (out.includes(letter) ? -1 : axis)).filter((axis) => axis >= 0)
  const kept = [...letters].filter((letter) => out.includes(letter))
  const reduced = summed.length ? current.sum(summed) : current
  return reduced.transpose([...out].map((letter) => kept.indexOf(letter)))
}

/** A letter that repeats within one operand takes the diagonal: multiply by an identity and sum one of the axes. */
function diagonal(x: Tensor, letters: string): [Tensor, string] {
  for (const [axis, letter] of [...letters].entries()) {
    const twin = letters.indexOf(letter, axis + 1)
    if (twin < 0) continue
    const size = x.size(axis)
    const shape = (at: number) => x.shape.map((_, i) => (i === at ? size : 1))
    const row = range(size)
    const mask = row
      .reshape(shape(axis))
      .equal(row.reshape(shape(twin)))
      .cast(x.dtype)
    return diagonal(x.mul(mask).sum(twin), letters.slice(0, twin) + letters.slice(twin + 1))
  }
  return [x, letters]
}

function contract(
  a: Tensor,
  aLetters: string,
  b: Tensor,
  bLetters: string,
  later: string,
  sizes: ReadonlyMap<string, Dimension>,
): [Tensor, string] {
  const batch = [...aLetters].filter((letter) => bLetters.includes(letter) && later.includes(letter))
  const inner = [...aLetters].filter((letter) => bLetters.includes(letter) && !later.includes(letter))
  const rows = [...aLetters].filter((letter) => !bLetters.includes(letter))
  const columns = [...bLetters].filter((letter) => !aLetters.includes(letter))
  const size = (group: readonly string[]): Dimension => elements(group.map((letter) => sizes.get(letter) as Dimension))
  const arrange = (x: Tensor, from: string, ...groups: readonly (readonly string[])[]): Tensor =>
    x
      .transpose(groups.flat().map((letter) => from.indexOf(letter)))
      .reshape([...batch.map((l) => sizes.get(l) as Dimension), ...groups.slice(1).map(size)])
  const result = matmul(arrange(a, aLetters, batch, rows, inner), arrange(b, bLetters, batch, inner, columns))
  const letters = [...batch, ...rows, ...columns]
  return [result.reshape(letters.map((letter) => sizes.get(letter) as Dimension)), letters.join('')]
}
