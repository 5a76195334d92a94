import { apply, type Op } from '../node.js'
import type { Tensor } from '../tensor.js'
import { takesFloats } from './define.js'
import { erf, sigmoid } from './elementwise.js'

interface Activation {
  readonly name: string
  readonly verb: string
  readonly onnx: string
  readonly domain?: string
  readonly attributes: Record<string, number | string>
  /** The value first; behind it, what the slope reads. */
  readonly decompose: (x: Tensor) => readonly Tensor[]
  /**
   * The slope at x, where y is the value. Training spends its time in memory, so this is written for the fewest passes over the
   * array. `parts()` gives the decomposition: asking for it trades the fused kernel for shared inner values.
   */
  readonly slope: (x: Tensor, y: Tensor, parts: () => readonly Tensor[]) => Tensor
}

/** An activation that ONNX Runtime has as one kernel. */
function activation({ name, verb, onnx, domain, attributes, decompose, slope }: Activation): (x: Tensor) => Tensor {
  const op: Op<null> = {
    name,
    verb,
    elementwise: true,
    infer: ([x], _, fail) => {
      if (!takesFloats((x as Tensor).dtype)) fail(`its elements are of type ${x?.dtype}`, 'Cast the tensor first')
      return [x as Tensor]
    },
    emit: (emitter, node) => emitter.node(onnx, node.inputs, attributes, domain ? { domain } : {}),
    decompose: ([x]) => decompose(x as Tensor),
    gradient: ([g], node) => [() => (g as Tensor).mul(slope(node.input(0), node.output, () => node.parts()))],
  }
  return (x) => apply(op, [x], null)
}

/** The Gaussian error linear unit, `x·Φ(x)` (Hendrycks & Gimpel 2016, section 2), in its exact form with erf. */
export const gelu = activation({
  name: 'gelu',
  verb: 'apply GELU to',
  onnx: 'Gelu',
  attributes: { approximate: 'none' },
  decompose: (x) => [x.mul(erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5))],
  // Φ(x) + x·φ(x), with φ(x) = e^(-t²) / √(2π) for t = x/√2.
  slope: (x) => {
    const t = x.mul(Math.SQRT1_2)
    const density = t.mul(t.neg()).exp()
    return erf(t)
      .mul(0.5)
      .add(0.5)
      .add(density.mul(x.mul(1 / Math.sqrt(2 * Math.PI))))
  },
})

// The tanh form is y = x·σ(q) with q = 2√(2/π)·(x + 0.044715x³) = x·(cubic·x² + linear), so y' = s + (y - y·s)·q' for s = σ(q).
const linearTerm = 2 * Math.sqrt(2 / Math.PI)
const cubicTerm = linearTerm * 0.044715

/** GELU's tanh approximation (same paper): what GPT-2 and its successors were trained with. */
export const geluTanh = activation({
  name: 'gelu tanh',
  verb: 'apply GELU to',
  onnx: 'Gelu',
  attributes: { approximate: 'tanh' },
  decompose: (x) => {
    const inner = x.mul(x).mul(cubicTerm).add(linearTerm)
    const s = sigmoid(x.mul(inner))
    return [x.mul(s), s, inner]
  },
  slope: (_, __, parts) => {
    const [y, s, inner] = parts() as [Tensor, Tensor, Tensor]
    return y
      .sub(y.mul(s))
      .mul(inner.mul(3).sub(2 * linearTerm))
      .add(s)
  },
})

/** `x·σ(factor·x)`: forward and slope share the sigmoid. */
const gated = (factor: number): Pick<Activation, 'decompose' | 'slope'> => ({
  decompose: (x) => {
    const s = sigmoid(x.mul(factor))
    return [x.mul(s), s]
  },
  slope: (_, __, parts) => {
    const [y, s] = parts() as [Tensor, Tensor]
    return y.sub(y.mul(s)).mul(factor).add(s)
  },
})

/** GELU's sigmoid approximation, `x·σ(1.702x)` (same paper): what CLIP was trained with. */
export const quickGelu = activation({
  name: 'quick gelu',
  verb: 'apply GELU to',
  onnx: 'QuickGelu',
  domain: 'com.microsoft',
  attributes: { alpha: 1.702 },
  ...gated(1.702),
})

/** The sigmoid linear unit, `x·σ(x)`, also called swish. */
export const silu = activation({
  name: 'silu',
  verb: 'apply SiLU to',
  onnx: 'QuickGelu',
  domain: 'com.microsoft',
  attributes: { alpha: 1 },
  ...gated(1),
})
