import { files } from '#files'
import type { BenchAnswer, BenchScore, Share } from '../../diorama/bench.js'
import { GeneraError } from '../../graph/errors.js'
import { formatOfName } from '../../media/sniff.js'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { readInput } from '../input.js'
import { bold, progress, remark, type Terminal, type TerminalOptions, terminalOf } from '../terminal.js'

interface Options extends TerminalOptions {
  readonly reader?: string
}

export const addDioramaBench: AddCommand = (program, session) => {
  const command = program
    .command('diorama-bench')
    .summary('two hundred prompts, and the score of pictures for them')
    .description(
      'Without a folder, prints the prompts, one per line behind its name. With a folder of square pictures called after the prompts (counting-03.png; further ones counting-03_2.png), says how many show what was asked for, as the trained reader sees it.',
    )
    .argument('[folder]', 'the pictures')
    .option('--reader <file>', 'another checkpoint of the reader')
  withExamples(command, 'genera diorama-bench > prompts.tsv', 'genera diorama-bench pictures --json')
  withCommonOptions(command).action(async (folder: string | undefined, options: Options) => {
    const terminal = terminalOf(options, session)
    const { bench, scoreBench } = await import('../../diorama/bench.js') // late: it reads its prompts
    if (folder === undefined) {
      for (const prompt of bench) terminal.stdout.write(`${terminal.json ? JSON.stringify(prompt) : `${prompt.id}\t${prompt.prompt}`}\n`)
      return
    }
    const pictures = await picturesOf(folder, new Set(bench.map(({ id }) => id)))
    const prompts = new Set(pictures.map(({ id }) => id)).size
    if (prompts < bench.length)
      remark(terminal, `${prompts} of ${bench.length} prompts have a picture in ${folder}: the shares are of those`)
    const [{ loadReader }, { decodeImage }] = await Promise.all([import('../../diorama/reader/reader.js'), import('../../media/images.js')])
    const reader = await loadReader(options.reader)
    const shown = progress(terminal, `Reading ${pictures.length} pictures`, pictures.length)
    const answers: BenchAnswer[] = []
    try {
      for (const { id, path } of pictures) {
        session.signal.throwIfAborted()
        const [reading] = await reader.read([await decodeImage(await readInput(path, session.stdin), { name: path })])
        if (reading) answers.push({ id, reading })
        shown.show(answers.length)
      }
    } finally {
      shown.end()
      await reader.dispose()
    }
    const score = scoreBench(answers)
    terminal.stdout.write(terminal.json ? `${JSON.stringify(score)}\n` : printed(score, terminal))
  })
}

/** The pictures of a folder whose names are those of prompts. */
async function picturesOf(folder: string, ids: ReadonlySet<string>): Promise<{ id: string; path: string }[]> {
  const names = await files.list(folder)
  if (!names) throw new GeneraError('bench', `Cannot score ${folder}: expected a folder of pictures, found a file`)
  const pictures = [...names].sort().flatMap((name) => {
    const id = /^(.+?)(?:_\d+)?\.\w+$/.exec(name)?.[1]
    const readable = ['png', 'jpeg', 'webp', 'gif'].includes(formatOfName(name) ?? '')
    return id !== undefined && readable && ids.has(id) ? [{ id, path: files.within(folder, name) }] : []
  })
  if (pictures.length > 0) return pictures
  throw new GeneraError(
    'bench',
    `Cannot score ${folder}: none of its ${names.length} files is a picture called after a prompt`,
    `Call them ${[...ids][0]}.png and so on: genera diorama-bench prints the names`,
  )
}

function printed({ overall, categories, verdicts: _, ...parts }: BenchScore, terminal: Terminal): string {
  const line = ([label, { share, of }]: [string, Share]) =>
    `  ${label.padEnd(16)} ${of === 0 ? '    –' : `${(share * 100).toFixed(1).padStart(5)} %`}  of ${of}\n`
  const section = (title: string, shares: Readonly<Record<string, Share>>) =>
    `${bold(terminal, title)}\n${Object.entries(shares).map(line).join('')}`
  return section('met in full', { overall, ...categories }) + section('in detail', { ...parts })
}
