/** Contrastive pairs: embeddings that find their partner, and classification without examples. */
export * from './contrastive-loss.js'
export * from './word-loss.js'
export * from './zero-shot.js'
