/**
 * Language models of published checkpoints: open one, continue texts, hold dialogues.
 *
 *     import { chatWith, openLanguageModel } from 'genera/language'
 *
 *     const chat = chatWith(await openLanguageModel('SmolLM2-135M-Instruct'))
 *     for await (const event of chat.stream([{ role: 'user', content: 'Hi' }])) if (event.kind === 'text') console.log(event.text)
 */
export { type OpenedLanguageModel, openLanguageModel } from './backbones/language/index.js'
export {
  type BeamOptions,
  type BeamText,
  beamSearch,
  type Chat,
  type ChatEvent,
  type ChatModel,
  type ChatResult,
  type ChatStreamOptions,
  chatWith,
  completeText,
  type Decoder,
  type Ending,
  generateText,
  generateTokens,
  type JsonSchema,
  LanguageError,
  type LanguageErrorCode,
  type LanguageModel,
  type Row,
  type SamplingOptions,
  type TextOptions,
  type TextPiece,
  type TextResult,
  type TokenOptions,
  type Tool,
  type ToolCall,
} from './generative/language/index.js'
export { type ChatMessage, openTextTokenizer, type TextTokenizer, TokenizerError } from './tokenizers/index.js'
