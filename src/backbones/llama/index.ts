/** Llama and the families that are settings of it, under the names of the published checkpoints. */

export { llamaConfig } from './config.js'
export * from './llama.js'
export * from './sizes.js'
