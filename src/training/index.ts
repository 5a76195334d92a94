/** Optimisers, schedules, datasets with worker threads, and the training loop. */
export { loadTraining, saveTraining, type TrainingState } from './checkpoint.js'
export { type Batches, batches, Dataset, DatasetError, type DatasetSource, dataset, type IterateOptions, type Position } from './dataset.js'
export * from './optimisers.js'
export type { Schedule } from './schedules.js'
export * as schedules from './schedules.js'
export { DivergedError, type Recipe, type RunOptions, type TrainingEvent, train } from './train.js'
export { RecordError, type RecordFunction, serveRecords, type WorkerScript, type WorkerSource, workerDataset } from './workers.js'
