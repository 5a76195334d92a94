/** GPT-2, under the names of the published checkpoints. */
export * from './gpt2.js'
export * from './sizes.js'
