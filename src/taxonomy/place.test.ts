import { describe, expect, it } from 'vitest'
import { z } from 'zod'
import { cards, defineSystem, image, text } from '../contract/index.js'
import { blankImage } from '../media/image.js'
import { placeInputs } from './place.js'

const [first, second, third] = [blankImage(1, 1), blankImage(2, 2), blankImage(3, 3)]
const system = defineSystem({
  card: cards['stable-diffusion'],
  input: z.object({
    prompt: text(),
    negativePrompt: z.string().optional(),
    image: image().optional(),
    references: z.array(image()).max(1).optional(),
  }),
  output: image(),
  checkpoints: {},
  plan: () => [],
  load: async () => async function* () {},
})

describe('placeInputs()', () => {
  it('puts each value into the first free field of its modality, then into lists', () => {
    const values = [first, second].map((value) => ({ modality: 'image', value }) as const)
    expect(placeInputs(system, [{ modality: 'text', value: 'a' }, ...values])).toEqual({ prompt: 'a', image: first, references: [second] })
  })

  it('leaves what was named where it is', () => {
    expect(placeInputs(system, [{ modality: 'image', value: second }], { image: first })).toEqual({ image: first, references: [second] })
  })

  it('says what finds no place', () => {
    const values = [first, second, third].map((value) => ({ modality: 'image', value }) as const)
    expect(() => placeInputs(system, values)).toThrow(
      'Cannot run stable-diffusion: expected what is given to be at most what image, references can take, found more pictures',
    )
    expect(() => placeInputs(system, [{ modality: 'audio', value: { sampleRate: 1, channels: [] } }])).toThrow(
      'Cannot run stable-diffusion: expected what is given to be text, a picture, found a sound',
    )
  })
})
