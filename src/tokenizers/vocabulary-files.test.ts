import { describe, expect, it } from 'vitest'
import { TokenizerError } from './tokenizer-error.js'
import { readVocabulary } from './vocabulary-files.js'

const vocabulary = '{"a":0,"b":1,"ab":2,"abb":3}'
const names = { vocabulary: 'tokenizer/vocab.json', merges: 'tokenizer/merges.txt' }

describe('readVocabulary()', () => {
  it('reads ids and pairs, with or without a version, whatever ends the lines', () => {
    const expected = [
      ['a', 'b'],
      ['ab', 'b'],
    ]
    for (const merges of ['#version: 0.2\na b\nab b\n', 'a b\r\nab b', 'a b\n\nab b\n\n'])
      expect(readVocabulary({ vocabulary, merges }).merges).toEqual(expected)
    expect([...readVocabulary({ vocabulary, merges: '' }).vocabulary]).toEqual([
      ['a', 0],
      ['b', 1],
      ['ab', 2],
      ['abb', 3],
    ])
  })

  it.each([
    [
      'three tokens in a line',
      'a b\na b b',
      'Cannot read tokenizer/merges.txt, line 2: expected two tokens with a space between them, found "a b b"',
    ],
    ['one token in a line', '#version: 0.2\nab', 'line 2: expected two tokens with a space between them, found "ab"'],
    ['a merge of unknown halves', 'a c', 'line 1: expected tokens of tokenizer/vocab.json, found "c", which is not among its 4'],
    ['a merge of unknown product', 'a b\nb b', 'line 2: expected tokens of tokenizer/vocab.json, found "bb", which is not among its 4'],
    ['a merge twice', 'a b\na b', 'line 2: expected each merge once, found "a b" again'],
  ])('names the line of %s', (_, merges, sentence) => {
    expect(() => readVocabulary({ vocabulary, merges, names })).toThrow(sentence)
    expect(() => readVocabulary({ vocabulary, merges, names })).toThrow(TokenizerError)
  })

  it.each([
    ['no JSON', '<html>', 'Cannot read tokenizer/vocab.json: expected an object of tokens and ids, found <html> at character 0'],
    ['a token twice', '{"a":0,"\\u0061":1}', 'expected each key once, found "a" twice'],
    ['an id twice', '{"a":0,"b":0}', 'expected an id of its own for "b", found 0, which "a" has'],
    ['an id that is no number', '{"a":"0"}', 'expected the id of "a", found text at character 5'],
    ['an id without measure', '{"a":900719925}', 'expected an id below 524,288 for "a", found 900719925'],
    ['nothing in it', '{}', 'expected at least one token, found none'],
    ['a token without measure', `{"${'a'.repeat(1025)}":0}`, 'expected tokens of at most 1,024 characters, found 1025. No published'],
  ])('refuses a vocabulary with %s', (_, text, sentence) => {
    expect(() => readVocabulary({ vocabulary: text, merges: '', names })).toThrow(sentence)
  })

  it('stops at more merges than anybody has', () => {
    const merges = `${'a b\n'.repeat(3)}`
    expect(() => readVocabulary({ vocabulary, merges: merges.padEnd(2 ** 26 + 1, '\n') })).toThrow('at most 67,108,864 characters')
  })
})
