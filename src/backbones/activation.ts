import { gelu, geluTanh, silu, type Tensor } from '../graph/index.js'

/** The activations of published language models. */
export type Activation = 'gelu' | 'gelu-tanh' | 'relu' | 'silu'

export const activations: Readonly<Record<Activation, (x: Tensor) => Tensor>> = {
  gelu,
  'gelu-tanh': geluTanh,
  relu: (x) => x.relu(),
  silu,
}
