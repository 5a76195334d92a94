import { expect, test } from 'vitest'
import { key } from '../../graph/random/index.js'
import { parseCaption } from './parse.js'
import { requestsOf } from './requests.js'

const all = Array.from({ length: 300 }, (_, i) => requestsOf(key(i), 2, 'train')).flat()

test('requestsOf() gives one line to each of every kind of request', () => {
  for (const kind of [
    /story/i,
    /describe|picture|imagine/i,
    /^(?:what|how much) is \d+/i,
    /^write a (?:function|program)/i,
    /^(?:hello|hi|hey|good|who|what (?:are|is your|can)|thank|bye)/i,
  ])
    expect(all.filter(({ question }) => kind.test(question)).length, String(kind)).toBeGreaterThan(3)
  for (const { question, answer } of all) {
    expect(answer).toMatch(/^\S(?:.*\S)?$/)
    expect(question + answer).not.toMatch(/\n|undefined/)
  }
  expect(requestsOf(key(3), 2, 'train')).toEqual(all.slice(6, 8))
})

test('sums are right, and programs do what was asked', () => {
  let checked = 0
  for (const { question, answer } of all) {
    const [, a, sign, b] = question.match(/(\d+) (?:plus|minus|([+-])) (\d+)/) ?? []
    if (a !== undefined) {
      const minus = sign === '-' || question.includes('minus')
      expect(Number(answer), question).toBe(minus ? Number(a) - Number(b) : Number(a) + Number(b))
      checked++
    }
    if (/adds two numbers/.test(question)) expect(answer).toBe('const add = (a, b) => a + b')
  }
  expect(checked).toBeGreaterThan(60)
})

test('an answer speaks of what was asked for', () => {
  let checked = 0
  for (const { question, answer } of all) {
    const asked = parseCaption(question.replace(/^.*(?:about|with|of|describe|imagine) /i, '')).constraints.objects[0]
    if (!/story about/i.test(question) || !asked?.shape) continue
    expect(
      parseCaption(answer).constraints.objects.map(({ shape }) => shape),
      `${question}: ${answer}`,
    ).toContain(asked.shape)
    checked++
  }
  expect(checked).toBeGreaterThan(30)
})
