import { isFloat } from '../dtype.js'
import { apply, type Op } from '../node.js'
import type { Tensor } from '../tensor.js'
import { erf, sigmoid, tanh } from './elementwise.js'

/** An activation that ONNX Runtime has as one kernel: forward fused, gradient through its parts or by a rule of its own. */
function activation(
  name: string,
  kernel: { onnx: string; domain?: string; attributes?: Record<string, number | string>; devices?: readonly string[] },
  decompose: (x: Tensor) => Tensor,
): (x: Tensor) => Tensor {
  const op: Op<null> = {
    name,
    infer: ([x], _, fail) => {
      if (!isFloat((x as Tensor).dtype)) fail(`it does not take elements of type ${x?.dtype}`, 'Cast the tensor first')
      return [x as Tensor]
    },
    emit: (emitter, node) =>
      emitter.node(kernel.onnx, node.inputs, kernel.attributes ?? {}, kernel.domain ? { domain: kernel.domain } : {}),
    supported: ({ device }) => !kernel.devices || kernel.devices.includes(device),
    decompose: ([x]) => [decompose(x as Tensor)],
  }
  return (x) => apply(op, [x], null)
}

/** The Gaussian error linear unit, `x·Φ(x)` (Hendrycks & Gimpel 2016, section 2), in its exact form with erf. */
export const gelu = activation('apply GELU to', { onnx: 'Gelu', attributes: { approximate: 'none' } }, (x) =>
  x.mul(erf(x.mul(Math.SQRT1_2)).add(1).mul(0.5)),
)

const tanhScale = Math.sqrt(2 / Math.PI)

/** GELU's tanh approximation (same paper): what GPT-2 and its successors were trained with. */
export const geluTanh = activation('apply GELU to', { onnx: 'Gelu', attributes: { approximate: 'tanh' } }, (x) => {
  const inner = x.mul(
    x
      .mul(x)
      .mul(tanhScale * 0.044715)
      .add(tanhScale),
  )
  return x.mul(tanh(inner).add(1).mul(0.5))
})

/** GELU's sigmoid approximation, `x·σ(1.702x)` (same paper): what CLIP was trained with. */
export const quickGelu = activation('apply GELU to', { onnx: 'QuickGelu', domain: 'com.microsoft', attributes: { alpha: 1.702 } }, (x) =>
  x.mul(sigmoid(x.mul(1.702))),
)

/** The sigmoid linear unit, `x·σ(x)`, also called swish. */
export const silu = activation('apply SiLU to', { onnx: 'QuickGelu', domain: 'com.microsoft', attributes: { alpha: 1 } }, (x) =>
  x.mul(sigmoid(x)),
)
