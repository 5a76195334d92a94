/** GPT-2, under the names of the published checkpoints. */

export { gpt2Config } from './config.js'
export * from './gpt2.js'
export * from './sizes.js'
