import { describe, expect, it } from 'vitest'
import { destinationOf } from './output.js'

const endings = ['png', 'glb']

describe('destinationOf()', () => {
  it('takes the ending from the name, or from --format', () => {
    expect(destinationOf('a/b.PNG', undefined, endings)).toEqual({ path: 'a/b.PNG', ending: 'png' })
    expect(destinationOf('scene', 'glb', endings)).toEqual({ path: 'scene', ending: 'glb' })
    expect(destinationOf('-', 'png', endings)).toEqual({ path: undefined, ending: 'png' })
  })

  it('names the endings that exist', () => {
    expect(() => destinationOf('a.gbl', undefined, endings)).toThrow(
      'Cannot make a file that ends in .gbl: endings are .png or .glb. Did you mean .glb?',
    )
    expect(() => destinationOf('a.b/scene', undefined, endings)).toThrow(
      'Cannot tell what "a.b/scene" should be: its name has no ending. End it in .png or .glb',
    )
    expect(() => destinationOf('-', undefined, endings)).toThrow(
      'Cannot tell what to write to standard output. Say it with --format: png or glb',
    )
  })
})
