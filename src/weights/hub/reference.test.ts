import { describe, expect, it } from 'vitest'
import { checkedPath, looksLikeRepository, parseHubReference } from './reference.js'

describe('parseHubReference()', () => {
  it.each([
    ['owner/name', { repo: 'owner/name', revision: 'main' }],
    ['gpt2', { repo: 'gpt2', revision: 'main' }],
    ['owner/name@fp16', { repo: 'owner/name', revision: 'fp16' }],
    ['owner/name@refs/pr/1', { repo: 'owner/name', revision: 'refs/pr/1' }],
    ['owner/name@v1%2F2', { repo: 'owner/name', revision: 'v1/2' }],
    ['hf://owner/n.a-m_e', { repo: 'owner/n.a-m_e', revision: 'main' }],
    ['hf://owner/name/unet/model.safetensors', { repo: 'owner/name', revision: 'main', path: 'unet/model.safetensors' }],
    ['hf://owner/name@refs/pr/1/unet/', { repo: 'owner/name', revision: 'refs/pr/1', path: 'unet' }],
  ])('reads %s', (text, reference) => expect(parseHubReference(text)).toEqual(reference))

  it.each([
    ['', /^Cannot read "" as the name of a repository: expected owner\/name\. Names look like/],
    ['../name', /expected owner\/name/],
    ['owner/../name', /Cannot/],
    ['owner/name/file', /expected owner\/name, found more behind it; for a file in it write hf:\/\/owner\/name\/file/],
    ['own--er/name', /expected no "--" and no "\.\."/],
    ['owner/name.git', /does not end in "\.git"/],
    ['owner/na me', /expected owner\/name/],
    [`owner/${'n'.repeat(100)}`, /expected at most 96 characters, found 106/],
    ['owner/name@..', /as a revision: expected a branch/],
    ['owner/name@-x', /as a revision/],
    ['owner/name@a%2F..%2Fb', /as a revision/],
    ['hf://owner/name/../secret', /Cannot take a file called "\.\.\/secret": it has an empty part or leads out of its folder/],
  ])('refuses %j', (text, sentence) => expect(() => parseHubReference(text)).toThrow(sentence))
})

describe('looksLikeRepository()', () => {
  it.each([
    ['owner/name', true],
    ['owner/name@v1', true],
    ['hf://owner/name/x.safetensors', true],
    ['out/model.safetensors', false],
    ['./owner/name', false],
    ['/owner/name', false],
    ['name', false],
    ['a/b/c', false],
    ['C:\\a\\b', false],
  ])('%s: %s', (text, looks) => expect(looksLikeRepository(text)).toBe(looks))
})

describe('checkedPath()', () => {
  it.each(['a', 'unet/model.fp16.safetensors', 'tokenizer/é ü.json', '.gitattributes', 'console.json', 'a/%2e%2e/b'])(
    'lets %j pass',
    (path) => expect(checkedPath(path)).toBe(path),
  )
  it.each(['', '/', '..', 'a/..', '.', 'a/', 'a\\b', 'c:x', 'a\nb', 'con', 'LPT1.txt', 'x. ', `${'a/'.repeat(40)}b`, 'é'.repeat(200)])(
    'refuses %j',
    (path) => expect(() => checkedPath(path)).toThrow(/^Cannot take a file called/),
  )
})
