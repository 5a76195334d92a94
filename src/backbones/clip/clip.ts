import { logitScale } from '../../generative/contrastive/index.js'
import { norm, type Tensor } from '../../graph/index.js'
import type { Scope } from '../../nn/index.js'
import type { ClipSize } from './sizes.js'
import { clipText } from './text.js'
import { clipVision } from './vision.js'

export interface ClipInputs {
  /** Token ids [texts, tokens]. */
  readonly tokens: Tensor
  /** Normalised pixels [pictures, 3, height, width]. */
  readonly pixels: Tensor
}

export interface Clip {
  /** Unit vectors [texts, projection]. */
  readonly texts: Tensor
  /** Unit vectors [pictures, projection]. */
  readonly pictures: Tensor
  /** Scaled cosines [pictures, texts]: the softmax of a row says which text fits the picture. */
  readonly scores: Tensor
}

/** Both towers and how well each picture fits each text. The scale stays below 100, as in training (Radford et al. 2021, section 2.5). */
export function clip(scope: Scope, { tokens, pixels }: ClipInputs, { text, vision }: ClipSize): Clip {
  const unit = (x: Tensor | undefined, tower: string): Tensor => {
    if (!x) throw new TypeError(`Cannot compare texts with pictures: the ${tower} tower of this size has no projection`)
    return x.div(norm(x, -1, { keepDims: true }))
  }
  const texts = unit(clipText(scope, tokens, text).embedding, 'text')
  const pictures = unit(clipVision(scope, pixels, vision).embedding, 'vision')
  return { texts, pictures, scores: pictures.matmul(texts, { transposeB: true }).mul(logitScale(scope)) }
}
