import { dirname } from 'node:path'
import { files } from '#files'
import type { ReaderAccuracy } from '../../diorama/reader/accuracy.js'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { bold, type TerminalOptions, terminalOf } from '../terminal.js'
import { wholeNumber } from '../usage-error.js'
import { stageLines } from './train.js'

interface Options extends TerminalOptions {
  readonly checkpoint?: string
  readonly scenes: number
  readonly train?: string
  readonly steps?: number
}

export const addDioramaReader: AddCommand = (program, session) => {
  const command = program
    .command('diorama-reader')
    .summary('how well the network reads that judges pictures')
    .description(
      'Measures the reader on scenes that its training never came near, as they are rendered, blurred, and with noise. With --train it learns anew, and the run goes on where it stopped.',
    )
    .option('--checkpoint <file>', 'another checkpoint than the embedded one; with --train, the one to start from in place of chance')
    .option('--scenes <number>', 'scenes of each world to measure on', wholeNumber('--scenes', 1, 100_000), 1500)
    .option('--train <file>', 'train first, and write the checkpoint here')
    .option('--steps <number>', "in place of the recipe's own number", wholeNumber('--steps', 1, 1e7))
  withExamples(command, 'genera diorama-reader', 'genera diorama-reader --train reader.safetensors')
  withCommonOptions(command).action(async (options: Options) => {
    const terminal = terminalOf(options, session)
    const { signal } = session
    if (options.train !== undefined) {
      const path = options.train
      await files.list(dirname(path)) // better refused now than after the training
      const [{ trainReader }, { writeReader }, { readerParameters }] = await Promise.all([
        import('../../diorama/reader/train.js'),
        import('../../diorama/reader/calibrate.js'),
        import('../../diorama/reader/reader.js'),
      ])
      const shown = stageLines('reader', '.', terminal)
      const run = trainReader({
        checkpoint: `${path}.run`,
        signal,
        ...(options.checkpoint !== undefined && { initial: await readerParameters(options.checkpoint) }),
        ...(options.steps !== undefined && { steps: options.steps }),
        onRender: (done, total) => shown.prepare({ what: 'rendering scenes', done, total }),
      })
      const train = async () => {
        for await (const event of run) {
          if (event.kind !== 'done') await shown.show(event)
          else {
            await writeReader(path, event.average ?? event.parameters)
            await shown.show({ kind: 'done', files: [path] })
          }
        }
      }
      try {
        await session.protect(train())
      } finally {
        shown.end()
      }
    }
    const [{ loadReader }, { measureReader }] = await Promise.all([
      import('../../diorama/reader/reader.js'),
      import('../../diorama/reader/measure.js'),
    ])
    const reader = await loadReader(options.train ?? options.checkpoint)
    try {
      const figures = await measureReader(reader, { scenes: options.scenes, signal })
      if (terminal.json) return void terminal.stdout.write(`${JSON.stringify(figures)}\n`)
      for (const [name, accuracy] of Object.entries(figures)) terminal.stdout.write(`${bold(terminal, name)}\n${lines(accuracy)}`)
    } finally {
      await reader.dispose()
    }
  })
}

const lines = (accuracy: ReaderAccuracy): string =>
  Object.entries(accuracy)
    .map(([name, share]) => `  ${name.padEnd(12)} ${(100 * share).toFixed(1).padStart(5)} %\n`)
    .join('')
