/** Text into tokens and back: CLIP's byte-pair encoding, the files of published vocabularies, the training of our own. */
export { byteAlphabet } from './byte-alphabet.js'
export { type BytePairOptions, BytePairs } from './byte-pairs.js'
export { ClipTokenizer, type ClipTokenizerOptions, clipTokenizer, type EncodedText } from './clip.js'
export { clipPieces, endOfText, startOfText } from './clip-pieces.js'
export { TokenizerError, type TokenizerErrorCode } from './tokenizer-error.js'
export { readVocabulary, type Vocabulary, type VocabularyFiles } from './vocabulary-files.js'
