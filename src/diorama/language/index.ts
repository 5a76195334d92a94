export * from './caption.js'
export * from './description.js'
export * from './held-out.js'
export * from './parse.js'
