/** The U-Net of latent diffusion, under the names of the published checkpoints. */
export { residualBlock } from './residual-block.js'
export * from './sizes.js'
export * from './unet.js'
