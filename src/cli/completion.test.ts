import { execFileSync } from 'node:child_process'
import { describe, expect, it } from 'vitest'
import { commandLines } from './session.fixture.js'

const genera = commandLines('.')

describe('genera completion', () => {
  it('prints a script that bash completes commands, systems and options with', async () => {
    const { out } = await genera('completion bash')
    const ask = (...words: string[]) => {
      const list = words.map((word) => `'${word}'`).join(' ')
      const script = `${out}\nCOMP_WORDS=(${list}); COMP_CWORD=${words.length - 1}; _genera; printf '%s\\n' "\${COMPREPLY[@]}"`
      return execFileSync('bash', ['-c', script], { encoding: 'utf8' }).trimEnd().split('\n')
    }
    expect(ask('genera', 'di')).toEqual(['diorama', 'diorama-bench', 'diorama-reader'])
    expect(ask('genera', 'show', 'stab')).toEqual(['stable-diffusion'])
    expect(ask('genera', 'make', '--see')).toEqual(['--seed'])
    expect(ask('genera', 'completion', 'z')).toEqual(['zsh'])
  })

  it.each(['zsh', 'fish'])('prints a script for %s that knows every command', async (shell) => {
    const { code, out } = await genera(`completion ${shell}`)
    expect(code).toBe(0)
    for (const name of ['make', 'run', 'diorama-bench', 'doctor']) expect(out).toContain(name)
    expect(out).toContain('stable-diffusion')
    expect((out.match(/'/g) ?? []).length % 2).toBe(0)
  })

  it('suggests the shell that was meant', async () => {
    const { code, err } = await genera('completion bahs')
    expect([code, err]).toEqual([2, 'Cannot use completion "bahs": expected bash, zsh or fish. Did you mean "bash"?\n'])
  })
})
