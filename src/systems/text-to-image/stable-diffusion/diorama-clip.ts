import { type ClipSize, clipSizes, clipText, clipVision } from '../../../backbones/index.js'
import { logitScale } from '../../../generative/contrastive/index.js'
import { array, compile, GeneraError, type NDArray, type Tensor } from '../../../graph/index.js'
import type { Image } from '../../../media/image.js'
import type { Scope } from '../../../nn/index.js'
import type { ClipTokenizer } from '../../../tokenizers/index.js'

/** The embedded towers with the vocabulary and context of their tokenizer. */
export function dioramaClipSize({ vocabulary, context, end }: ClipTokenizer): ClipSize {
  const { text, vision } = clipSizes.diorama
  return { text: { ...text, vocabulary, context, end }, vision }
}

/** Token ids of texts: [texts, context]. */
export function clipTokens(texts: readonly string[], tokenizer: Pick<ClipTokenizer, 'encode' | 'context'>): NDArray {
  const ids = Int32Array.from(texts.flatMap((text) => tokenizer.encode(text).ids))
  return array(ids, { shape: [texts.length, tokenizer.context], dtype: 'int32' })
}

/** Bytes of a square picture: red, green, blue of each pixel, row by row. */
export interface SquarePixels {
  readonly size: number
  readonly data: Uint8Array
}

/**
 * Pictures as the image tower reads them: [pictures, 3, side, side] in [-1, 1]. A picture whose side is a multiple of the tower's is averaged over squares,
 * which is what rendering it at the smaller size would have done.
 */
export function clipPixels(pictures: readonly SquarePixels[], side: number): NDArray {
  const out = new Float32Array(pictures.length * 3 * side * side)
  for (const [index, { size, data }] of pictures.entries()) {
    const factor = size / side
    if (!Number.isInteger(factor) || data.length !== size * size * 3)
      throw new GeneraError(
        'clip-pixels',
        `Cannot read picture ${index}: it is ${size} px wide with ${data.length} bytes, the image tower reads multiples of ${side} px in three channels`,
        'Resize it first, and flatten its alpha',
      )
    const first = index * 3 * side * side
    const weight = 1 / (127.5 * factor * factor)
    for (let row = 0; row < side; row++)
      for (let column = 0; column < side; column++)
        for (let channel = 0; channel < 3; channel++) {
          let sum = 0
          for (let y = 0; y < factor; y++)
            for (let x = 0; x < factor; x++) sum += data[((row * factor + y) * size + column * factor + x) * 3 + channel] as number
          out[first + (channel * side + row) * side + column] = sum * weight - 1
        }
  }
  return array(out, { shape: [pictures.length, 3, side, side] })
}

export const squarePixels = ({ width, height, channels, data }: Image): SquarePixels => {
  if (width === height && channels === 3) return { size: width, data }
  throw new GeneraError(
    'clip-pixels',
    `Cannot read a picture of ${width} × ${height} × ${channels}: the image tower reads squares without alpha`,
  )
}

/** Both towers as functions on plain values, for whoever compares texts with pictures. */
export interface ClipEncoders extends AsyncDisposable {
  /** Embeddings [texts, projection], not normalised. */
  encodeTexts(texts: readonly string[]): Promise<NDArray>
  /** Embeddings [pictures, projection], not normalised. */
  encodePictures(pictures: readonly SquarePixels[]): Promise<NDArray>
  /** What cosines are multiplied by before a softmax. */
  scale(): Promise<number>
}

/** Rows per run: more need memory and save no time. */
const chunk = 64

export function clipEncoders(scope: Scope, size: ClipSize, tokenizer: ClipTokenizer): ClipEncoders {
  const texts = compile((tokens: Tensor) => embedded(clipText(scope, tokens, size.text).embedding))
  const pictures = compile((pixels: Tensor) => embedded(clipVision(scope, pixels, size.vision).embedding))
  const scale = compile(() => logitScale(scope))
  return {
    encodeTexts: (given) => inChunks(given, (part) => texts(clipTokens(part, tokenizer))),
    encodePictures: (given) => inChunks(given, (part) => pictures(clipPixels(part, size.vision.image))),
    scale: async () => (await scale()).item(),
    [Symbol.asyncDispose]: async () => {
      await Promise.all([texts.dispose(), pictures.dispose(), scale.dispose()])
    },
  }
}

function embedded(embedding: Tensor | undefined): Tensor {
  if (!embedding) throw new TypeError('Cannot compare texts with pictures: a tower of this size has no projection')
  return embedding
}

async function inChunks<T>(all: readonly T[], run: (part: readonly T[]) => Promise<NDArray>): Promise<NDArray> {
  const parts: NDArray[] = []
  for (let first = 0; first < all.length; first += chunk) parts.push(await run(all.slice(first, first + chunk)))
  const width = parts[0]?.shape[1]
  if (width === undefined) throw new GeneraError('clip', 'Cannot embed nothing: there is neither a text nor a picture')
  const joined = new Float32Array(all.length * width)
  for (const [i, part] of parts.entries()) joined.set(part.data as Float32Array, i * chunk * width)
  return array(joined, { shape: [all.length, width] })
}
