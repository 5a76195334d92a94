import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { listener } from '../listener.fixture.js'
import { commandLines } from '../session.fixture.js'

const genera = commandLines('.', { imagen: async () => tinySystem(), whisper: async () => listener })

describe('genera routes', () => {
  it('lists the ways through the built systems, between modalities or endings', async () => {
    const ways = 'audio → image\n  whisper → text → imagen\n'
    expect(await genera('routes --from audio --to image')).toMatchObject({ code: 0, out: ways })
    expect((await genera('routes --from .wav --to png')).out).toBe(ways)
    expect((await genera('routes')).out).toBe('text → image\n  imagen\naudio → text\n  whisper\n')
  })

  it('marks what is not built yet with --all', async () => {
    const { out } = await genera('routes --all --from text --to mesh --longest 1')
    expect(out).toBe('text → mesh\n  dreamfusion (not built yet)\n  magic3d (not built yet)\n')
    const first = JSON.parse((await genera('routes --all --from text --to mesh --json')).out.split('\n')[0] as string)
    expect(first).toEqual({ from: 'text', to: 'mesh', built: false, steps: [{ system: 'dreamfusion', from: 'text', to: 'mesh' }] })
  })

  it('says that there is no way, and what is no modality', async () => {
    const none = await genera('routes --from text --to mesh')
    expect([none.code, none.err]).toEqual([
      2,
      'Cannot find a route from text to mesh: none goes there in 3 steps. Those through systems that are not built yet: --all\n',
    ])
    expect((await genera('routes --from imaje')).err).toMatch(/^Cannot use --from "imaje": expected text, .* Did you mean "image"\?\n$/)
  })
})
