/** Methods that several systems share, each named after itself. */
export * from './contrastive/index.js'
export * from './diffusion/index.js'
export * from './language/index.js'
