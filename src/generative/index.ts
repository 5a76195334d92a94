/** Methods that several systems share, each named after itself. */
export * from './diffusion/index.js'
