import { randomInt } from 'node:crypto'
import { Option } from 'commander'
import type { WorldName } from '../../diorama/records.js'
import { type Setting, type Style, settings, styles, type Time, times } from '../../diorama/scene.js'
import { diorama } from '../../diorama/worlds.js'
import type { Json } from '../../media/provenance.js'
import { type AddCommand, terminalOf, withCommonOptions } from '../command.js'
import { type Ending, endingNames, endings } from '../diorama/endings.js'
import { assertWritable, destinationOf, write } from '../output.js'
import { provenanceOf } from '../provenance.js'
import { remark, type TerminalOptions } from '../terminal.js'
import { listed, oneOf, positiveNumber, UsageError, wholeNumber } from '../usage-error.js'

/** What decides over the content, and so belongs into the provenance. */
interface Choices {
  readonly world: WorldName
  readonly size?: number
  readonly style?: Style
  readonly setting?: Setting
  readonly time?: Time
  readonly seconds?: number
  readonly frames?: number
  readonly rate?: number
  readonly sheet?: number
  readonly columns?: number
  readonly quality?: number
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
    .addHelpText('after', `\n${examples}`)
  withCommonOptions(command).action(async (options: Options) => {
    const terminal = terminalOf(options, session)
    const destination = destinationOf(options.output, options.format, endingNames)
    const { ending, path } = destination
    const { seed = randomInt(2 ** 31), output: _, format: __, json, quiet, color, lenient, ...given } = options
    const moving = isMoving(ending, given)
    const idle = unfitting(ending, given, moving)
    if (idle[0] && !lenient)
      throw new UsageError(
        `Cannot use --${idle[0].option} for a .${ending} file`,
        `It is for ${listed(idle[0].fitting.map((each) => `.${each}`))}`,
      )
    const choices = Object.fromEntries(
      Object.entries(given).filter(([name]) => !idle.some(({ option }) => option === name)),
    ) as typeof given
    assertCoherent(choices)
    await assertWritable(destination, endings[ending].text)
    const size = choices.size ?? (moving ? 256 : 512)
    const chosen = { ...choices, ...(sized.has(endings[ending].kind) && { size }) } as Record<string, Json>
    const { make } = await import('../diorama/outputs.js')
    const request = { ...choices, size, seed, moving, provenance: provenanceOf('diorama', seed, chosen, ending) }
    const { bytes, about } = await make(ending, request, terminal)
    await write(bytes, destination, terminal, session)
    if (terminal.json && path !== undefined)
      terminal.stdout.write(`${JSON.stringify({ file: path, bytes: bytes.length, seed, about, options: chosen })}\n`)
    remark(terminal, `${path ?? 'standard output'}: seed ${seed}, ${about}, ${bytes.length.toLocaleString('en')} bytes`)
  })
}

/** Kinds that have a width and a height. */
const sized: ReadonlySet<string> = new Set(['picture', 'picture or film', 'film', 'truth'])
const lossy: readonly Ending[] = ['jpg', 'jpeg', 'webp', 'mp4', 'webm']

function isMoving(ending: Ending, { seconds, rate, frames }: Choices): boolean {
  const { kind } = endings[ending]
  return kind === 'film' || (kind === 'picture or film' && (seconds ?? rate ?? frames) !== undefined)
}

/** Options that would have no effect on what is made, each with the endings that it is for. */
function unfitting(ending: Ending, choices: Choices, moving: boolean): { option: keyof Choices; fitting: readonly Ending[] }[] {
  const { kind } = endings[ending]
  const ofKind = (...kinds: string[]) => endingNames.filter((each) => kinds.includes(endings[each].kind))
  const films = ofKind('film', 'picture or film')
  const rules: readonly [option: keyof Choices, fits: boolean, fitting: readonly Ending[]][] = [
    ['size', sized.has(kind), ofKind(...sized)],
    ['seconds', moving || kind === 'sound', [...films, ...ofKind('sound')]],
    ['rate', moving, films],
    ['frames', moving, films],
    ['sheet', !moving && kind.startsWith('picture'), ofKind('picture', 'picture or film')],
    ['columns', !moving && kind.startsWith('picture'), ofKind('picture', 'picture or film')],
    ['quality', lossy.includes(ending), lossy],
  ]
  return rules.flatMap(([option, fits, fitting]) => (choices[option] === undefined || fits ? [] : [{ option, fitting }]))
}

function assertCoherent({ rate, frames, sheet, columns }: Choices): void {
  if (rate !== undefined && frames !== undefined)
    throw new UsageError('Cannot use --rate and --frames together', 'With --frames the rate follows from the length')
  if (columns !== undefined && sheet === undefined)
    throw new UsageError('Cannot use --columns without --sheet', 'Say how many scenes: --sheet 24')
}

const examples = `Examples:
  genera diorama --seed 7 --size 512 -o scene.png
  genera diorama --seed 7 --style oil --setting beach --time sunset -o beach.jpg
  genera diorama --seed 7 -o film.mp4
  genera diorama --seed 7 -o scene.glb
  genera diorama --sheet 24 --columns 6 --size 256 -o sheet.png
  genera diorama --seed 7 -f json -o - | jq .relations`
