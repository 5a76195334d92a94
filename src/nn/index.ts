/** Parameters by published names, and the layers that ask for them. */
export * from './adapter.js'
export {
  type CheckpointOptions,
  checkCheckpoint,
  fromCheckpoint,
  type LoadOptions,
  storedName,
} from './checkpoint.js'
export { MissingParametersError, WeightShapeError } from './errors.js'
export type { Initialiser } from './initialisers.js'
export * as initialisers from './initialisers.js'
export * from './layers.js'
export { type PackOptions, packedCheckpoint } from './packed-file.js'
export * from './quantised.js'
export {
  given,
  initialise,
  type MatrixLayout,
  type ParameterInfo,
  type ParameterSource,
  type Parameters,
  parametersOf,
  Scope,
} from './scope.js'
