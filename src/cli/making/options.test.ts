import { Command } from 'commander'
import { describe, expect, it } from 'vitest'
import { builtSystems } from '../../taxonomy/index.js'
import { addMake } from '../commands/make.js'
import { addRun } from '../commands/run.js'
import { flagsOf, literalWords } from './options.js'

const session = {} as Parameters<typeof addMake>[1] // nothing runs here

describe('withMaking()', () => {
  it('leaves the names of all fields of all systems to them, but for seed and count', async () => {
    const program = new Command()
    for (const add of [addMake, addRun]) add(program, session)
    const own = new Set(program.commands.flatMap(flagsOf).filter((flag) => flag !== '--seed' && flag !== '--count'))
    for (const load of Object.values(builtSystems)) {
      const { id, fields } = await load()
      expect([id, fields.filter(({ flag }) => own.has(`--${flag}`))]).toEqual([id, []])
    }
  })
})

describe('literalWords()', () => {
  it.each([
    [['make', 'a', '--', '--b', 'c'], 2],
    [['make', 'a'], 0],
  ])('counts what stands behind "--" in %j', async (words, count) => {
    const program = new Command()
    program.command('make').argument('<words...>').allowUnknownOption()
    await program.parseAsync(words, { from: 'user' })
    expect(literalWords(program)).toBe(count)
  })
})
