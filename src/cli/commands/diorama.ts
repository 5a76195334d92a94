import { randomInt } from 'node:crypto'
import type { WorldName } from '../../diorama/records.js'
import { type Setting, type Style, settings, styles, type Time, times } from '../../diorama/scene.js'
import { diorama } from '../../diorama/worlds.js'
import type { Json } from '../../media/provenance.js'
import { type AddCommand, terminalOf, withCommonOptions } from '../command.js'
import { type OutputRequest, outputs, sentenceOf } from '../diorama/outputs.js'
import { provenanceOf, sceneOf } from '../diorama/request.js'
import { assertWritable, destinationOf, write } from '../output.js'
import { remark, type TerminalOptions } from '../terminal.js'
import { listed, oneOf, UsageError, wholeNumber } from '../usage-error.js'

interface Options extends TerminalOptions {
  readonly output: string
  readonly format?: string
  readonly seed?: number
  readonly world: WorldName
  readonly size: number
  readonly style?: Style
  readonly setting?: Setting
  readonly time?: Time
  readonly sheet?: number
  readonly columns?: number
  readonly quality?: number
}

const endings = Object.keys(outputs)
const worlds = Object.keys(diorama) as WorldName[]

export const addDiorama: AddCommand = (program, session) => {
  const command = program
    .command('diorama')
    .summary('make a scene of the procedural world in any modality')
    .description(
      'Makes a scene of the procedural world; the ending of the file says as what: a picture, a mesh, the truth as JSON, a caption.',
    )
    .option('-o, --output <file>', `where to: ${listed(endings.map((ending) => `.${ending}`))}; - for standard output`, 'diorama.png')
    .option('-f, --format <ending>', 'what to make, if the name of the file does not say it')
    .option(
      '--seed <number>',
      'the same seed gives the same bytes (default: a random one)',
      wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER),
    )
    .option('--size <pixels>', 'width and height of a picture', wholeNumber('--size', 8, 4096), 512)
    .option('--world <name>', listed(worlds), oneOf('--world', worlds), 'full')
    .option('--style <name>', listed(styles), oneOf('--style', styles))
    .option('--setting <name>', listed(settings), oneOf('--setting', settings))
    .option('--time <name>', listed(times), oneOf('--time', times))
    .option('--sheet <count>', 'a contact sheet: the scenes of so many seeds from --seed on', wholeNumber('--sheet', 1, 1024))
    .option('--columns <count>', 'of the sheet', wholeNumber('--columns', 1, 1024))
    .option('--quality <number>', 'of lossy formats, 1 to 100', wholeNumber('--quality', 1, 100))
    .addHelpText('after', `\n${examples}`)
  withCommonOptions(command).action(async (options: Options) => {
    const terminal = terminalOf(options, session)
    const destination = destinationOf(options.output, options.format, endings)
    const output = outputs[destination.ending] as (typeof outputs)[string]
    assertWritable(destination, output.text)
    if (options.sheet !== undefined && !output.picture)
      throw new UsageError(`Cannot make a contact sheet as .${destination.ending}`, 'End the file in .png, .jpg or .webp')
    if (options.columns !== undefined && options.sheet === undefined)
      throw new UsageError('Cannot use --columns without --sheet', 'Say how many scenes: --sheet 24')
    const seed = options.seed ?? randomInt(2 ** 31)
    const { world, size, style, setting, time, sheet, columns, quality } = options
    const chosen = Object.fromEntries(
      Object.entries({ world, size, style, setting, time, sheet, columns, quality }).filter(([, value]) => value !== undefined),
    ) as Record<string, Json>
    const request: OutputRequest = { ...options, seed, provenance: provenanceOf(seed, chosen, destination.ending) }
    const bytes = await output.make(request, terminal)
    await write(bytes, destination, terminal, session)
    const caption = sheet === undefined ? sentenceOf(sceneOf(request), seed) : undefined
    if (terminal.json && destination.path !== undefined)
      terminal.stdout.write(
        `${JSON.stringify({ file: destination.path, bytes: bytes.length, seed, ...(caption && { caption }), options: chosen })}\n`,
      )
    remark(
      terminal,
      `${destination.path ?? 'standard output'}: seed ${seed}, ${caption ? `"${caption}"` : `${sheet} scenes`}, ${bytes.length.toLocaleString('en')} bytes`,
    )
  })
}

const examples = `Examples:
  genera diorama --seed 7 --size 512 -o scene.png
  genera diorama --seed 7 --style oil --setting beach --time sunset -o beach.jpg
  genera diorama --seed 7 -o scene.glb
  genera diorama --sheet 24 --columns 6 --size 256 -o sheet.png
  genera diorama --seed 7 -f json -o - | jq .relations`
