/** OPT, under the names of the published checkpoints. */
export { optConfig } from './config.js'
export * from './opt.js'
export * from './sizes.js'
