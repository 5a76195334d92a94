/** Optimisers, schedules and the training loop. */
export * from './optimisers.js'
