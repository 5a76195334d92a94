import type { Audio } from './audio.js'
import type { Image } from './image.js'

/** Frames of one size at an even rate, with sound if there is any; the sound begins with the first frame. */
export interface Video {
  /** Frames per second. */
  readonly frameRate: number
  readonly frames: readonly Image[]
  readonly audio?: Audio
}
