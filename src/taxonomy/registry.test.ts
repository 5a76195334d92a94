import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../tests/support/tiny-system.js'
import { allCards, cards, categories } from '../contract/index.js'
import { builtSystems } from './built.js'
import { type BuiltSystems, findCard, findSystem, listSystems, stateOf } from './registry.js'

const imagen = tinySystem()
const built: BuiltSystems = { imagen: async () => imagen }

describe('cards', () => {
  it('are the 25 systems of the survey, in its order, each under its own id', () => {
    expect(allCards.map(({ order }) => order)).toEqual(Array.from({ length: 25 }, (_, i) => i + 1))
    for (const [id, card] of Object.entries(cards)) expect(card.id).toBe(id)
    expect(new Set(allCards.map(({ category }) => category))).toEqual(new Set(Object.keys(categories)))
  })

  it('correct the survey: who made VisualGPT, and what Whisper and Soundify read', () => {
    expect(cards.visualgpt.organisations).toContain('KAUST')
    expect([cards.whisper.inputs, cards.whisper.outputs]).toEqual([['audio'], ['text']])
    expect(cards.soundify.inputs).toEqual(['video'])
  })
})

describe('listSystems()', () => {
  it('says of every card what the code can do, and nothing more', async () => {
    const listed = await listSystems(built)
    expect(listed).toHaveLength(25)
    expect(listed.filter(({ state }) => state !== 'not-built').map(({ card, state }) => [card.id, state])).toEqual([['imagen', 'embedded']])
  })

  it('finds every system that is registered under the id that it declares', async () => {
    for (const [id, load] of Object.entries(builtSystems)) expect((await load()).id).toBe(id)
  })
})

describe('stateOf()', () => {
  it.each([
    [{ embedded: 'a' }, 'embedded'],
    [{ embedded: 'a', hub: ['b/c'] }, 'embedded'],
    [{ hub: ['b/c'] }, 'open-weights'],
    [{}, 'embedded'],
  ] as const)('is of %j "%s"', (checkpoints, state) => expect(stateOf({ checkpoints })).toBe(state))

  it('is "not-built" of nothing', () => expect(stateOf(undefined)).toBe('not-built'))
})

describe('findSystem()', () => {
  it.each(['imagen', 'IMAGEN', ' Imagen '])('finds "%s"', async (asked) => expect(await findSystem(asked, built)).toBe(imagen))

  it.each([
    ['stable diffusion', 'stable-diffusion'],
    ['DALL·E 2', 'dalle-2'],
    ['Speech from Brain', 'speech-from-brain'],
  ])('knows the card of "%s"', (asked, id) => expect(findCard(asked).id).toBe(id))

  it('suggests what was meant', async () => {
    await expect(findSystem('stable-difusion', built)).rejects.toThrow(
      'Cannot find the system "stable-difusion". Did you mean "stable-diffusion"?',
    )
    await expect(findSystem('zzzzzzzzzzzz', built)).rejects.toThrow(/^Cannot find the system "zzzzzzzzzzzz"\. There are dalle-2, imagen, /)
  })

  it('says which systems are built, of one that is not', async () => {
    await expect(findSystem('jukebox', built)).rejects.toMatchObject({
      code: 'NotBuilt',
      message: 'Cannot run jukebox: it is not built yet. Built are imagen',
    })
  })
})
