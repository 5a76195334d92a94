import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { commandLines } from '../session.fixture.js'

const genera = commandLines('.', { imagen: async () => tinySystem() })

describe('genera show', () => {
  it('shows the card, the options, the networks and the stages of a system', async () => {
    const { out } = await genera('show imagen')
    expect(out).toMatch(/^IMAGEN\nReads the caption/)
    expect(out).toContain('  paper   https://arxiv.org/abs/2205.11487\n')
    expect(out).toMatch(/--scheduler +Way of going through the noise \("ddim" or "euler"; otherwise ddim\)\n/)
    expect(out).toMatch(/--prompt +What is to be seen \(text of 1 to 100 characters; required\)\n/)
    expect(out).toContain('networks\n  painter  6 parameters in 1 tensors\n')
    expect(out).toContain('stages of genera train imagen\n  colours  Learns nothing\n')
  })

  it('takes a name in any spelling, and says honestly what is not built', async () => {
    const { out } = await genera('show "DALL·E 2"')
    expect(out).toContain('state   not built yet')
    expect(out).toContain('It is not built yet, so there are no options to show.')
    expect(JSON.parse((await genera('show whisper --json')).out)).toMatchObject({ id: 'whisper', state: 'not-built' })
  })

  it('gives the same facts as one object', async () => {
    expect(JSON.parse((await genera('show imagen --json')).out)).toMatchObject({
      state: 'embedded',
      options: { properties: { steps: { maximum: 50 } } },
      networks: { painter: { tensors: 1, parameters: 6 } },
      checkpoints: { hub: [] },
    })
  })

  it('suggests the system that was meant', async () => {
    expect(await genera('show wisper')).toMatchObject({ code: 2, err: 'Cannot find the system "wisper". Did you mean "whisper"?\n' })
  })
})
