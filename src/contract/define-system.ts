import type { z } from 'zod'
import { type Device, GeneraError, type Runtime, sharedRuntime } from '../graph/index.js'
import { type HubPlan, openHub } from '../weights/index.js'
import { type CheckpointChoice, chooseCheckpoint } from './checkpoint-choice.js'
import type { GenerateOptions, Generator, System, SystemDeclaration } from './declaration.js'
import type { EvaluationEvent, EvaluatorEvent, GenerationEvent, GeneratorEvent, ProgressEvent, Report, Result } from './events.js'
import { fieldsOf, type JsonSchema, jsonSchemaOf, parseInput } from './fields.js'
import { checkpointToFetch } from './hub-checkpoint.js'
import { LoadedCache } from './loaded.js'
import { provenanceOf } from './provenance-of.js'
import { seedsOf } from './seeds.js'

/**
 * A system of the survey as one value, from which the library's types, the flags, the routes and the forms are derived.
 *
 *     export const muse = defineSystem({ card: cards.muse, input: z.object({ prompt: text(), … }), output: image(), … })
 */
export function defineSystem<Input extends z.ZodObject, Output extends z.ZodType>(
  declaration: SystemDeclaration<Input, Output>,
): System<Input, Output> {
  type In = z.output<Input>
  type Out = z.output<Output>
  const { card, input: schema, output, checkpoints } = declaration
  const { id } = card
  const cache = new LoadedCache<Runtime, Loaded<In, Out>>(({ generator }) => generator.dispose?.())

  async function* generate(given: z.input<Input>, options: GenerateOptions = {}): AsyncGenerator<GenerationEvent<Out>, void> {
    const signal = options.signal ?? new AbortController().signal
    signal.throwIfAborted()
    const input = parseInput(id, schema, given)
    const seeds = seedsOf(id, schema, input)
    const remote = await checkpointToFetch(options.checkpoint, { signal })
    const present = remote ? undefined : await chooseCheckpoint(id, checkpoints, options.checkpoint)
    const fetching = remote ? [{ stage: 'fetch', total: remote.missing }] : []
    yield {
      kind: 'plan',
      stages: [...fetching, { stage: 'load', total: 1 }, ...declaration.plan(input, seeds)],
      bytes: remote?.missing ?? 0,
    }
    if (remote) yield* fetched(remote, signal)
    const checkpoint = present ?? (await chooseCheckpoint(id, checkpoints, options.checkpoint))
    const runtime = await until(signal, runtimeOf(options.runtime))
    const use = cache.take(runtime, checkpoint.location, async () => {
      const generator = await declaration.load(checkpoint, runtime)
      return { generator, sha256: checkpoint.sha256() }
    })
    try {
      const { generator, sha256 } = await until(signal, use.value)
      sha256.catch(() => {}) // it is waited for with the results; until then it must not count as unhandled
      yield { kind: 'progress', stage: 'load', done: 1, total: 1 }
      for await (const event of generator(input, { signal, seeds })) {
        signal.throwIfAborted()
        yield event.kind === 'result' ? await finished(event, input, seeds, { name: checkpoint.name, sha256: await sha256 }) : event
      }
    } catch (error) {
      signal.throwIfAborted() // whatever it broke, the caller wanted an end
      throw error
    } finally {
      await use.release()
    }
  }

  async function finished(
    { results }: GeneratorEvent<Out> & { kind: 'result' },
    input: In,
    seeds: readonly number[],
    checkpoint: { readonly name: string; readonly sha256: string | undefined },
  ): Promise<GenerationEvent<Out>> {
    if (results.length !== seeds.length) throw new SystemFaultError(id, `gave ${results.length} results for ${seeds.length} seeds`)
    const complete = results.map(async (made, i): Promise<Result<Out>> => {
      const seed = seeds[i] as number
      return { ...made, seed, provenance: await provenanceOf(id, input, seed, checkpoint) }
    })
    return { kind: 'result', results: (await Promise.all(complete)) as [Result<Out>, ...Result<Out>[]] }
  }

  async function make(input: z.input<Input>, options?: GenerateOptions) {
    for await (const event of generate(input, options)) if (event.kind === 'result') return event.results
    throw new SystemFaultError(id, 'ended without a result')
  }

  async function* evaluate(options: GenerateOptions & { readonly limit?: number } = {}): AsyncGenerator<EvaluationEvent, void> {
    if (!declaration.evaluate) throw new GeneraError('NothingToMeasure', `Cannot evaluate ${id}: it measures nothing yet`)
    const signal = options.signal ?? new AbortController().signal
    signal.throwIfAborted()
    const remote = await checkpointToFetch(options.checkpoint, { signal })
    if (remote) yield* fetched(remote, signal)
    const checkpoint = await chooseCheckpoint(id, checkpoints, options.checkpoint)
    const runtime = await until(signal, runtimeOf(options.runtime))
    const events = declaration.evaluate({
      make: (input) => make(input, { ...options, signal, runtime }),
      checkpoint,
      runtime,
      signal,
      ...(options.limit !== undefined && { limit: options.limit }),
    })
    try {
      for await (const event of events) {
        signal.throwIfAborted()
        yield event.kind === 'report' ? { kind: 'report', report: reportOf(id, checkpoint, event) } : event
      }
    } catch (error) {
      signal.throwIfAborted()
      throw error
    }
  }

  return {
    id,
    card,
    input: schema,
    output,
    checkpoints,
    fields: fieldsOf(schema),
    inputSchema: jsonSchemaOf(schema),
    outputs: outputsOf(jsonSchemaOf(output, 'output')),
    train: declaration.train ?? [],
    evaluates: declaration.evaluate !== undefined,
    generate,
    make,
    evaluate,
    measure: async (options) => {
      for await (const event of evaluate(options)) if (event.kind === 'report') return event.report
      throw new SystemFaultError(id, 'ended its evaluation without a report')
    },
    parameters: (checkpoint) => declaration.parameters?.(checkpoint) ?? {},
    dispose: () => cache.clear(),
  }
}

interface Loaded<In, Out> {
  readonly generator: Generator<In, Out>
  readonly sha256: Promise<string | undefined>
}

/** A repository of the hub on its way into the cache, in bytes. */
async function* fetched(plan: HubPlan, signal: AbortSignal): AsyncGenerator<ProgressEvent, void> {
  let most = -1 // a file that has to be fetched once more does not turn the bar back
  for await (const event of openHub().pull(plan, { signal })) {
    if (event.kind !== 'progress' || event.done <= most) continue
    most = event.done
    yield { kind: 'progress', stage: 'fetch', done: most, total: event.total }
  }
}

/** The author of a system broke the contract; nothing that a user did. */
export class SystemFaultError extends GeneraError {
  override readonly name = 'SystemFaultError'
  constructor(system: string, fault: string) {
    super('SystemFault', `Cannot go on with ${system}: it ${fault}`, 'This is a fault in genera: please report it')
  }
}

const runtimeOf = (given: Runtime | Device | 'auto' = 'auto'): Promise<Runtime> =>
  typeof given === 'string' ? sharedRuntime(given) : Promise.resolve(given)

/** The value, or the reason of the signal if that comes first; what was begun goes on for others. */
function until<Value>(signal: AbortSignal, work: Promise<Value>): Promise<Value> {
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    if (signal.aborted) abort()
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

function outputsOf({ modality, properties = {} }: JsonSchema): System['outputs'] {
  if (modality) return [{ name: 'value', modality }]
  return Object.entries(properties).flatMap(([name, part]) => (part.modality ? [{ name, modality: part.modality }] : []))
}

function reportOf(system: string, { name }: CheckpointChoice, { figures }: EvaluatorEvent & { kind: 'report' }): Report {
  const judged = figures.map((figure) => {
    const { value, threshold, better = 'higher' } = figure
    return threshold === undefined ? figure : { ...figure, passed: better === 'higher' ? value >= threshold : value <= threshold }
  })
  return { system, checkpoint: name, figures: judged }
}
