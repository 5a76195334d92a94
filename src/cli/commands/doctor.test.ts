import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { commandLines } from '../session.fixture.js'

describe('genera doctor', () => {
  it('measures every device, and finds no problem with a system that needs no weights', async () => {
    const { code, out } = await commandLines('.', { imagen: async () => tinySystem() })('doctor --json')
    expect(code).toBe(0)
    const found = JSON.parse(out)
    expect(found).toMatchObject({ node: { version: process.version }, problems: [], memory: { total: expect.any(Number) } })
    expect(found.devices.length).toBeGreaterThan(0)
    for (const { gflops } of found.devices) expect(gflops).toBeGreaterThan(0.1)
  })

  it('ends with 1 if weights are missing, and says what to do', async () => {
    const system = { ...tinySystem(), checkpoints: { embedded: 'no-such-weights' } }
    const { code, out, err } = await commandLines('.', { imagen: async () => system })('doctor')
    expect([code, err]).toEqual([1, 'Cannot vouch for this machine: 1 problem found\n'])
    expect(out).toMatch(/problem {2}The weights of imagen are missing: install genera anew, or genera train imagen\n$/)
  })
})
