import { join } from 'node:path'
import { type AddCommand, withCommonOptions, withExamples } from '../command.js'
import { remark, type TerminalOptions, terminalOf } from '../terminal.js'
import { positiveNumber, wholeNumber } from '../usage-error.js'
import { stageLines } from './train.js'

interface Options extends TerminalOptions {
  readonly output: string
  readonly lora?: number
  readonly fresh?: boolean
  readonly steps?: number
  readonly batch?: number
  readonly width?: number
  readonly rate?: number
  readonly seed?: number
}

export const addTune: AddCommand = (program, session) => {
  const command = program
    .command('tune')
    .summary('teach a published language model your texts or dialogues')
    .description(
      'Trains a decoder on JSON Lines of {"text": "…"} or {"messages": [{"role": "user", "content": "…"}, …]}: every token of a text, the answers of a dialogue. With --lora only small matrices beside the frozen weights are trained; they are merged into the result, and written by themselves into its folder adapter. The run goes on where it stopped.',
    )
    .argument('<model>', 'a folder in the layout of the transformers library')
    .argument('<data>', 'JSON Lines')
    .requiredOption('-o, --output <folder>', 'where the new model goes')
    .option('--lora <rank>', 'train an adapter of this rank', wholeNumber('--lora', 1, 4096))
    .option('--fresh', "start from chance in place of the model's weights")
    .option('--steps <number>', 'in place of three rounds through the data', wholeNumber('--steps', 1, 1e9))
    .option('--batch <number>', 'rows of a step (default: 4)', wholeNumber('--batch', 1, 4096))
    .option('--width <tokens>', "tokens of a row (default: the model's context, at most 512)", wholeNumber('--width', 8, 1e6))
    .option('--rate <number>', 'the learning rate', positiveNumber('--rate', 1))
    .option('--seed <number>', 'what chance begins with', wholeNumber('--seed', 0, Number.MAX_SAFE_INTEGER))
  withExamples(command, 'genera tune SmolLM2-135M dialogues.jsonl -o mine --lora 8', 'genera chat --checkpoint mine')
  withCommonOptions(command).action(async (model: string, data: string, { output, lora, rate, ...options }: Options) => {
    const terminal = terminalOf(options, session)
    const [{ fineTune }, { mkdir }] = await Promise.all([import('../../backbones/language/fine-tune.js'), import('node:fs/promises')])
    const adapterOutput = join(output, 'adapter')
    await mkdir(lora === undefined ? output : adapterOutput, { recursive: true })
    const { fresh, steps, batch, width, seed } = options
    const run = fineTune({
      ...{ model, data, output, signal: session.signal },
      ...(lora !== undefined && { rank: lora, adapterOutput }),
      ...(fresh !== undefined && { fresh }),
      ...(steps !== undefined && { steps }),
      ...(batch !== undefined && { batch }),
      ...(width !== undefined && { width }),
      ...(rate !== undefined && { learningRate: rate }),
      ...(seed !== undefined && { seed }),
    })
    const shown = stageLines('tune', output, terminal)
    const tune = async (): Promise<void> => {
      for await (const event of run) {
        if (event.kind !== 'data') await shown.show(event)
        else if (terminal.json) terminal.stdout.write(`${JSON.stringify({ stage: 'tune', ...event })}\n`)
        else remark(terminal, `  ${event.texts} texts, ${event.tokens} tokens, ${event.learnt} of them learnt, in ${event.rows} rows`)
      }
    }
    try {
      await session.protect(tune())
    } finally {
      shown.end()
    }
  })
}
