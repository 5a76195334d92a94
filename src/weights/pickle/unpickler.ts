import { printable } from '../checkpoint-error.js'

/** A name that a pickle refers to, such as `collections.OrderedDict`. It is a name and nothing else: nothing is ever looked up. */
export class Global {
  constructor(
    readonly module: string,
    readonly name: string,
  ) {}

  get path(): string {
    return `${this.module}.${this.name}`
  }
}

/** What a pickle asks to be made: `of(...parameters)`, and what is put into it afterwards. It stays this description. */
export class Call {
  /** What `__setstate__` would be given. */
  state: PickleValue | undefined
  readonly entries = new Map<PickleValue, PickleValue>()

  constructor(
    readonly of: Global,
    readonly parameters: readonly PickleValue[],
  ) {}
}

/** A reference to something outside the pickle: PyTorch's storages. */
export class Reference {
  constructor(readonly id: PickleValue) {}
}

export class Tuple {
  constructor(readonly items: readonly PickleValue[]) {}
}

/** What a pickle stands for. Lists are arrays, dictionaries maps; whole numbers beyond 2^53 are bigints. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | PickleValue[]
  | Map<PickleValue, PickleValue>
  | Tuple
  | Global
  | Call
  | Reference

export interface Unpickled {
  readonly value: PickleValue
  /** Where the next pickle of the same bytes would begin. */
  readonly end: number
}

export interface UnpickleOptions {
  /** The error for a pickle that is damaged, or wants too much. */
  readonly problem: (expected: string, found: string) => Error
  /** The error for a name that is not welcome; undefined for one that is. */
  readonly refuse: (global: Global) => Error | undefined
}

/** A pickle of tensors takes some forty operations for each; every one makes at most one object. */
export const mostOperations = 1_000_000
const deepestStack = 100_000
const marker = Symbol('mark')

/**
 * Reads a pickle as data. Python's own machine imports the names it meets and calls them; this one keeps the names and the parameters, as
 * `Global` and `Call`. It reads the operations that Python writes since protocol 2 (PEP 307, PEP 3154 and PEP 574) and no others, without
 * recursion and in memory that is bounded by the bytes and by `mostOperations`.
 *
 * @param start where in the bytes the pickle begins
 */
export function unpickle(bytes: Uint8Array, { problem, refuse }: UnpickleOptions, start = 0): Unpickled {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const stack: (PickleValue | typeof marker)[] = []
  const memo = new Map<number, PickleValue>()
  let at = start

  const fail = (expected: string, found: string): never => {
    throw problem(expected, `${found} at byte ${at.toLocaleString('en')}`)
  }
  /** The place of the next `length` bytes, which are then behind us. */
  const take = (length: number): number => {
    const from = at
    if (length > bytes.length - at) fail(`${length.toLocaleString('en')} more bytes`, 'the end')
    at += length
    return from
  }
  const long = (): number => {
    const value = view.getBigUint64(take(8), true)
    return value > bytes.length ? fail('a size inside the pickle', String(value)) : Number(value)
  }
  const raw = (length: number): Uint8Array => {
    const from = take(length)
    return bytes.slice(from, from + length)
  }
  const text = (length: number): string => {
    const from = take(length)
    return utf8.decode(bytes.subarray(from, from + length))
  }
  const line = (): string => {
    const end = bytes.indexOf(0x0a, at)
    if (end < 0 || end - at > 1000) fail('a line', 'none')
    const from = take(end + 1 - at)
    return utf8.decode(bytes.subarray(from, end))
  }
  const push = (value: PickleValue | typeof marker): void => {
    if (stack.push(value) > deepestStack) fail(`at most ${deepestStack.toLocaleString('en')} values at a time`, 'more')
  }
  const pop = (): PickleValue => {
    const value = stack.pop()
    return value === undefined || value === marker ? fail('a value', 'none') : value
  }
  const top = (): PickleValue => {
    const value = pop()
    stack.push(value)
    return value
  }
  /** Everything since the last mark. */
  const marked = (): PickleValue[] => {
    const from = stack.lastIndexOf(marker)
    if (from < 0) fail('a mark', 'none')
    const values = stack.splice(from) as PickleValue[]
    values.shift()
    return values
  }
  const last = (count: number): Tuple => {
    const items = Array.from({ length: count }, pop)
    return new Tuple(items.reverse())
  }
  const recall = (index: number): PickleValue => {
    const value = memo.get(index)
    return value === undefined ? fail('a value that was kept', 'none') : value
  }
  const named = (module: string, name: string): Global => {
    const found = new Global(module, name)
    const error = refuse(found)
    if (error) throw error
    return found
  }
  const call = (of: PickleValue, parameters: PickleValue): Call => {
    if (!(of instanceof Global)) return fail('a call of a name', kindOf(of))
    return new Call(of, parameters instanceof Tuple ? parameters.items : fail('parameters in a tuple', kindOf(parameters)))
  }
  const putAll = (target: PickleValue, values: readonly PickleValue[]): void => {
    const entries = target instanceof Map ? target : target instanceof Call ? target.entries : fail('a dictionary', kindOf(target))
    if (values.length % 2 !== 0) fail('a value for each key', 'none')
    for (let i = 0; i < values.length; i += 2) entries.set(values[i] as PickleValue, values[i + 1] as PickleValue)
  }
  const append = (target: PickleValue, values: readonly PickleValue[]): void => {
    // What a call would collect (a deque, a set) is no tensor, and is dropped.
    if (Array.isArray(target)) for (const value of values) target.push(value)
    else if (!(target instanceof Call)) fail('a list', kindOf(target))
  }
  const build = (state: PickleValue): void => {
    const made = top()
    if (made instanceof Call) made.state = state
    else fail('an object to be given its state', kindOf(made))
  }
  const keep = (index: number): void => {
    memo.set(index, top())
  }

  for (let operations = 0; ; operations++) {
    if (operations === mostOperations) fail(`a pickle of at most ${mostOperations.toLocaleString('en')} operations`, 'more')
    const operation = view.getUint8(take(1))
    switch (operation) {
      case 0x80: // PROTO
        if (view.getUint8(take(1)) > 5) fail('protocol 2 to 5', String(bytes[at - 1]))
        break
      case 0x95: // FRAME
        take(8)
        break
      case 0x2e: // STOP
        return { value: pop(), end: at }
      case 0x28: // MARK
        push(marker)
        break
      case 0x30: // POP
        stack.pop()
        break
      case 0x31: // POP_MARK
        marked()
        break
      case 0x32: // DUP
        push(top())
        break
      case 0x4e: // NONE
        push(null)
        break
      case 0x88: // NEWTRUE
      case 0x89: // NEWFALSE
        push(operation === 0x88)
        break
      case 0x4a: // BININT
        push(view.getInt32(take(4), true))
        break
      case 0x4b: // BININT1
        push(view.getUint8(take(1)))
        break
      case 0x4d: // BININT2
        push(view.getUint16(take(2), true))
        break
      case 0x8a: // LONG1
        push(wholeNumber(raw(view.getUint8(take(1)))))
        break
      case 0x47: // BINFLOAT
        push(view.getFloat64(take(8), false))
        break
      case 0x58: // BINUNICODE
        push(text(view.getUint32(take(4), true)))
        break
      case 0x8c: // SHORT_BINUNICODE
        push(text(view.getUint8(take(1))))
        break
      case 0x8d: // BINUNICODE8
        push(text(long()))
        break
      case 0x42: // BINBYTES
      case 0x54: // BINSTRING: text of Python 2
        push(raw(view.getUint32(take(4), true)))
        break
      case 0x43: // SHORT_BINBYTES
      case 0x55: // SHORT_BINSTRING
        push(operation === 0x55 ? text(view.getUint8(take(1))) : raw(view.getUint8(take(1))))
        break
      case 0x8e: // BINBYTES8
      case 0x96: // BYTEARRAY8
        push(raw(long()))
        break
      case 0x5d: // EMPTY_LIST
        push([])
        break
      case 0x7d: // EMPTY_DICT
        push(new Map())
        break
      case 0x8f: // EMPTY_SET
        push([])
        break
      case 0x29: // EMPTY_TUPLE
        push(new Tuple([]))
        break
      case 0x85: // TUPLE1
      case 0x86: // TUPLE2
      case 0x87: // TUPLE3
        push(last(operation - 0x84))
        break
      case 0x74: // TUPLE
      case 0x91: // FROZENSET
        push(new Tuple(marked()))
        break
      case 0x6c: // LIST
        push(marked())
        break
      case 0x64: {
        // DICT
        const values = marked()
        const made = new Map<PickleValue, PickleValue>()
        putAll(made, values)
        push(made)
        break
      }
      case 0x61: {
        // APPEND
        const value = pop()
        append(top(), [value])
        break
      }
      case 0x65: // APPENDS
      case 0x90: {
        // ADDITEMS
        const values = marked()
        append(top(), values)
        break
      }
      case 0x73: {
        // SETITEM
        const { items } = last(2)
        putAll(top(), items)
        break
      }
      case 0x75: {
        // SETITEMS
        const values = marked()
        putAll(top(), values)
        break
      }
      case 0x71: // BINPUT
        keep(view.getUint8(take(1)))
        break
      case 0x72: // LONG_BINPUT
        keep(view.getUint32(take(4), true))
        break
      case 0x94: // MEMOIZE
        keep(memo.size)
        break
      case 0x68: // BINGET
        push(recall(view.getUint8(take(1))))
        break
      case 0x6a: // LONG_BINGET
        push(recall(view.getUint32(take(4), true)))
        break
      case 0x63: // GLOBAL
        push(named(line(), line()))
        break
      case 0x93: {
        // STACK_GLOBAL
        const [module, name] = last(2).items
        push(typeof module === 'string' && typeof name === 'string' ? named(module, name) : fail('a name', 'something else'))
        break
      }
      case 0x52: // REDUCE
      case 0x81: {
        // NEWOBJ
        const parameters = pop()
        push(call(pop(), parameters))
        break
      }
      case 0x92: {
        // NEWOBJ_EX
        const [of, parameters] = last(3).items as [PickleValue, PickleValue]
        push(call(of, parameters))
        break
      }
      case 0x62: // BUILD
        build(pop())
        break
      case 0x51: // BINPERSID
        push(new Reference(pop()))
        break
      default:
        fail('an operation that PyTorch writes', `operation 0x${operation.toString(16).padStart(2, '0')}`)
    }
  }
}

const utf8 = new TextDecoder('utf-8', { ignoreBOM: true })

/** Little-endian, in two's complement. */
function wholeNumber(bytes: Uint8Array): number | bigint {
  let value = 0n
  for (const byte of bytes.toReversed()) value = (value << 8n) | BigInt(byte)
  const signed = BigInt.asIntN(8 * bytes.length, value)
  return signed >= Number.MIN_SAFE_INTEGER && signed <= Number.MAX_SAFE_INTEGER ? Number(signed) : signed
}

function kindOf(value: PickleValue): string {
  if (value instanceof Global) return printable(`the name ${value.path}`)
  if (value instanceof Call) return printable(`a call of ${value.of.path}`)
  if (value instanceof Map) return 'a dictionary'
  if (value instanceof Tuple) return 'a tuple'
  if (Array.isArray(value)) return 'a list'
  return value === null ? 'None' : typeof value === 'object' ? 'bytes' : typeof value
}
