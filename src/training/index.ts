/** Optimisers, schedules and the training loop. */
export { loadTraining, saveTraining, type TrainingState } from './checkpoint.js'
export * from './optimisers.js'
export type { Schedule } from './schedules.js'
export * as schedules from './schedules.js'
export { DivergedError, type Recipe, type TrainingEvent, train } from './train.js'
