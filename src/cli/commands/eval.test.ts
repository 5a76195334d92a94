import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { listener } from '../listener.fixture.js'
import { commandLines } from '../session.fixture.js'

const genera = commandLines('.', { imagen: async () => tinySystem(), whisper: async () => listener })

describe('genera eval', () => {
  it('prints figures with their thresholds', async () => {
    const { code, out } = await genera('eval imagen --limit 3')
    expect([code, out]).toEqual([
      0,
      'imagen with the checkpoint none\n  cases  3\n  right  0.5     at least 0.9  missed\n  error  0.5 px  at most 1     met\n',
    ])
  })

  it('prints one object that has every figure under its name', async () => {
    const { out } = await genera('eval imagen --json')
    expect(JSON.parse(out)).toMatchObject({ system: 'imagen', cases: 2, right: 0.5, figures: [{}, { name: 'right', passed: false }, {}] })
  })

  it('fails for a missed threshold only if it is asked to', async () => {
    const { code, err } = await genera('eval imagen --strict --quiet')
    expect([code, err]).toEqual([1, 'Cannot pass imagen: right missed the threshold\n'])
  })

  it('says that there is nothing to measure', async () => {
    expect(await genera('eval whisper')).toMatchObject({ code: 1, err: 'Cannot evaluate whisper: it measures nothing yet\n' })
  })
})
