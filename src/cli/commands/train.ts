import { join } from 'node:path'
import type { Preparation, StageEvent, System, TrainingStage } from '../../contract/index.js'
import { type AddCommand, type Session, systemsOf, withCommonOptions, withExamples } from '../command.js'
import { bold, duration, paint, rate, remark, type Terminal, type TerminalOptions, terminalOf } from '../terminal.js'
import { positiveNumber, UsageError, wholeNumber } from '../usage-error.js'

interface Options extends TerminalOptions {
  readonly data?: string
  readonly from?: string
  readonly output?: string
  readonly steps?: number
  readonly rate?: number
  readonly seed?: number
}

export const addTrain: AddCommand = (program, session) => {
  const command = program
    .command('train')
    .summary('train a system, or one stage of it')
    .description(
      'Trains all stages of a system, or the one that is named. Runs go on where they stopped: Ctrl-C saves first, and the same command line goes on.',
    )
    .argument('<system>', 'its id or its name')
    .argument('[stage]', 'one of its stages: genera show SYSTEM lists them')
    .option('--data <path>', 'your own: a folder of pictures with their captions, or texts as JSON Lines')
    .option('--from <checkpoint>', 'start from these weights, in place of chance')
    .option('-o, --output <folder>', 'where to keep runs and results (default: out/SYSTEM)')
    .option('--steps <number>', "in place of the stage's own number", wholeNumber('--steps', 1, 1e9))
    .option('--rate <number>', "the learning rate at its highest, in place of the stage's own", positiveNumber('--rate', 1))
    .option('--seed <number>', 'what chance begins with', wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER))
  withExamples(
    command,
    'genera train stable-diffusion',
    'genera train stable-diffusion autoencoder --steps 2000',
    'genera train stable-diffusion --data my-pictures -o my-model',
    'genera train stable-diffusion unet --from my-model/stable-diffusion.safetensors',
    'genera train stable-diffusion lora --from stable-diffusion-v1-5/stable-diffusion-v1-5 --data my-pictures -o my-style',
  )
  withCommonOptions(command).action(async (asked: string, named: string | undefined, options: Options) => {
    const terminal = terminalOf(options, session)
    const { findSystem } = await import('../../taxonomy/index.js')
    const system = await findSystem(asked, await systemsOf(session))
    const stages = named === undefined ? system.train.filter(({ alone }) => !alone) : [await stageOf(system, named)]
    if (stages.length === 0) throw new UsageError(`Cannot train ${system.id}: it has nothing to train`)
    const output = options.output ?? join('out', system.id)
    await assertFolders(options.data, output)
    // An interrupted stage saves its run before it ends, and the process waits for that.
    await session.protect(trained(stages, { ...options, output }, terminal, session))
  })
}

async function stageOf(system: System, named: string): Promise<TrainingStage> {
  const { listed, suggestion } = await import('../../contract/words.js')
  const names = system.train.map(({ name }) => name)
  const stage = system.train.find(({ name }) => name === named)
  if (stage) return stage
  const known = names.length > 0 ? `it has ${listed(names, 'and')}` : 'it has nothing to train'
  throw new UsageError(`Cannot train the stage "${named}" of ${system.id}: ${known}`, suggestion(named, names))
}

async function assertFolders(data: string | undefined, output: string): Promise<void> {
  const [{ files }, { mkdir }, { GeneraError }] = await Promise.all([
    import('#files'),
    import('node:fs/promises'),
    import('../../graph/errors.js'),
  ])
  if (data !== undefined && !(await files.list(data)))
    throw new GeneraError('data', `Cannot train on ${data}: expected a folder, found a file`)
  await mkdir(output, { recursive: true }).catch((cause: Error) => {
    throw new GeneraError('output', `Cannot make the folder ${output}: ${cause.message}`, 'Choose another one with --output', { cause })
  })
}

async function trained(
  stages: readonly TrainingStage[],
  { data, from, output, steps, rate, seed }: Options & { readonly output: string },
  terminal: Terminal,
  { signal }: Session,
): Promise<void> {
  const asked = {
    output,
    ...(data !== undefined && { data }),
    ...(from !== undefined && { from }),
    ...(steps !== undefined && { steps }),
    ...(rate !== undefined && { learningRate: rate }),
    ...(seed !== undefined && { seed }),
  }
  for (const stage of stages) {
    signal.throwIfAborted()
    if (!terminal.json)
      remark(terminal, `${bold({ ...terminal, colour: terminal.animated && terminal.colour }, stage.name)}: ${stage.summary}`)
    const shown = stageLines(stage.name, output, terminal)
    try {
      for await (const event of stage.run({ ...asked, signal, onPreparation: shown.prepare })) await shown.show(event)
    } finally {
      shown.end()
    }
  }
}

/** How many seconds pass between two lines where nothing can be painted over. */
const pause = 10

/** One line that is painted over on a terminal; elsewhere a line from time to time, and with --json one object for each event. */
export function stageLines(stage: string, output: string, terminal: Terminal) {
  let [losses, steps, seconds, printed] = [0, 0, 0, Number.NEGATIVE_INFINITY]
  const say = (line: string) => {
    if (terminal.animated) paint(terminal, '')
    remark(terminal, `  ${line}`)
  }
  function step(event: StageEvent & { kind: 'step' }): void {
    losses += event.loss
    steps++
    seconds += event.seconds
    const { step, steps: total } = event
    const mean = losses / steps
    const pace = steps / seconds
    const line = `step ${step}/${total}  loss ${mean.toPrecision(4)}  ${rate(pace)}  ${duration((total - step) / pace)} left`
    if (!shows(line, step === total)) return
    ;[losses, steps, seconds] = [0, 0, 0] // the next line tells of what came after this one
  }
  /** Whether the line was shown: there are more of them than anybody reads. */
  function shows(line: string, last: boolean): boolean {
    const now = performance.now() / 1000
    if (now - printed < (terminal.animated ? 0.2 : pause) && !last) return false
    printed = now
    if (terminal.animated && !last) paint(terminal, `  ${line}`)
    else say(line)
    return true
  }
  return {
    prepare(preparation: Preparation): void {
      const { what, done, total } = preparation
      if (terminal.json) terminal.stdout.write(`${JSON.stringify({ stage, kind: 'preparation', ...preparation })}\n`)
      else shows(`${what}  ${done.toLocaleString('en')}/${total.toLocaleString('en')}`, done === total)
    },
    async show(event: StageEvent): Promise<void> {
      if (event.kind === 'sample') {
        for (const path of await samplesOf(event.sample, join(output, 'samples', `${stage}-${event.step}`)))
          if (terminal.json) terminal.stdout.write(`${JSON.stringify({ stage, kind: 'sample', step: event.step, file: path })}\n`)
          else say(`sample ${path}`)
        return
      }
      if (terminal.json) terminal.stdout.write(`${JSON.stringify({ stage, ...event })}\n`)
      else if (event.kind === 'step') step(event)
      else if (event.kind === 'start') {
        printed = Number.NEGATIVE_INFINITY
        say(
          `${event.parameters.toLocaleString('en')} parameters, ${event.steps.toLocaleString('en')} steps${event.resumed ? `, goes on after step ${event.step}` : ''}`,
        )
      } else if (event.kind === 'done') for (const file of event.files) say(`wrote ${file}`)
    },
    end() {
      if (terminal.animated) paint(terminal, '')
    },
  }
}

/** Early samples that are pictures become files; what else a stage draws is its own matter. */
async function samplesOf(sample: unknown, stem: string): Promise<string[]> {
  const { encodeValue, modalities } = await import('../../contract/index.js')
  const pictures = (Array.isArray(sample) ? sample : [sample]).filter(modalities.image.holds)
  if (pictures.length === 0) return []
  const [{ files }, { mkdir }, { dirname }] = await Promise.all([import('#files'), import('node:fs/promises'), import('node:path')])
  await mkdir(dirname(stem), { recursive: true })
  const contents = await Promise.all(
    pictures.map(async (picture, i) => ({
      location: `${stem}${pictures.length > 1 ? `-${i + 1}` : ''}.png`,
      chunks: [await encodeValue('image', picture, 'png')],
    })),
  )
  await files.write(contents)
  return contents.map(({ location }) => location)
}
