import { array, type NDArray, type Shape, type Tensor } from '../graph/index.js'
import type { Parameters } from '../nn/index.js'
import type { TrainingState } from './checkpoint.js'
import type { Optimiser } from './optimisers.js'

/** A parameter inside a joined array. */
interface Member {
  readonly name: string
  readonly shape: readonly number[]
}

/**
 * Which parameters are trained as one array, by the name of the first; the others stand alone. They lie one behind the other along the
 * first axis.
 *
 * A small network has hundreds of parameters, and each costs an optimiser some twenty operations, whose fixed cost is far above that of
 * their arithmetic. Joined, they cost that once: a step of a U-Net with 225 parameters of 3 million numbers has half as many operations.
 */
export type Joined = ReadonlyMap<string, readonly Member[]>

/** From here on the arithmetic outweighs the fixed cost, and parting the array for the network outweighs both. */
const largestToJoin = 2 ** 17

/** Joins what the optimiser treats alike: vectors of any length, and larger arrays of one shape. */
export function joinedFor(parameters: Parameters, { kind }: Pick<Optimiser, 'kind'>): Joined {
  const groups = new Map<string, Member[]>()
  for (const [name, { shape, length }] of Object.entries(parameters)) {
    const joins = kind && shape.length > 0 && length <= largestToJoin
    const group = joins ? `${kind(name, shape)} ${shape.length === 1 ? 'vector' : shape.join()}` : `alone ${name}`
    groups.set(group, [...(groups.get(group) ?? []), { name, shape }])
  }
  return new Map([...groups.values()].flatMap((members) => (members.length > 1 ? [[(members[0] as Member).name, members]] : [])))
}

/** How many parameters are in each joined array. */
export const countsOf = (joined: Joined): ReadonlyMap<string, number> =>
  new Map([...joined].map(([name, members]) => [name, members.length]))

/** The state with joined arrays, as a step reads and writes it. */
export const joinState = <T extends TrainingState>(state: T, joined: Joined): T => mapState(state, (arrays) => joinArrays(arrays, joined))

/** The state by parameter, as it is saved. */
export const partState = <T extends TrainingState>(state: T, joined: Joined): T =>
  mapState(state, (arrays) => parted(arrays, joined, partArray))

/** The parameters by their names, for the network. */
export const partTensors = (parameters: Parameters<Tensor>, joined: Joined): Parameters<Tensor> =>
  parted(parameters, joined, (whole, members) =>
    whole.split(
      members.map(({ shape }) => shape[0] as number),
      0,
    ),
  )

function mapState<T extends TrainingState & { readonly gathered?: Parameters }>(state: T, change: (arrays: Parameters) => Parameters): T {
  const { parameters, optimiser, average, gathered } = state
  return {
    ...state,
    parameters: change(parameters),
    optimiser: {
      ...optimiser,
      slots: Object.fromEntries(Object.entries(optimiser.slots).map(([slot, arrays]) => [slot, change(arrays)])),
    },
    ...(average && { average: change(average) }),
    ...(gathered && { gathered: change(gathered) }),
  }
}

/** Not every slot of an optimiser has an array for every parameter, but for all of a joined array or none. */
function joinArrays(arrays: Parameters, joined: Joined): Parameters {
  const inside = new Set([...joined.values()].flat().map(({ name }) => name))
  const out: Record<string, NDArray> = {}
  for (const [name, value] of Object.entries(arrays)) {
    const members = joined.get(name)
    if (members) out[name] = joinArray(members.map((member) => arrays[member.name] as NDArray))
    else if (!inside.has(name)) out[name] = value
  }
  return out
}

function joinArray(parts: readonly NDArray[]): NDArray {
  const whole = new Float32Array(parts.reduce((sum, { length }) => sum + length, 0))
  let at = 0
  for (const { data, length } of parts) {
    whole.set(data as Float32Array, at)
    at += length
  }
  const [, ...rest] = (parts[0] as NDArray).shape
  return array(whole, { shape: [parts.reduce((sum, { shape }) => sum + (shape[0] as number), 0), ...rest] })
}

function partArray(whole: NDArray, members: readonly Member[]): NDArray[] {
  let at = 0
  return members.map(({ shape }) => {
    const length = shape.reduce((a, b) => a * b, 1)
    at += length
    return array((whole.data as Float32Array).subarray(at - length, at), { shape })
  })
}

function parted<T extends { readonly shape: Shape }>(
  arrays: Parameters<T>,
  joined: Joined,
  part: (whole: T, members: readonly Member[]) => readonly T[],
): Parameters<T> {
  const entries = Object.entries(arrays).flatMap(([name, value]) => {
    const members = joined.get(name)
    return members ? part(value, members).map((one, i) => [(members[i] as Member).name, one] as const) : [[name, value] as const]
  })
  return Object.fromEntries(entries)
}
