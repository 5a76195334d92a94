/** Language models by the configurations of published checkpoints. */
export { type CausalFamily, causalFamily } from './causal-family.js'
export { type EncoderDecoderFamily, encoderDecoderFamily, encoderDecoderOf } from './encoder-decoder-family.js'
export { samplingFor } from './generation-config.js'
export { decoderOf, type OpenedLanguageModel, openLanguageModel, spellingOf } from './open-language-model.js'
export { ggufFamily, openGgufModel, type PackedDecoderOptions, packedDecoder } from './packed-decoder.js'
