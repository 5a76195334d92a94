/** T5 and FLAN-T5, under the names of the published checkpoints. */
export { t5Config } from './config.js'
export { relativeBuckets } from './relative-positions.js'
export * from './sizes.js'
export * from './t5.js'
