import { randomInt } from 'node:crypto'
import { Option } from 'commander'
import { listed } from '../../contract/words.js'
import type { WorldName } from '../../diorama/records.js'
import { type Setting, type Style, settings, styles, type Time, times } from '../../diorama/scene.js'
import { diorama } from '../../diorama/worlds.js'
import type { Json } from '../../media/provenance.js'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { type EndingChoices, endingNames, endings, isFilm, unfitting } from '../diorama/endings.js'
import { assertWritable, destinationOf, write } from '../output.js'
import { provenanceOf } from '../provenance.js'
import { remark, type TerminalOptions, terminalOf } from '../terminal.js'
import { oneOf, positiveNumber, UsageError, wholeNumber } from '../usage-error.js'

/** What decides over the content, and so belongs into the provenance. */
interface Choices extends EndingChoices {
  readonly world: WorldName
  readonly style?: Style
  readonly setting?: Setting
  readonly time?: Time
}

interface Options extends Choices, TerminalOptions {
  readonly output: string
  readonly format?: string
  readonly seed?: number
  readonly lenient?: boolean
}

const worlds = Object.keys(diorama) as WorldName[]

export const addDiorama: AddCommand = (program, session) => {
  const command = program
    .command('diorama')
    .summary('make a scene of the procedural world in any modality')
    .description(
      'Makes a scene of the procedural world. The ending of the file says as what: a picture, a film with sound, a sound, a mesh, the truth as JSON or a caption.',
    )
    .option('-o, --output <file>', `where to: ${listed(endingNames.map((ending) => `.${ending}`))}; - for standard output`, 'diorama.png')
    .option('-f, --format <ending>', 'what to make, if the name of the file does not say it')
    .option(
      '--seed <number>',
      'the same seed gives the same bytes (default: a random one)',
      wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER),
    )
    .option('--size <pixels>', 'width and height of a picture (default: 512, of films 256)', wholeNumber('--size', 8, 4096))
    .option('--world <name>', listed(worlds), oneOf('--world', worlds), 'full')
    .option('--style <name>', listed(styles), oneOf('--style', styles))
    .option('--setting <name>', listed(settings), oneOf('--setting', settings))
    .option('--time <name>', listed(times), oneOf('--time', times))
    .option('--seconds <number>', 'length of a film or sound (default: that of its story)', positiveNumber('--seconds', 60))
    .option('--rate <number>', 'frames per second (default: 24, of .gif and .webp 12.5)', positiveNumber('--rate', 60))
    .option('--frames <count>', 'frames of the whole film, in place of --rate', wholeNumber('--frames', 1, 600))
    .option('--sheet <count>', 'a contact sheet: the scenes of so many seeds from --seed on', wholeNumber('--sheet', 1, 1024))
    .option('--columns <count>', 'of the sheet', wholeNumber('--columns', 1, 1024))
    .option('--quality <number>', 'of lossy formats, 1 to 100', wholeNumber('--quality', 1, 100))
    // For `again`, which makes a picture's scene as a mesh, too: leave out what has no effect.
    .addOption(new Option('--lenient').hideHelp())
  withExamples(
    command,
    'genera diorama --seed 7 --size 512 -o scene.png',
    'genera diorama --seed 7 --style oil --setting beach --time sunset -o beach.jpg',
    'genera diorama --seed 7 -o film.mp4',
    'genera diorama --seed 7 -o scene.glb',
    'genera diorama --sheet 24 --columns 6 --size 256 -o sheet.png',
    'genera diorama --seed 7 -f json -o - | jq .relations',
  )
  withCommonOptions(command).action(async (options: Options) => {
    const terminal = terminalOf(options, session)
    const destination = destinationOf(options.output, options.format, endingNames)
    const { ending, path } = destination
    const { seed = randomInt(2 ** 31), output: _, format: __, json, quiet, color, lenient, ...given } = options
    const idle = unfitting(ending, given)
    if (idle[0] && !lenient)
      throw new UsageError(
        `Cannot use --${idle[0].option} for a .${ending} file`,
        `It is for ${listed(idle[0].fitting.map((each) => `.${each}`))}`,
      )
    const choices = Object.fromEntries(
      Object.entries(given).filter(([name]) => !idle.some(({ option }) => option === name)),
    ) as typeof given
    assertCoherent(choices)
    await assertWritable(destination, endings[ending].text, terminal)
    const film = isFilm(ending, choices)
    const size = choices.size ?? (film ? 256 : 512)
    const chosen = { ...choices, ...(endings[ending].sized && { size }) } as Record<string, Json>
    const { make } = await import('../diorama/outputs.js')
    const request = { ...choices, size, seed, film, provenance: provenanceOf('diorama', seed, chosen, ending) }
    const { bytes, about } = await make(ending, request, terminal)
    await write(bytes, destination, terminal, session)
    if (terminal.json && path !== undefined)
      terminal.stdout.write(`${JSON.stringify({ file: path, bytes: bytes.length, seed, about, options: chosen })}\n`)
    remark(terminal, `${path ?? 'standard output'}: seed ${seed}, ${about}, ${bytes.length.toLocaleString('en')} bytes`)
  })
}

function assertCoherent({ rate, frames, sheet, columns }: Choices): void {
  if (rate !== undefined && frames !== undefined)
    throw new UsageError('Cannot use --rate and --frames together', 'With --frames the rate follows from the length')
  if (columns !== undefined && sheet === undefined)
    throw new UsageError('Cannot use --columns without --sheet', 'Say how many scenes: --sheet 24')
}
