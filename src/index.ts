/**
 * genera: generative models of every kind in your own process.
 *
 *     import { stableDiffusion } from 'genera'
 *
 *     const [{ value }] = await stableDiffusion.make({ prompt: 'a red cube left of a shiny blue sphere at sunset', seed: 7 })
 *
 * Importing it loads no weights and no engine: a system does that when it is first given work.
 */
export {
  type Card,
  CheckpointMissingError,
  cards,
  type EvaluationEvent,
  type GenerateOptions,
  type GenerationEvent,
  InputError,
  NoRouteError,
  NotBuiltError,
  type Report,
  type Result,
  type System,
  type SystemId,
  UnknownSystemError,
  version,
} from './contract/index.js'
export { type Device, GeneraError, type Runtime, startRuntime } from './graph/index.js'
export type { Image } from './media/image.js'
export { decodeImage, encodeImage } from './media/images.js'
export { stableDiffusion } from './systems/text-to-image/stable-diffusion/system.js'
export { findSystem, follow, listSystems, routeFor, routesBetween } from './taxonomy/index.js'
