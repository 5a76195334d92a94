import type { Card } from './card.js'
import { imageToText } from './survey/image-to-text.js'
import { otherModels } from './survey/other.js'
import { textTo3d } from './survey/text-to-3d.js'
import { textToAudio } from './survey/text-to-audio.js'
import { textToCode } from './survey/text-to-code.js'
import { textToImage } from './survey/text-to-image.js'
import { textToScience } from './survey/text-to-science.js'
import { textToText } from './survey/text-to-text.js'
import { textToVideo } from './survey/text-to-video.js'

/** The 25 systems of the survey "ChatGPT is not all you need" (arXiv 2301.04655), in its order. */
export const cards = {
  ...textToImage,
  ...textTo3d,
  ...imageToText,
  ...textToVideo,
  ...textToAudio,
  ...textToText,
  ...textToCode,
  ...textToScience,
  ...otherModels,
} as const

export type SystemId = keyof typeof cards

/** The same as a list, for those who need no names. */
export const allCards: readonly (Card & { readonly id: SystemId })[] = Object.values(cards)
