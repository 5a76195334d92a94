export { type AmbienceOptions, ambienceSound } from './ambience.js'
export { hitSound } from './hit.js'
export type { Blow } from './modes.js'
export { type SoundEvent, soundEvents, soundOf } from './sound.js'
