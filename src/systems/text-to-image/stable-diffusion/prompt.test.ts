import { expect, it } from 'vitest'
import { openTokenizer } from '../../../tokenizers/index.js'
import { encodePrompt } from './prompt.js'

const tokenizer = await openTokenizer()

it('encodePrompt() fills the context, and warns of nothing while all of the text is read', () => {
  const { tokens, warnings } = encodePrompt(tokenizer, 'a red cube', 'prompt')
  expect([tokens.shape, tokens.dtype, warnings]).toEqual([[1, tokenizer.context], 'int32', []])
})

it('encodePrompt() quotes what found no room', () => {
  const { warnings } = encodePrompt(tokenizer, `${'red '.repeat(40)}zebra`, 'negativePrompt')
  expect(warnings).toEqual([
    expect.stringMatching(/^The end of negativePrompt found no room in 30 tokens and was not read: "red .*zebra"$/),
  ])
})
