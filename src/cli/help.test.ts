import { describe, expect, it } from 'vitest'
import { commandLines } from './session.fixture.js'

const genera = commandLines('.')

describe('genera --help', () => {
  it('fits a screen of 24 lines and 85 columns, and is what genera alone says', async () => {
    const { code, out } = await genera('--help')
    expect(code).toBe(0)
    const lines = out.trimEnd().split('\n')
    expect(lines.length).toBeLessThanOrEqual(24)
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThanOrEqual(85)
    expect((await genera('')).out).toBe(out)
  })

  it('is there as a command, too', async () => {
    expect((await genera('help')).out).toBe((await genera('--help')).out)
    expect(await genera('help show')).toMatchObject({ code: 0, out: (await genera('show --help')).out })
  })

  it('has no colours but on a terminal', async () => {
    expect((await genera('--help')).out).not.toContain('\x1b')
    expect((await genera('--help', { terminal: true })).out).toContain('\x1b[1mmake')
  })

  it.each([
    'make',
    'run',
    'again',
    'list',
    'show',
    'routes',
    'train',
    'tune',
    'eval',
    'bench',
    'diorama',
    'pull',
    'cache',
    'doctor',
    'completion',
  ])('of %s begins with examples', async (command) => {
    expect((await genera(`${command} --help`)).out).toMatch(new RegExp(`^Examples:\n {2}genera ${command}`))
  })

  it('suggests the command that was meant, and make for words', async () => {
    expect((await genera('lsit')).err).toContain('Did you mean list?')
    expect((await genera('"a red cube"')).err).toContain('To make something of these words: genera make "a red cube" -o FILE')
  })
})
