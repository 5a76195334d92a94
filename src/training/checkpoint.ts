import { GeneraError, type NDArray } from '../graph/index.js'
import type { Parameters } from '../nn/index.js'
import { openCheckpoint, writeSafetensors } from '../weights/index.js'
import type { OptimiserState } from './optimisers.js'

/** All that a run needs to go on: what the program carries, and how many steps it has made. */
export interface TrainingState<T = NDArray> {
  readonly parameters: Parameters<T>
  readonly optimiser: OptimiserState<T>
  /** The moving average of the parameters, if the recipe asks for one. */
  readonly average?: Parameters<T>
}

const format = 'genera-training-1'

/** The file holds `parameters.<name>`, `average.<name>`, `optimiser.step` and `optimiser.<slot>.<name>`; it replaces an older one in one step. */
export async function saveTraining(
  path: string,
  { parameters, optimiser, average = {} }: TrainingState,
  about: { readonly step: number; readonly run: string },
): Promise<void> {
  const group = (prefix: string, arrays: Parameters): [string, NDArray][] =>
    Object.entries(arrays).map(([name, value]) => [`${prefix}.${name}`, value])
  const entries = [
    ...group('parameters', parameters),
    ...group('average', average),
    ['optimiser.step', optimiser.step] as [string, NDArray],
    ...Object.entries(optimiser.slots).flatMap(([slot, arrays]) => group(`optimiser.${slot}`, arrays)),
  ]
  await writeSafetensors(path, entries, { metadata: { format, step: String(about.step), run: about.run } })
}

/** Reads what `saveTraining` wrote. `run` must be the one that was saved: another recipe's state is refused. */
export async function loadTraining(path: string, like: TrainingState, run: string): Promise<{ state: TrainingState; step: number }> {
  const file = await openCheckpoint(path)
  const fail = (problem: string, hint: string): never => {
    throw new GeneraError('resume', `Cannot resume from ${path}: ${problem}`, hint)
  }
  if (file.metadata.get('format') !== format)
    fail('it is not a training checkpoint', 'Start from its weights instead: pass them as the parameters')
  if (file.metadata.get('run') !== run)
    fail(
      `it belongs to the run "${file.metadata.get('run')}", this one is "${run}"`,
      'Use another checkpoint file, or delete this one to start over',
    )
  const read = async (name: string, { shape }: NDArray): Promise<NDArray> => {
    if (!file.has(name)) return fail(`it lacks "${name}"`, 'The model has changed since; delete the file to start over')
    const array = await file.read(name)
    if (array.shape.join() !== shape.join())
      fail(
        `"${name}" is [${array.shape.join(', ')}] there and [${shape.join(', ')}] here`,
        'The model has changed since; delete the file to start over',
      )
    return array
  }
  const group = async (prefix: string, arrays: Parameters): Promise<Parameters> =>
    Object.fromEntries(
      await Promise.all(Object.entries(arrays).map(async ([name, value]) => [name, await read(`${prefix}.${name}`, value)])),
    )
  const slots = Object.entries(like.optimiser.slots).map(
    async ([slot, arrays]) => [slot, await group(`optimiser.${slot}`, arrays)] as const,
  )
  const state: TrainingState = {
    parameters: await group('parameters', like.parameters),
    optimiser: { step: await read('optimiser.step', like.optimiser.step), slots: Object.fromEntries(await Promise.all(slots)) },
    ...(like.average && { average: await group('average', like.average) }),
  }
  return { state, step: Number(file.metadata.get('step')) }
}
