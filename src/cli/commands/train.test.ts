import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { tinySystem } from '../../../tests/support/tiny-system.js'
import type { StageEvent, TrainingOptions } from '../../contract/index.js'
import { blankImage } from '../../media/image.js'
import { commandLines } from '../session.fixture.js'

const folder = mkdtempSync(join(tmpdir(), 'genera-train-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))
const output = join(folder, 'runs')

/** Two stages that note what they were told; the second one works until it is interrupted, and saves then. */
const asked: TrainingOptions[] = []
const stop = new AbortController()
const step = (step: number) => ({ step, steps: 4, learningRate: 1, gradientNorm: 1, metrics: {}, seconds: 0.5 })
async function* colours(options: TrainingOptions): AsyncGenerator<StageEvent> {
  asked.push(options)
  for (const done of [1000, 1100, 2000]) options.onPreparation?.({ what: 'mixing paints', done, total: 2000 })
  yield { kind: 'start', step: 0, steps: 4, parameters: 1234, resumed: false }
  for (let i = 1; i <= 4; i++) yield { kind: 'step', ...step(i), loss: i }
  yield { kind: 'sample', step: 4, sample: [blankImage(2, 2), blankImage(2, 2)] }
  yield { kind: 'done', files: ['colours.safetensors'] }
}
async function* endless({ signal }: TrainingOptions): AsyncGenerator<StageEvent> {
  yield { kind: 'start', step: 2, steps: 4, parameters: 1, resumed: true }
  stop.abort(new Error('Interrupted'))
  if (signal?.aborted) writeFileSync(join(folder, 'saved'), '')
  throw signal?.reason
}
const system = {
  ...tinySystem(),
  train: [
    { name: 'colours', summary: 'Learns colours', run: colours },
    { name: 'endless', summary: 'Learns for ever', run: endless },
  ],
}
const genera = commandLines(folder, { imagen: async () => system })

describe('genera train', () => {
  it('runs a stage and says how it goes', async () => {
    const { code, err } = await genera(`train imagen colours -o ${output} --steps 4 --rate 2e-4 --seed 9`)
    expect(code).toBe(0)
    expect(err).toBe(
      [
        'colours: Learns colours',
        '  mixing paints  1,000/2,000',
        '  mixing paints  2,000/2,000',
        '  1,234 parameters, 4 steps',
        '  step 1/4  loss 1.000  2.0/s  2 s left',
        '  step 4/4  loss 3.000  2.0/s  0 s left',
        ...[1, 2].map((i) => `  sample ${join(output, 'samples', `colours-4-${i}.png`)}`),
        '  wrote colours.safetensors',
        '',
      ].join('\n'),
    )
    expect(asked.at(-1)).toMatchObject({ output, steps: 4, learningRate: 2e-4, seed: 9 })
    expect(existsSync(join(output, 'samples', 'colours-4-2.png'))).toBe(true)
  })

  it('runs a stage that stands alone only where it is named', async () => {
    const alone = commandLines(folder, {
      imagen: async () => ({
        ...system,
        train: [
          { name: 'colours', summary: 'Learns colours', run: colours },
          { name: 'style', summary: 'Learns colours', alone: true, run: colours },
        ],
      }),
    })
    expect((await alone(`train imagen -o ${output}`)).err).not.toContain('style')
    expect((await alone(`train imagen style -o ${output}`)).err).toContain('style: Learns colours')
  })

  it('prints every event as an object with --json', async () => {
    const { out, err } = await genera(`train imagen colours -o ${output} --json`)
    const events = out
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line))
    expect(events[0]).toEqual({ stage: 'colours', kind: 'preparation', what: 'mixing paints', done: 1000, total: 2000 })
    expect(events.splice(0, 3).map(({ kind }) => kind)).toEqual(Array(3).fill('preparation'))
    expect(events.map(({ kind }) => kind)).toEqual(['start', 'step', 'step', 'step', 'step', 'sample', 'sample', 'done'])
    expect([err, events[1]]).toEqual(['', { stage: 'colours', kind: 'step', ...step(1), loss: 1 }])
  })

  it('waits for an interrupted run to be saved', async () => {
    const { code, err } = await genera(`train imagen -o ${output}`, { stop })
    expect([code, existsSync(join(folder, 'saved'))]).toEqual([130, true])
    expect(err).toMatch(/endless: Learns for ever\n {2}1 parameters, 4 steps, goes on after step 2\n$/)
  })

  it.each([
    ['train imagen colour', 2, 'Cannot train the stage "colour" of imagen: it has colours and endless. Did you mean "colours"?'],
    ['train imagen --steps 0', 2, 'Cannot use --steps "0": expected a whole number from 1'],
    ['train imagen --rate 0', 2, 'Cannot use --rate "0": expected a number above 0 and up to 1'],
    ['train imagen --data nowhere', 1, 'Cannot read nowhere: expected a file that can be read, found nothing there'],
    ['train muse', 1, 'Cannot run muse: it is not built yet'],
  ])('refuses %j', async (line, exit, sentence) => {
    const { code, err } = await genera(line)
    expect([code, err]).toEqual([exit, expect.stringContaining(sentence)])
  })
})
