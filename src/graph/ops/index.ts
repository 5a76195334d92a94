export * from './activations.js'
export { type AttentionOptions, scaledDotProductAttention } from './attention.js'
export { type CachedAttentionOptions, cachedAttention, type KeyValueCache } from './cached-attention.js'
export { type ConstantValue, constant, fileConstant, labelled, type Operand, placeholder } from './constant.js'
export { type ConvolutionOptions, convolution, type Padding, transposedConvolution } from './convolution.js'
export * from './creation.js'
export * from './elementwise.js'
export * from './gather.js'
export { einsum, type MatmulAttributes, matmul } from './linear-algebra.js'
export * from './normalisation.js'
export { pixelShuffle, pixelUnshuffle } from './pixel-shuffle.js'
export {
  type AveragePoolOptions,
  adaptiveAveragePool,
  averagePool,
  globalAveragePool,
  type MaxPoolOptions,
  maxPool,
  type PoolOptions,
} from './pooling.js'
export { type BlockFormat, dequantise, matmulNBits, type QuantisedOptions, type QuantisedWeight, quantiseBlocks } from './quantised.js'
export { recompute } from './recompute.js'
export * from './reduce.js'
export { type ResizeOptions, resize, upsample } from './resize.js'
export { type RotaryOptions, type RotaryScaling, type RotaryTableOptions, rotaryAngles, rotaryEmbedding, rotaryTables } from './rotary.js'
export * from './sampling.js'
export * from './shaping.js'
export * from './signal.js'
