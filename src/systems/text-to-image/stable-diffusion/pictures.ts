import {
  captionOf,
  diorama,
  dioramaDataset,
  type PictureBox,
  readingOf,
  relationsOf,
  type Scene,
  sampleScene,
  scenePictures,
  type WorldName,
} from '../../../diorama/index.js'
import { array, type Key, key, uniform } from '../../../graph/index.js'
import { folder } from '../../../media/folders.js'
import { crop, flattenAlpha, type Image } from '../../../media/image.js'
import { resizeImage } from '../../../media/resize.js'
import { exists, openCheckpoint, writeSafetensors } from '../../../weights/index.js'

/** Words about pictures. */
export interface Captions {
  readonly count: number
  /** A caption of a picture; another key may give other words for the same picture, and vague ones leave more of them out, where there is a choice. */
  caption(index: number, key: Key, options?: { readonly vague: boolean }): string
  /** Around the things that a picture shows, where that is known. */
  boxes?(index: number): readonly PictureBox[]
}

/** What the stages learn from: square pictures of one size with words about them, all in memory. */
export interface CaptionedPictures extends Captions {
  /** Width and height in pixels. */
  readonly size: number
  /** [count, size, size, 3], bytes. */
  readonly pixels: Uint8Array
}

export interface DioramaPictures {
  readonly world?: WorldName
  readonly count: number
  /** So many more, in all of which one thing stands on another: chance shows that in one scene of forty, too seldom to be learnt. */
  readonly stacks?: number
  readonly size?: number
  readonly seed?: number
  /** A file that keeps the rendered pictures for the next run. */
  readonly cache?: string
  readonly onProgress?: ((done: number, total: number) => void) | undefined
}

/** Scenes of the training split of the procedural world. */
export async function dioramaPictures({
  world = 'simple',
  count: drawn,
  stacks = 0,
  size = 128,
  seed = 11,
  cache,
  onProgress,
}: DioramaPictures): Promise<CaptionedPictures> {
  const count = drawn + stacks
  const made = [world, drawn, size, seed, ...(stacks > 0 ? [stacks] : [])].join(' ')
  const kept = cache && (await exists(cache)) ? await readCache(cache, made) : undefined
  const { pixels, scenes } = kept ?? (await render({ world, count: drawn, stacks, size, seed, onProgress }))
  if (cache && !kept) {
    const text = new TextEncoder().encode(JSON.stringify(scenes))
    await writeSafetensors(
      cache,
      Object.entries({
        pixels: array(pixels, { shape: [count, size, size, 3], dtype: 'uint8' }),
        scenes: array(text, { shape: [text.length], dtype: 'uint8' }),
      }),
      { metadata: { made } },
    )
  }
  return {
    count,
    size,
    pixels,
    caption: (index, key, { vague } = { vague: false }) =>
      captionOf(scenes[index] as Scene, key, { split: 'train', length: lengthOf(key), vague }).text,
    boxes: (index) => readingOf(scenes[index] as Scene).objects.map(({ box }) => box),
  }
}

/** Mostly short: what people type, and what fits the text encoder's context. */
const lengthOf = (key: Key): 'short' | 'medium' => (uniform(key.child('length'), [1]).item() < 0.6 ? 'short' : 'medium')

async function render({
  world,
  count,
  stacks,
  size,
  seed,
  onProgress,
}: Required<Omit<DioramaPictures, 'cache' | 'onProgress'>> & Pick<DioramaPictures, 'onProgress'>) {
  const total = count + stacks
  const pixels = new Uint8Array(total * size * size * 3)
  const scenes: Scene[] = []
  const add = (scene: Scene, { data }: Image) => {
    pixels.set(data, scenes.length * size * size * 3)
    if (scenes.push(scene) % 100 === 0 || scenes.length === total) onProgress?.(scenes.length, total)
  }
  const records = dioramaDataset({ world, seed, split: 'train', size, kinds: ['image'], length: count, threads: 2 })
  for await (const { image, scene } of records.prefetch(32)) add(scene, image)
  const stacked = await stackedScenes(world, stacks, seed, () => onProgress?.(scenes.length, total))
  for await (const image of scenePictures(stacked, { width: size, height: size, threads: 2 }).prefetch(32))
    add(stacked[scenes.length - count] as Scene, image)
  return { pixels, scenes }
}

/** Scenes of the training split in which one thing stands on another. `onPause` comes between them, so that an interruption is heard. */
async function stackedScenes(world: WorldName, count: number, seed: number, onPause: () => void): Promise<Scene[]> {
  const scenes: Scene[] = []
  const root = key(seed).child('stacks', world)
  for (let i = 0; scenes.length < count; i++) {
    const scene = sampleScene(root.child(i), { ...diorama[world], stacks: 1 }, { split: 'train' })
    if (relationsOf(scene).some(({ relation }) => relation === 'on top of')) scenes.push(scene)
    if (i % 1000 === 999) {
      await new Promise((resolve) => setTimeout(resolve))
      onPause()
    }
  }
  return scenes
}

/** Nothing if the file holds other pictures. */
async function readCache(path: string, made: string): Promise<{ pixels: Uint8Array; scenes: Scene[] } | undefined> {
  const file = await openCheckpoint(path)
  if (file.metadata.get('made') !== made) return undefined
  const [pixels, scenes] = await Promise.all([file.read('pixels'), file.read('scenes')])
  return { pixels: pixels.data as Uint8Array, scenes: JSON.parse(new TextDecoder().decode(scenes.data as Uint8Array)) as Scene[] }
}

/** A user's own folder of captioned pictures; each is cut to its middle square. */
export async function folderPictures(
  location: string,
  { size = 128, onProgress }: Pick<DioramaPictures, 'size' | 'onProgress'> = {},
): Promise<CaptionedPictures> {
  const { records } = await folder(location, { kind: 'image' })
  const pixels = new Uint8Array(records.length * size * size * 3)
  const captions: string[] = []
  for await (const { image, caption = '', label } of records.prefetch(4)) {
    pixels.set(squared(image, size).data, captions.length * size * size * 3)
    captions.push(caption || label || '')
    onProgress?.(captions.length, records.length)
  }
  return { count: captions.length, size, pixels, caption: (index) => captions[index] as string }
}

/** At most so many of the pictures, from all over them. */
export function someOf({ count, size, pixels, caption, boxes }: CaptionedPictures, most: number): CaptionedPictures {
  const kept = Math.min(count, most)
  const each = size * size * 3
  const placeOf = (index: number): number => Math.floor((index * count) / kept)
  const some = new Uint8Array(kept * each)
  for (let i = 0; i < kept; i++) some.set(pixels.subarray(placeOf(i) * each, (placeOf(i) + 1) * each), i * each)
  return {
    count: kept,
    size,
    pixels: some,
    caption: (index, key, options) => caption(placeOf(index), key, options),
    ...(boxes && { boxes: (index) => boxes(placeOf(index)) }),
  }
}

function squared(image: Image, size: number): Image {
  const side = Math.min(image.width, image.height)
  const middle = { left: (image.width - side) >> 1, top: (image.height - side) >> 1, width: side, height: side }
  return resizeImage(crop(flattenAlpha(image), middle), { width: size, height: size, filter: 'lanczos' })
}
