import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { openTokenizer } from './open-tokenizer.js'
import { readVocabulary, vocabularyFiles } from './vocabulary-files.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-tokenizer-'))
afterAll(() => rmSync(folder, { recursive: true }))
const fixture = JSON.parse(readFileSync(new URL('../../tests/fixtures/tokenizers/clip.json', import.meta.url), 'utf8'))
const { vocabulary, merges } = vocabularyFiles(readVocabulary(fixture))
writeFileSync(join(folder, 'vocab.json'), vocabulary)
writeFileSync(join(folder, 'merges.txt'), merges)
const configure = (config: unknown) => writeFileSync(join(folder, 'tokenizer_config.json'), JSON.stringify(config))

describe('openTokenizer()', () => {
  it('opens the folder of a published text encoder, and pads as its configuration says', async () => {
    expect((await openTokenizer(folder)).encode('a photo').ids).toContain(fixture.answers[0].ids[1])
    for (const padding of ['!', { content: '!', special: true }]) {
      configure({ pad_token: padding, model_max_length: 77 })
      expect((await openTokenizer(folder)).encode('a photo').ids).toEqual(fixture.exclamation)
    }
  })

  it('says what a configuration should hold', async () => {
    configure({ pad_token: 7 })
    await expect(openTokenizer(folder)).rejects.toThrow('Cannot read tokenizer_config.json: expected pad_token as text, found number')
    configure({ model_max_length: 1e30 })
    await expect(openTokenizer(folder)).rejects.toThrow('expected model_max_length as a number of tokens up to 1,048,576, found 1e+30')
  })

  it("opens Diorama's by default, in which the words of captions are whole", async () => {
    const tokenizer = await openTokenizer()
    expect(tokenizer.context).toBe(32)
    expect(tokenizer.end).toBe(tokenizer.vocabulary - 1)
    const caption = 'a large turquoise cylinder made of steel to the left of a tiny scarlet pyramid in a sandy desert at sunset'
    expect(tokenizer.tokens(caption)).toHaveLength(caption.split(' ').length)
    expect(tokenizer.encode(caption).truncated).toBeUndefined()
    expect(tokenizer.encode('a red cube '.repeat(11)).truncated).toBe('a red cube')
    expect(tokenizer.decode(tokenizer.tokens('Привет, an unheard-of 猫!'))).toBe('привет , an unheard - of 猫 !')
  })
})
