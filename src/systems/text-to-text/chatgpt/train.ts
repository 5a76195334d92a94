import { files } from '#files'
import { fineTune } from '../../../backbones/language/fine-tune.js'
import type { StageRuns } from '../../../contract/index.js'
import { GeneraError } from '../../../graph/index.js'
import type { Json } from '../../../media/provenance.js'
import { jsonLines } from '../../../media/tables.js'
import { exists } from '../../../weights/index.js'
import { baseFolder, worldTexts } from './base.js'
import type { StageName } from './stages.js'

/** Documents of the text world: about nine million tokens. */
const documents = 80_000
/** Of them, those that the tokenizer is learnt from. */
const spelled = 4000
const seed = 7
const textsFile = 'texts.jsonl'

/** What the stages of `stages.ts` do. The output folder is a model's own: what they write there is ready to be opened. */
export const runs: StageRuns<StageName> = {
  async *tokenizer({ output, data, from }) {
    if (from !== undefined) {
      yield { kind: 'done', files: [] } // a model to start from brings its own, which the last stage copies
      return
    }
    const texts = data === undefined ? worldTexts(spelled, seed) : await stringsOf(data)
    yield { kind: 'done', files: await write(output, baseFolder(texts)) }
  },
  async *base({ output, data, from, steps = 2700, signal, ...options }) {
    const model = from ?? output
    if (!(await exists(files.within(model, 'tokenizer.json'))))
      throw new GeneraError(
        'CheckpointMissing',
        `Cannot train the decoder: expected a tokenizer.json in ${model}, found none`,
        from === undefined
          ? `Let the stage before make one: genera train chatgpt tokenizer -o ${output}`
          : 'Pass a folder in the layout of the transformers library',
      )
    const run = fineTune({
      ...{ model, data: data ?? (await keptTexts(output)), output, fresh: from === undefined },
      ...{ steps, batch: 12, learningRate: options.learningRate ?? (from === undefined ? 4e-3 : 2e-4), seed: options.seed ?? seed },
      ...(signal && { signal }),
    })
    for await (const event of run) if (event.kind !== 'data') yield event
  },
}

/** The documents of the world take minutes to write, so they stay beside the run. */
async function keptTexts(output: string): Promise<string> {
  const path = files.within(output, textsFile)
  if (!(await exists(path))) {
    let lines = ''
    for (const text of worldTexts(documents, seed)) lines += `${JSON.stringify({ text })}\n`
    await write(output, { [textsFile]: lines })
  }
  return path
}

/** Every string of a user's records, the roles of dialogues among them. */
async function stringsOf(data: string): Promise<string[]> {
  const found: string[] = []
  for await (const record of await jsonLines(data)) found.push(...strings(record))
  return found
}

function* strings(value: Json): Generator<string> {
  if (typeof value === 'string') yield value
  else if (typeof value === 'object' && value !== null) for (const each of Object.values(value)) yield* strings(each as Json)
}

async function write(folder: string, contents: Readonly<Record<string, string>>): Promise<string[]> {
  const written = Object.entries(contents).map(([name, text]) => ({
    location: files.within(folder, name),
    chunks: [new TextEncoder().encode(text)],
  }))
  await files.write(written)
  return written.map(({ location }) => location)
}
