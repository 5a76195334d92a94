/** Published networks that several systems share. A row of a `sizes` table is a published size or the embedded one. */
export * as autoencoderKL from './autoencoder-kl/index.js'
export * from './clip/index.js'
export * from './gpt2/index.js'
export * from './language/index.js'
export * from './llama/index.js'
export * from './opt/index.js'
export * from './t5/index.js'
export * from './unet/index.js'
