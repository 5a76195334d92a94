import { describe, expect, it } from 'vitest'
import { commandLines } from '../session.fixture.js'

const genera = commandLines('.')

describe('genera diorama-reader', () => {
  it('says which checkpoint is not there, before any scene is rendered', async () => {
    const { code, err } = await genera('diorama-reader --checkpoint nowhere.safetensors')
    expect(code).toBe(1)
    expect(err).toContain('nowhere.safetensors')
  })

  it('takes only whole numbers of scenes', async () => {
    const { code, err } = await genera('diorama-reader --scenes none')
    expect(code).toBe(2)
    expect(err).toContain('--scenes')
  })
})
