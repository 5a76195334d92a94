import { GeneraError, type NDArray } from '../graph/index.js'
import type { Parameters } from '../nn/index.js'
import { type Checkpoint, openCheckpoint, writeSafetensors } from '../weights/index.js'
import type { OptimiserState } from './optimisers.js'

/** All that a run needs to go on: what the program carries, and how many steps it has made. */
export interface TrainingState<T = NDArray> {
  readonly parameters: Parameters<T>
  readonly optimiser: OptimiserState<T>
  /** The moving average of the parameters, if the recipe asks for one. */
  readonly average?: Parameters<T>
}

const format = 'genera-training-1'

/** Every array of a state under its name in the file. */
function namedArrays({ parameters, optimiser, average = {} }: TrainingState): Map<string, NDArray> {
  const below = (prefix: string, arrays: Parameters): [string, NDArray][] =>
    Object.entries(arrays).map(([name, value]) => [`${prefix}.${name}`, value])
  return new Map([
    ...below('parameters', parameters),
    ...below('average', average),
    ['optimiser.step', optimiser.step],
    ...Object.entries(optimiser.slots).flatMap(([slot, arrays]) => below(`optimiser.${slot}`, arrays)),
  ])
}

/** The file holds `parameters.<name>`, `average.<name>`, `optimiser.step` and `optimiser.<slot>.<name>`; it replaces an older one in one step. */
export async function saveTraining(
  path: string,
  state: TrainingState,
  about: { readonly step: number; readonly run: string },
): Promise<void> {
  await writeSafetensors(path, namedArrays(state), { metadata: { format, step: String(about.step), run: about.run } })
}

/** Reads what `saveTraining` wrote. `run` must be the one that was saved, and every array must fit: another recipe's state is refused. */
export async function loadTraining(path: string, like: TrainingState, run: string): Promise<{ state: TrainingState; step: number }> {
  const file = await openCheckpoint(path)
  const wanted = namedArrays(like)
  const problem = mismatch(file, wanted, run)
  if (problem) throw new GeneraError('resume', `Cannot resume from ${path}: ${problem[0]}`, problem[1])
  const arrays = new Map(await Promise.all([...wanted.keys()].map(async (name) => [name, await file.read(name)] as const)))
  const below = (prefix: string, group: Parameters): Parameters =>
    Object.fromEntries(Object.keys(group).map((name) => [name, arrays.get(`${prefix}.${name}`) as NDArray]))
  const state: TrainingState = {
    parameters: below('parameters', like.parameters),
    optimiser: {
      step: arrays.get('optimiser.step') as NDArray,
      slots: Object.fromEntries(Object.entries(like.optimiser.slots).map(([slot, group]) => [slot, below(`optimiser.${slot}`, group)])),
    },
    ...(like.average && { average: below('average', like.average) }),
  }
  return { state, step: Number(file.metadata.get('step')) }
}

/** What is wrong with the file, and what to try; nothing has been read yet. */
function mismatch(
  file: Checkpoint,
  wanted: ReadonlyMap<string, NDArray>,
  run: string,
): readonly [problem: string, hint: string] | undefined {
  if (file.metadata.get('format') !== format)
    return ['it is not a training checkpoint', 'Start from its weights instead: pass them as the parameters']
  const saved = file.metadata.get('run')
  if (saved !== run)
    return [`it belongs to the run "${saved}", this one is "${run}"`, 'Use another checkpoint file, or delete this one to start over']
  const changed = 'The model or the recipe has changed since; delete the file to start over'
  for (const [name, { dtype, shape }] of wanted) {
    if (!file.has(name)) return [`it lacks "${name}"`, changed]
    const found = file.info(name)
    if (found.shape.join() !== shape.join() || found.dtype !== dtype)
      return [`"${name}" is ${found.dtype}[${found.shape.join(', ')}] there and ${dtype}[${shape.join(', ')}] here`, changed]
  }
  const unread = file.names.find((name) => !wanted.has(name))
  return unread ? [`it holds "${unread}", which this run has no use for`, changed] : undefined
}
