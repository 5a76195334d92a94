/** The procedural world: scenes and stories, their pictures, films, sounds, meshes and sentences, and who judges them. */
export {
  type BenchAnswer,
  type BenchCategory,
  type BenchPrompt,
  type BenchScore,
  bench,
  benchCategories,
  isHeldOutConstraint,
  type Share,
  scoreBench,
} from './bench.js'
export { inView, type Projected, project, projectionMatrix, projector, type View, viewMatrix, viewOf } from './camera.js'
export * from './constraints.js'
export { contactSheet } from './contact-sheet.js'
export {
  type DioramaDatasetOptions,
  type DioramaFilmsOptions,
  dioramaDataset,
  dioramaFilms,
  scenePictures,
  storyFrames,
  type ThreadOptions,
} from './dataset.js'
export { type FilmKind, type FilmRecord, type FilmRecordOptions, filmKinds, filmRecords } from './film-records.js'
export * from './language/index.js'
export { type SceneMeshOptions, sceneMesh } from './mesh.js'
export * from './motion/index.js'
export { type Failure, satisfies, satisfiesReading, satisfiesStory, type Verdict } from './oracle.js'
export { albedo, palette, type Rgb } from './palette.js'
export { compareReadings, type ReaderAccuracy, readerAccuracy } from './reader/accuracy.js'
export type { DecodeOptions } from './reader/decode.js'
export { loadReader, type Reader, readerOf } from './reader/reader.js'
export { type ReaderTraining, trainReader } from './reader/train.js'
export { type PictureBox, type Reading, type ReadObject, readingOf } from './reading.js'
export { type SceneKind, type SceneRecord, type SceneRecordOptions, sceneKinds, sceneRecords, type WorldName } from './records.js'
export { type RelationFact, relates, relationsOf } from './relations.js'
export { instanceMask, type Rendering, type RenderOptions, renderScene } from './render/render-scene.js'
export { type SampleOptions, sampleScene } from './sample.js'
export * from './scene.js'
export * from './sound/index.js'
export { heldOutArrangements, heldOutPairs, inSplit, isHeldOut, type Split, splits } from './splits.js'
export { type Box, type ObjectTruth, type Truth, truthOf } from './truth.js'
export { type Visibility, visibilityOf } from './visibility.js'
export { diorama, type World } from './worlds.js'
