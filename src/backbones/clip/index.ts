/** CLIP's towers for texts and for pictures, under the names of the published checkpoints. */
export * from './clip.js'
export * from './sizes.js'
export * from './text.js'
export * from './vision.js'
