import { crossEntropy, softplus, type Tensor } from '../../graph/index.js'
import { type ObjectWord, objectWordNames, type ReaderLogits, type SceneWord, sceneWordNames } from './network.js'

/** A batch of pictures with what the reader should say of them. */
export interface ReaderBatch<T = Tensor> {
  /** [batch, 3, pixels, pixels] in [-1, 1]. */
  readonly pictures: T
  /** [batch, cells, cells]. */
  readonly heat: T
  readonly weight: T
  /** [batch, cells, cells, 4]. */
  readonly box: T
  /** int64 [batch, cells, cells]. */
  readonly object: Readonly<Record<ObjectWord, T>>
  /** int64 [batch]. */
  readonly scene: Readonly<Record<SceneWord, T>>
}

export interface ReaderLoss {
  readonly loss: Tensor
  readonly metrics: Readonly<Record<'middle' | 'box' | 'words' | 'scene', Tensor>>
}

/** Focal loss for the middles (Zhou et al. 2019, equation 1), the distance of the boxes, and cross entropy for every word. */
export function readerLoss(logits: ReaderLogits, { heat, weight, box, object, scene }: ReaderBatch): ReaderLoss {
  const found = heat.greaterOrEqual(1).cast('float32')
  const count = found.sum().clamp({ min: 1 })
  const p = logits.middle.sigmoid()
  const missed = p.neg().add(1).square().mul(softplus(logits.middle.neg())).mul(found)
  const invented = heat.neg().add(1).square().square().mul(p.square()).mul(softplus(logits.middle)) // 0 at the middles themselves
  const middle = missed.add(invented).sum().div(count)

  const total = weight.sum().clamp({ min: 1 })
  const distance = logits.box.sub(box).abs().sum(-1).mul(weight).sum().div(total)
  const words = objectWordNames
    .map((name) => crossEntropy(logits.object[name], object[name]).mul(weight).sum().div(total))
    .reduce((a, b) => a.add(b))
  const whole = sceneWordNames.map((name) => crossEntropy(logits.scene[name], scene[name]).mean()).reduce((a, b) => a.add(b))
  const loss = middle.add(distance.mul(0.5)).add(words).add(whole.mul(0.5))
  return { loss, metrics: { middle, box: distance, words, scene: whole } }
}
