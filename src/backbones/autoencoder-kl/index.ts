/** The autoencoder of latent diffusion, under the names of the published checkpoints. */
export * from './autoencoder.js'
export * from './sizes.js'
