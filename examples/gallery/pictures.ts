import type { stableDiffusion } from 'genera'
import { diorama, type Scene, sampleScene } from 'genera/diorama'
import { key } from 'genera/graph'
import { blankImage, type Image } from 'genera/media'
import { prompts } from '../contact-sheet/prompts.js'

type Input = Parameters<typeof stableDiffusion.generate>[0]

/** A picture that is drawn, or one that is shown beside it. */
export type Cell = { readonly input: Input } | { readonly image: Image }

/** The first sheet: the prompts of `npm start` and four more, with the seeds 1, 2, 3, …. */
export const sheet: readonly Input[] = [
  ...prompts,
  'a shiny red cylinder in the desert',
  'a cyan sphere behind a white pyramid at sunset',
  'a large blue metal cube in the snow',
  'a green cube and a pink torus in a studio',
].map((prompt, i) => ({ prompt, seed: i + 1 }))

const prompt = 'a red cube left of a shiny blue sphere'

/** One row for each thing that can be asked for besides words. `first` is the first picture of the sheet. */
export const rows: Readonly<Record<string, (first: Image) => readonly Cell[]>> = {
  guidance: () => [0, 1, 2, 4, 8].map((guidanceScale) => ({ input: { prompt, seed: 21, guidanceScale } })),
  negative: () =>
    ['', 'sunset', 'meadow', 'snow', 'studio'].map((negativePrompt) => ({ input: { prompt: 'a green cone', seed: 22, negativePrompt } })),
  'image-to-image': (image) => [
    { image },
    ...[0.3, 0.5, 0.7, 0.9].map((strength) => ({
      input: { prompt: 'a yellow cube left of a green sphere in the snow', seed: 23, image, strength },
    })),
  ],
  inpainting: (image) => {
    const mask = rightHalf(image)
    return [
      { image },
      { image: mask },
      ...[
        'a red cube left of a green cone at sunset',
        'a red cube left of a purple torus at sunset',
        'a red cube left of a yellow cylinder at sunset',
      ].map((words, i) => ({ input: { prompt: words, seed: 24 + i, image, mask } })),
    ]
  },
}

/** White where it is painted anew. */
function rightHalf({ width, height }: Image): Image {
  const mask = blankImage(width, height, [0, 0, 0])
  for (let y = 0; y < height; y++) mask.data.fill(255, 3 * (y * width + Math.floor(width / 2)), 3 * (y + 1) * width)
  return mask
}

/** Six scenes of the procedural world, in a row for each style but photographs. */
export const styledScenes: readonly Scene[] = (['oil', 'cartoon', 'pixel art', 'pencil sketch'] as const).flatMap((style) =>
  [2, 5, 6, 8, 11, 14].map((seed) => ({ ...sampleScene(key(seed), diorama.full), style })),
)
