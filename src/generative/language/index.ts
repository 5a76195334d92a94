/** Language decoding: attention over a past, key/value caches, sampling, beams, text as it comes. */
export { type BeamOptions, type BeamText, beamSearch } from './beam-search.js'
export * from './causal.js'
export { type Chat, type ChatEvent, type ChatModel, type ChatResult, type ChatStreamOptions, chatWith } from './chat.js'
export { causalDecoder, type Decoder, type DecoderOptions, type DecoderSize } from './decoder.js'
export { type DialogueCodec, dialogueText } from './dialogues.js'
export { type EncoderDecoderNetwork, type EncoderDecoderSize, encoderDecoder, type SecondOptions } from './encoder-decoder.js'
export {
  completeText,
  generateText,
  type LanguageModel,
  type TextCodec,
  type TextOptions,
  type TextPiece,
  type TextResult,
  type TextToken,
} from './generate-text.js'
export { type EndedRow, type Ending, type GeneratedToken, generateTokens, type TokenOptions } from './generate-tokens.js'
export { type JsonSchema, readSchema } from './json-schema.js'
export { LanguageError, type LanguageErrorCode } from './language-error.js'
export { type PackedBatch, type PackedRow, packedBatch, packRows, type TrainingText } from './packing.js'
export type { Row } from './reuse.js'
export type { Likelihood, SamplingOptions } from './sampling.js'
export { type Piece, TextStream } from './text-stream.js'
export type { ToolCall, UnreadCall } from './tool-calls.js'
export type { Tool } from './tools.js'
export { type LanguageTraining, nextTokenLoss, shuffledRows, trainLanguage } from './training.js'
