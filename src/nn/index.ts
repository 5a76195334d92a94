/** Parameters by published names, and the layers that ask for them. */
export * from './adapter.js'
export * from './checkpoint.js'
export { MissingParametersError, WeightShapeError } from './errors.js'
export type { Initialiser } from './initialisers.js'
export * as initialisers from './initialisers.js'
export * from './layers.js'
export { given, initialise, type ParameterInfo, type Parameters, parametersOf, Scope } from './scope.js'
