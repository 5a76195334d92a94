import { argMax, axes, oneHot, type Tensor } from '../../graph/index.js'
import { embedding, initialisers, layerNorm, linear, type Scope } from '../../nn/index.js'
import type { ClipTextSize } from './sizes.js'
import { transformer } from './transformer.js'

export interface ClipTextOptions {
  /** How many of the last layers the states leave out: 1 gives the penultimate ones. */
  readonly skip?: number
  /** Whether the states go through the final layer norm. Stable Diffusion XL reads them without. */
  readonly finalNorm?: boolean
}

export interface ClipText {
  /** [batch, tokens, width]: what a picture generator attends to. */
  readonly states: Tensor
  /** [batch, width]: the last layer's state at the end token, after the final layer norm. */
  readonly pooled: Tensor
  /** [batch, projection]: the text in the space that it shares with pictures, not normalised. */
  readonly embedding: Tensor | undefined
}

/**
 * CLIP's text tower (Radford et al. 2021, section 2.4): a causal transformer over token ids [batch, tokens]. Padding is attended to
 * like any other token, but being causal, no state before it knows of it.
 */
export function clipText(scope: Scope, tokens: Tensor, size: ClipTextSize, { skip = 0, finalNorm = true }: ClipTextOptions = {}): ClipText {
  const { tokens: count } = axes(tokens, 'batch tokens')
  const { width, vocabulary, context, projection } = size
  const model = scope.at('text_model')
  const places = model.at('embeddings', 'position_embedding').param('weight', [context, width], { initialiser: initialisers.normal(0.01) })
  const words = embedding(model.at('embeddings', 'token_embedding'), tokens, vocabulary, width, { initialiser: initialisers.normal(0.02) })
  const states = transformer(model.at('encoder'), words.add(places.slice(0, 0, count)), size, { causal: true })
  const last = layerNorm(model.at('final_layer_norm'), states[size.layers] as Tensor)
  const chosen = skip === 0 && finalNorm ? last : (states[size.layers - skip] as Tensor)
  const pooled = stateAt(last, endOf(tokens, size))
  return {
    states: skip === 0 || !finalNorm ? chosen : layerNorm(model.at('final_layer_norm'), chosen),
    pooled,
    embedding: projection
      ? linear(scope.at('text_projection'), pooled, projection, { bias: false, initialiser: initialisers.normal(width ** -0.5) })
      : undefined,
  }
}

/** The place of the first end token of each text [batch]. */
const endOf = (tokens: Tensor, { end }: ClipTextSize): Tensor => argMax(end === 'largest' ? tokens : tokens.equal(end).cast('int32'), 1)

/** One state of each text: a product with a row of zeros and a one, whose gradient is a product as well. */
const stateAt = (states: Tensor, place: Tensor): Tensor =>
  oneHot(place, states.size(1), states.dtype).unsqueeze(1).matmul(states).squeeze(1)
