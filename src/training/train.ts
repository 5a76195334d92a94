import {
  array,
  type CompileOptions,
  type Concrete,
  constant,
  GeneraError,
  scalar,
  stateful,
  type Tensor,
  valueAndGrad,
} from '../graph/index.js'
import { given, type Parameters, type Scope } from '../nn/index.js'
import { exists } from '../weights/index.js'
import { loadTraining, saveTraining, type TrainingState } from './checkpoint.js'
import { countsOf, type Joined, joinedFor, joinState, partState, partTensors } from './joined.js'
import { clipByGlobalNorm, emaUpdate, globalNorm, mapParameters, type Optimiser } from './optimisers.js'
import type { Schedule } from './schedules.js'

/** How a model is trained: data, not code that loops. Everything that varies with the step is a function of the step, so a run resumes exactly. */
export interface Recipe<Batch> {
  /** Names the run in its checkpoint, so that another recipe cannot go on from it by mistake. */
  readonly name: string
  /** The loss of a batch, alone or with further numbers to report. */
  readonly loss: (scope: Scope, batch: Batch) => Tensor | { readonly loss: Tensor; readonly metrics: Readonly<Record<string, Tensor>> }
  /** The first parameters, for example from `initialise()`. */
  readonly parameters: Parameters
  /** The batch of a step, counted from 0. With accumulation it is called once per part: `part` counts from 0. */
  readonly batch: (step: number, part: number) => Concrete<Batch> | Promise<Concrete<Batch>>
  readonly optimiser: Optimiser
  readonly schedule: Schedule
  readonly steps: number
  /** Limit on the global norm of the gradients. */
  readonly clip?: number
  /** Batches whose gradients are averaged before each step. */
  readonly accumulate?: number
  /** Decay of the moving average of the parameters, for example 0.999. */
  readonly average?: number
  /** Where and how often to save; the run goes on from the file if it is there. */
  readonly checkpoint?: { readonly path: string; readonly every: number }
  /** Early samples: what `draw` makes of the parameters at these steps comes back as an event. */
  readonly sample?: { readonly every: number; readonly draw: (parameters: Parameters, step: number) => unknown }
}

/** What whoever starts a training may set of its run. */
export interface RunOptions {
  readonly steps?: number
  /** Examples of a step. */
  readonly batch?: number
  readonly learningRate?: number
  readonly seed?: number
  /** Where the run is saved, and goes on from. */
  readonly checkpoint?: string
  readonly signal?: AbortSignal
}

export type TrainingEvent =
  | { readonly kind: 'start'; readonly step: number; readonly steps: number; readonly parameters: number; readonly resumed: boolean }
  | {
      readonly kind: 'step'
      /** Steps made so far. */
      readonly step: number
      readonly steps: number
      /** The mean over the parts, as are the metrics. */
      readonly loss: number
      readonly learningRate: number
      readonly gradientNorm: number
      readonly metrics: Readonly<Record<string, number>>
      readonly seconds: number
    }
  | { readonly kind: 'sample'; readonly step: number; readonly sample: unknown }
  | { readonly kind: 'checkpoint'; readonly step: number; readonly path: string }
  | { readonly kind: 'done'; readonly step: number; readonly parameters: Parameters; readonly average?: Parameters }

/** The loss or a gradient became NaN or infinite. The parameters of the last checkpoint are as they were. */
export class DivergedError extends GeneraError {
  override readonly name = 'DivergedError'
  constructor(
    readonly step: number,
    readonly loss: number,
    readonly gradientNorm: number,
    path: string | undefined,
  ) {
    super(
      'diverged',
      `Cannot go on training after step ${step}: the loss is ${loss} and the norm of the gradients is ${gradientNorm}`,
      `Lower the learning rate, clip the gradients, or look at the batch of step ${step}${path ? `; ${path} still holds the last good checkpoint` : ''}`,
    )
  }
}

type Mode = 'accumulate' | 'step'

interface Carried<T> extends TrainingState<T> {
  /** Gradients of the parts so far. */
  readonly gathered?: Parameters<T>
}

/**
 * Trains a model and reports as it goes. Forward pass, backward pass and optimiser run as one program whose state stays in the
 * runtime. Breaking out of the loop or aborting stops between two steps; an aborted run saves its checkpoint first.
 *
 *     for await (const event of train(recipe, { signal })) if (event.kind === 'step') console.log(event.loss)
 */
export async function* train<Batch>(
  recipe: Recipe<Batch>,
  { signal, ...options }: CompileOptions & { readonly signal?: AbortSignal } = {},
): AsyncGenerator<TrainingEvent, void, undefined> {
  const { parameters, optimiser, steps, checkpoint, sample, accumulate = 1 } = recipe
  const fresh: TrainingState = {
    parameters,
    optimiser: optimiser.init(parameters),
    ...(recipe.average !== undefined && { average: parameters }),
  }
  const resumed = checkpoint && (await exists(checkpoint.path)) ? await loadTraining(checkpoint.path, fresh, recipe.name) : undefined
  const { state, step: first } = resumed ?? { state: fresh, step: 0 }
  const joined = joinedFor(parameters, optimiser)
  const carried = joinState(withGathered(state, accumulate), joined)
  const program = stateful(stepProgram(recipe, joined), carried as Concrete<Carried<Tensor>>, options)
  const read = async (): Promise<TrainingState> => partState((await program.read()) as unknown as TrainingState, joined)
  const save = async (step: number): Promise<TrainingEvent> => {
    const { path } = checkpoint as { path: string }
    await saveTraining(path, await read(), { step, run: recipe.name })
    return { kind: 'checkpoint', step, path }
  }
  try {
    yield { kind: 'start', step: first, steps, parameters: countOf(parameters), resumed: resumed !== undefined }
    for (let step = first; step < steps; step++) {
      if (signal?.aborted) {
        if (checkpoint && step > first) yield await save(step)
        throw signal.reason
      }
      const began = performance.now()
      const learningRate = recipe.schedule(step)
      const rate = scalar(learningRate)
      let lossValue = 0
      let gradientNorm = 0
      let numbers: Record<string, number> = {}
      for (let part = 0; part < accumulate; part++) {
        const mode = part < accumulate - 1 ? 'accumulate' : 'step'
        const { loss, norm, metrics } = await program.run(mode, await recipe.batch(step, part), rate)
        lossValue += loss.item() / accumulate
        gradientNorm = norm.item()
        numbers = Object.fromEntries(
          Object.entries(metrics as Parameters).map(([name, value]) => [name, (numbers[name] ?? 0) + value.item() / accumulate]),
        )
      }
      if (!Number.isFinite(lossValue) || !Number.isFinite(gradientNorm))
        throw new DivergedError(step, lossValue, gradientNorm, checkpoint?.path)
      const done = step + 1
      yield {
        kind: 'step',
        step: done,
        steps,
        loss: lossValue,
        learningRate,
        gradientNorm,
        metrics: numbers,
        seconds: (performance.now() - began) / 1000,
      }
      if (sample && (done % sample.every === 0 || done === steps)) {
        const now = await read()
        yield { kind: 'sample', step: done, sample: await sample.draw(now.average ?? now.parameters, done) }
      }
      if (checkpoint && (done % checkpoint.every === 0 || done === steps)) yield await save(done)
    }
    const end = await read()
    yield { kind: 'done', step: steps, parameters: end.parameters, ...(end.average && { average: end.average }) }
  } finally {
    await program.dispose()
  }
}

const countOf = (parameters: Parameters): number => Object.values(parameters).reduce((total, { length }) => total + length, 0)

const withGathered = (state: TrainingState, accumulate: number): TrainingState & { gathered?: Parameters } =>
  accumulate === 1
    ? state
    : {
        ...state,
        gathered: Object.fromEntries(
          Object.entries(state.parameters).map(([name, { shape }]) => [
            name,
            array(new Float32Array(shape.reduce((a, b) => a * b, 1)), { shape }),
          ]),
        ),
      }

/** One program per mode: gathering leaves everything but the sums as it is, stepping uses them up. */
function stepProgram<Batch>({ loss, optimiser, clip, accumulate = 1, average }: Recipe<Batch>, joined: Joined) {
  const counts = countsOf(joined)
  return (state: Carried<Tensor>, mode: Mode, batch: Batch, learningRate: Tensor) => {
    let metrics: Readonly<Record<string, Tensor>> = {}
    const { value, gradients } = valueAndGrad((parameters: Parameters<Tensor>) => {
      const result = loss(given(partTensors(parameters, joined)), batch)
      if ('loss' in result) metrics = result.metrics
      return 'loss' in result ? result.loss : result
    })(state.parameters)
    const sums = state.gathered ? mapParameters(gradients, (gradient, name) => gradient.add(state.gathered?.[name] as Tensor)) : gradients
    if (mode === 'accumulate')
      return [
        { ...state, gathered: sums },
        { loss: value, norm: constant(scalar(0)), metrics },
      ] as const
    const mean = accumulate === 1 ? sums : mapParameters(sums, (sum) => sum.mul(1 / accumulate))
    const { gradients: limited, norm } = clip === undefined ? { gradients: mean, norm: globalNorm(mean) } : clipByGlobalNorm(mean, clip)
    const next = optimiser.update(state.parameters, limited, state.optimiser, learningRate, counts)
    const carried: Carried<Tensor> = {
      parameters: next.parameters,
      optimiser: next.state,
      ...(state.average && { average: emaUpdate(state.average, next.parameters, average as number) }),
      ...(state.gathered && { gathered: mapParameters(state.gathered, (sum) => sum.mul(0)) }),
    }
    return [carried, { loss: value, norm, metrics }] as const
  }
}
