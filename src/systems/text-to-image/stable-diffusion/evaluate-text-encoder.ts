import type { ClipSize } from '../../../backbones/index.js'
import { captionOf, diorama, type Scene, type Split, sampleScene, scenePictures } from '../../../diorama/index.js'
import { withArticle, wordings } from '../../../diorama/language/lexicon.js'
import { recallAt, similarity, zeroShotClassifier } from '../../../generative/contrastive/index.js'
import { compile, key, type Tensor } from '../../../graph/index.js'
import type { Scope } from '../../../nn/index.js'
import type { ClipTokenizer } from '../../../tokenizers/index.js'
import { type ClipEncoders, clipEncoders, dioramaClipSize, type SquarePixels, squarePixels } from './diorama-clip.js'

export interface TextEncoderEvaluation {
  readonly tokenizer: ClipTokenizer
  readonly size?: ClipSize
  /** Pictures per measurement. */
  readonly count?: number
  readonly seed?: number
  /** Worker threads that render. */
  readonly threads?: number
}

/** Shares of pictures, from 0 to 1. */
export interface ZeroShotScores {
  readonly colour: number
  readonly shape: number
  readonly setting: number
  readonly time: number
  readonly mean: number
}

export interface TextEncoderScores {
  /** New renders of the whole simple world, pairs of colour and shape that training never shows as often as any other. */
  readonly all: ZeroShotScores
  /** New renders of pairs that training shows. */
  readonly seen: ZeroShotScores
  /** New renders of the others alone. A picture that shows one of them was always the wrong partner of its shape's name. */
  readonly heldOut: ZeroShotScores
  /** How often the first of `among` is the right one. Captions that are true of several pictures keep it below 1. */
  readonly retrieval: { readonly among: number; readonly text: number; readonly picture: number }
}

/** One prompt for each class of the simple world. */
export const zeroShotQuestions = {
  colour: diorama.simple.colours.map((colour) => ({ label: colour, prompts: [`${withArticle(colour)} object`] })),
  shape: diorama.simple.shapes.map((shape) => ({ label: shape, prompts: [`a ${shape}`] })),
  setting: diorama.simple.settings.map((setting) => ({
    label: setting,
    prompts: [`an object ${wordings('setting', setting, 'train')[0]}`],
  })),
  time: diorama.simple.times.map((time) => ({ label: time, prompts: [`an object ${wordings('time', time, 'train')[0]}`] })),
} as const

/** What the trained towers know: single objects classified by one prompt per class, and captions found for scenes of the simple world. */
export async function evaluateTextEncoder(
  scope: Scope,
  { tokenizer, size = dioramaClipSize(tokenizer), count = 400, seed = 1001, threads = 2 }: TextEncoderEvaluation,
): Promise<TextEncoderScores> {
  await using encoders = clipEncoders(scope, size, tokenizer)
  const render = async (scenes: readonly Scene[]): Promise<SquarePixels[]> => {
    const pictures: SquarePixels[] = []
    const side = size.vision.image
    for await (const image of scenePictures(scenes, { width: side, height: side, threads }).prefetch(16)) pictures.push(squarePixels(image))
    return pictures
  }
  const single = { ...diorama.simple, counts: [1] }
  const scenesOf = (world: typeof single | typeof diorama.simple, split: Split) =>
    Array.from({ length: count }, (_, i) => sampleScene(key(seed).child('text encoder', split, world.counts.length, i), world, { split }))
  const scored = async (split: Split): Promise<ZeroShotScores> => {
    const scenes = scenesOf(single, split)
    return zeroShotScores(encoders, scenes, await render(scenes))
  }
  const several = scenesOf(diorama.simple, 'train')
  return {
    all: await scored('all'),
    seen: await scored('train'),
    heldOut: await scored('held-out'),
    retrieval: await retrieval(encoders, several, await render(several), seed),
  }
}

async function zeroShotScores(encoders: ClipEncoders, scenes: readonly Scene[], pictures: readonly SquarePixels[]) {
  const embeddings = await encoders.encodePictures(pictures)
  const scale = await encoders.scale()
  const truths = {
    colour: (scene: Scene) => scene.objects[0]?.colour,
    shape: (scene: Scene) => scene.objects[0]?.shape,
    setting: (scene: Scene) => scene.setting,
    time: (scene: Scene) => scene.time,
  }
  const share = async (attribute: keyof typeof zeroShotQuestions): Promise<number> => {
    const { classify } = await zeroShotClassifier({ classes: zeroShotQuestions[attribute], encodeTexts: encoders.encodeTexts, scale })
    const right = classify(embeddings).filter(({ label }, i) => label === truths[attribute](scenes[i] as Scene))
    return right.length / scenes.length
  }
  const [colour, shape, setting, time] = [await share('colour'), await share('shape'), await share('setting'), await share('time')]
  return { colour, shape, setting, time, mean: (colour + shape + setting + time) / 4 }
}

async function retrieval(encoders: ClipEncoders, scenes: readonly Scene[], pictures: readonly SquarePixels[], seed: number) {
  const captions = scenes.map((scene, i) => captionOf(scene, key(seed).child('caption', i), { split: 'train', length: 'medium' }).text)
  const cosines = compile((a: Tensor, b: Tensor) => similarity(a, b))
  const [byPicture, byText] = [await encoders.encodePictures(pictures), await encoders.encodeTexts(captions)]
  const [text, picture] = [recallAt(await cosines(byPicture, byText), 1), recallAt(await cosines(byText, byPicture), 1)]
  await cosines.dispose()
  return { among: scenes.length, text, picture }
}
