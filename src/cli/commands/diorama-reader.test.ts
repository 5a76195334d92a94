import { describe, expect, it } from 'vitest'
import { commandLines } from '../session.fixture.js'

const genera = commandLines('.')

describe('genera diorama-reader', () => {
  it('says which checkpoint is not there, before any scene is rendered', async () => {
    const { code, err } = await genera('diorama-reader --checkpoint nowhere.safetensors')
    expect(code).toBe(1)
    expect(err).toContain('nowhere.safetensors')
  })

  it('refuses a folder that is not there before it trains', async () => {
    const { code, err } = await genera('diorama-reader --train nowhere/reader.safetensors --steps 1')
    expect([code, err]).toEqual([1, expect.stringContaining('Cannot read nowhere: ')])
  })

  it('takes only whole numbers of scenes', async () => {
    const { code, err } = await genera('diorama-reader --scenes none')
    expect(code).toBe(2)
    expect(err).toContain('--scenes')
  })
})
