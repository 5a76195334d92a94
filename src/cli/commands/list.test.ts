import { describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import { commandLines } from '../session.fixture.js'

const genera = commandLines('.', { imagen: async () => tinySystem() })

describe('genera list', () => {
  it('shows all 25 systems by category, and which of them work', async () => {
    const { code, out } = await genera('list')
    expect(code).toBe(0)
    expect(out).toMatch(/^Text-to-image\n {2}dalle-2 .*not built yet\n {2}imagen +text → image +2022-05 {2}embedded checkpoint\n/)
    for (const category of ['Text-to-3D', 'Text-to-science', 'Other']) expect(out).toContain(`\n${category}\n`)
    expect(out).toContain('\n1 of 25 are built.')
    expect(out.split('\n').filter((line) => line.startsWith('  '))).toHaveLength(25)
  })

  it('prints one object a line with --json, and only what is built if it is asked to', async () => {
    const lines = (await genera('list --json')).out.trimEnd().split('\n')
    expect(lines.map((line) => JSON.parse(line))).toHaveLength(25)
    const [only, ...others] = (await genera('list --json --built')).out.trimEnd().split('\n')
    expect(JSON.parse(only as string)).toMatchObject({ id: 'imagen', category: 'text-to-image', state: 'embedded', paper: '2205.11487' })
    expect(others).toEqual([])
    expect((await genera('list --built')).out).not.toContain('Text-to-3D')
  })
})
