import { formatShape } from '../../graph/errors.js'
import { CheckpointError, type CheckpointErrorCode, quoted } from '../checkpoint-error.js'
import { type StorageDType, storageFacts } from '../storage-dtype.js'
import { Call, Global, type PickleValue, Reference, Tuple } from './unpickler.js'
import { elementTypes, storages } from './welcome.js'

/** A tensor as PyTorch describes it: a view of a storage. */
export interface TorchTensor {
  readonly name: string
  readonly storage: StorageDType
  readonly shape: readonly number[]
  /** In elements, for each axis. */
  readonly strides: readonly number[]
  /** Of the storage. */
  readonly key: string
  /** Of the storage's own element type, in bytes. */
  readonly storedBytes: number
  /** Where the view begins in the storage, in bytes. */
  readonly offset: number
  /** From its first element to its last, in bytes. */
  readonly span: number
}

export interface TorchContent {
  readonly tensors: readonly TorchTensor[]
  /** Numbers and texts that stand beside the tensors, such as `global_step`. */
  readonly metadata: ReadonlyMap<string, string>
}

/** Dictionaries inside one another, such as `string_to_param` of an embedding. */
const deepest = 8
const mostAxes = 64
const longestText = 1000

/**
 * The tensors of an unpickled file, under the names that a safetensors file of the same content would have: keys joined by dots, where those of
 * a `state_dict` among other things stand for themselves.
 *
 * @throws CheckpointError for a description that cannot be
 */
export function tensorsOf(root: PickleValue, file: string): TorchContent {
  const tensors = new Map<string, TorchTensor>()
  const metadata = new Map<string, string>()
  // A dictionary counts once: it may lie in itself.
  const seen = new Set<PickleValue>()

  function visit(value: PickleValue, name: string, depth: number): void {
    const described = descriptionOf(value)
    if (described) {
      if (tensors.has(name)) throw problem('InvalidPickle', file, name)('each tensor once', 'two of this name')
      tensors.set(name, tensorOf(described, name, file))
      return
    }
    const entries = entriesOf(value)
    if (!entries || seen.has(entries as never) || depth > deepest) return
    seen.add(entries as never)
    for (const [key, each] of entries) {
      const part = typeof key === 'string' ? key : typeof key === 'number' ? String(key) : undefined
      if (part !== undefined) visit(each, name === '' ? part : `${name}.${part}`, depth + 1)
    }
  }

  const entries = entriesOf(root)
  const inner = entries?.get('state_dict')
  const state = inner !== undefined && entriesOf(inner) ? inner : root
  visit(state, entriesOf(state) ? '' : 'tensor', 0)
  for (const [key, value] of entries ?? [])
    if (typeof key === 'string' && (typeof value === 'string' || typeof value === 'number'))
      metadata.set(key, String(value).slice(0, longestText))
  return { tensors: [...tensors.values()], metadata }
}

/** The entries of anything that is a dictionary, however it was made. */
function entriesOf(value: PickleValue): ReadonlyMap<PickleValue, PickleValue> | undefined {
  if (value instanceof Map) return value
  if (!(value instanceof Call)) return undefined
  if (value.of.path !== 'torch.nn.modules.container.ParameterDict') return value.of.module === 'collections' ? value.entries : undefined
  const state = value.state instanceof Map ? value.state : undefined
  const parameters = state?.get('_parameters') ?? state
  return parameters === undefined ? undefined : entriesOf(parameters)
}

/** What stands behind parameters and tensors with attributes: the call that describes the tensor itself. */
function descriptionOf(value: PickleValue): Call | undefined {
  let call = value
  for (let wrapped = 0; call instanceof Call && wrapped < deepest; wrapped++) {
    const { path } = call.of
    const [first, , third] = call.parameters
    if (/^torch\._utils\._rebuild_tensor(?:_v[23])?$/.test(path)) return call
    if (/^torch\._utils\._rebuild_parameter(?:_with_state)?$/.test(path)) call = first ?? null
    else if (path === 'torch._tensor._rebuild_from_type_v2' && first instanceof Global && third instanceof Tuple)
      call = new Call(first, third.items)
    else return undefined
  }
  return undefined
}

function tensorOf({ of, parameters }: Call, tensor: string, file: string): TorchTensor {
  const invalid = problem('InvalidPickle', file, tensor)
  const [reference, offset, sizes, steps] = parameters
  const where = reference instanceof Reference && reference.id instanceof Tuple ? reference.id.items : []
  const [word, kind, key, , stored] = where
  if (word !== 'storage' || !(kind instanceof Global) || typeof key !== 'string' || !isCount(stored))
    throw invalid("PyTorch's reference to a storage", 'something else')
  const typed = Object.hasOwn(storages, kind.path) ? storages[kind.path] : undefined
  if (!typed) throw invalid('a storage of PyTorch', quoted(kind.path))
  const [shape, strides] = [wholeNumbers(sizes), wholeNumbers(steps)]
  if (!shape || !strides || shape.length !== strides.length || !isCount(offset))
    throw invalid('whole numbers as offset, size and stride', 'something else')
  const asked = of.name === '_rebuild_tensor_v3' ? parameters[6] : undefined
  const storage = asked instanceof Global && Object.hasOwn(elementTypes, asked.path) ? (elementTypes[asked.path] as StorageDType) : typed

  const [elementBytes, storedBytes] = [storageFacts(storage).bits / 8, storageFacts(typed).bits / 8]
  const held = Math.floor((stored * storedBytes) / elementBytes) // in elements of the tensor
  const count = shape.reduce((a, b) => a * b, 1)
  const lastElement = count === 0 ? -1 : shape.reduce((sum, size, i) => sum + (size - 1) * (strides[i] as number), 0)
  // A view that repeats its elements may be larger than all memory, and no model has one.
  if (!(count <= held) || !(offset + lastElement < held))
    throw problem(
      'TensorInvalidInfo',
      file,
      tensor,
    )(
      `a view inside a storage of ${held.toLocaleString('en')} elements`,
      `${formatShape(shape)} with strides ${formatShape(strides)} from ${offset.toLocaleString('en')}`,
    )
  const span = (lastElement + 1) * elementBytes
  return { name: tensor, storage, shape, strides, key, storedBytes, offset: offset * elementBytes, span }
}

/** Whether the elements lie in their order, without gaps. */
export function isContiguous({ shape, strides }: Pick<TorchTensor, 'shape' | 'strides'>): boolean {
  if (shape.includes(0)) return true
  let step = 1
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    const size = shape[axis] as number
    if (size !== 1 && strides[axis] !== step) return false
    step *= size
  }
  return true
}

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 0

function wholeNumbers(value: PickleValue | undefined): number[] | undefined {
  const items = value instanceof Tuple ? value.items : value instanceof Call && value.of.path === 'torch.Size' ? sizeOf(value) : undefined
  return items && items.length <= mostAxes && items.every(isCount) ? (items as number[]) : undefined
}

function sizeOf({ parameters: [items] }: Call): readonly PickleValue[] | undefined {
  return items instanceof Tuple ? items.items : Array.isArray(items) ? items : undefined
}

const problem = (code: CheckpointErrorCode, file: string, tensor: string) => (expected: string, found: string) =>
  new CheckpointError({ code, file, tensor, expected, found, hint: 'The file is damaged: download or save it again' })
