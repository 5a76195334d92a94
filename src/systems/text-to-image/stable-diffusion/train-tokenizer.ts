import { captionOf, diorama, sampleScene } from '../../../diorama/index.js'
import { allWordings, functionWords } from '../../../diorama/language/lexicon.js'
import { key } from '../../../graph/index.js'
import {
  clipWords,
  countWords,
  endOfText,
  startOfText,
  trainBytePairs,
  type Vocabulary,
  writeTokenizer,
} from '../../../tokenizers/index.js'

export interface TokenizerRecipe {
  /** Entries of the vocabulary; 512 of them are bytes, so that any text has tokens. */
  readonly vocabularySize: number
  /** Captions of each world, all of the training split. */
  readonly captions: number
  readonly seed: number
}

/** What `weights/diorama-tokenizer.json` was made with: from about 830 entries on, more of them make captions no shorter. */
export const tokenizerRecipe: TokenizerRecipe = { vocabularySize: 896, captions: 15_000, seed: 0 }

/**
 * Tokens of a text, start and end included. Of the simple world's captions, all short, 99 % of the medium and 66 % of the long ones fit; the
 * others lose their last sentence.
 */
export const tokenizerContext = 32

/** The contents of `weights/diorama-tokenizer.json`; half a minute, most of it scenes. */
export const tokenizerFile = (): string => writeTokenizer(trainTokenizer(), { context: tokenizerContext })

/**
 * The vocabulary that the embedded text encoders read: byte pairs of Diorama's captions, simple and full world in equal parts. The lexicon's words stand in the
 * data once each, so that a word that captions rarely use is at least made of pieces that they do.
 */
export function trainTokenizer({ vocabularySize, captions, seed }: TokenizerRecipe = tokenizerRecipe): Vocabulary {
  return trainBytePairs(countWords(texts(captions, seed), clipWords), { vocabularySize, special: [startOfText, endOfText] })
}

function* texts(captions: number, seed: number): Generator<string> {
  for (const { words, heldOut } of allWordings()) if (!heldOut) yield words
  for (const list of Object.values(functionWords)) yield* list
  for (const world of [diorama.simple, diorama.full])
    for (let i = 0; i < captions; i++) {
      const own = key(seed).child('tokenizer', world.name, i)
      yield captionOf(sampleScene(own.child('scene'), world, { split: 'train' }), own.child('caption'), { split: 'train' }).text
    }
}
