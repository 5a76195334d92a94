import { isNDArray, type NDArray } from '../ndarray.js'
import { ChildConnection } from './child-connection.node.js'
import { fromWire, toWire, type WireDestination, type WireResident, type WireValue } from './child-protocol.js'
import { onDevice } from './devices.js'
import {
  type Destination,
  type Device,
  type Loadable,
  type Resident,
  type Runtime,
  RuntimeError,
  type RuntimeOptions,
  type Session,
  type SessionOptions,
  type Value,
} from './runtime.js'

export interface ChildOptions extends RuntimeOptions {
  /** Where the child computes; `auto`, which is meant if nothing is said, as in `sharedRuntime`. */
  readonly device?: Device | 'auto'
  /** Bytes of memory that the child may use, weights and engine included. Beyond it, it is ended and its runtime is lost. */
  readonly maxMemory?: number
}

/**
 * A runtime in a process of its own. The engine blocks the thread that calls it, so a server runs its programs here: its
 * event loop stays free, and an engine that crashes or runs out of memory is a `RuntimeLostError` instead of the end.
 * Kept arrays stay in the child; weights in files are opened there by path. The child ends with this process.
 *
 *     const runtime = await childRuntime({ device: 'cpu', threads: 4 })
 *     const double = compile((x: Tensor) => x.mul(2), { runtime })
 */
export function childRuntime({ device = 'auto', maxMemory, ...options }: ChildOptions = {}): Promise<Runtime> {
  return onDevice(device, options, async (choice) => {
    const connection = new ChildConnection()
    try {
      const started = await connection.call('start', { device: choice, options, maxMemory }, `anything on ${choice}`)
      return new ChildRuntime(connection, `${started.name} in process ${connection.pid}`, started.device)
    } catch (cause) {
      await connection.close()
      throw cause
    }
  })
}

class ChildRuntime implements Runtime {
  constructor(
    readonly connection: ChildConnection,
    readonly name: string,
    readonly device: Device,
  ) {}

  async load({ bytes, external, folder, files, inputs, outputs }: Loadable, options: SessionOptions = {}): Promise<Session> {
    const { label = 'a program', optimise, resident } = options
    const port = ({ name, dtype }: Loadable['inputs'][number]) => ({ name, dtype })
    const model = { bytes, external, folder, files, inputs: inputs.map(port), outputs: outputs.map(port) }
    const plain = { label, ...(optimise && { optimise }), ...(resident !== undefined && { resident }) }
    const number = await this.connection.call('load', { model, options: plain }, label)
    return new ChildSession(this.connection, number, label)
  }

  async upload(array: NDArray): Promise<Resident> {
    return new ChildResident(this.connection, await this.connection.call('upload', { array: toWire(array) }, `the upload of ${array}`))
  }

  dispose(): Promise<void> {
    return this.connection.close()
  }
}

class ChildSession implements Session {
  constructor(
    readonly connection: ChildConnection,
    readonly number: number,
    readonly label: string,
  ) {}

  async run(inputs: readonly Value[], destinations: readonly Destination[]): Promise<readonly Value[]> {
    const ask = {
      session: this.number,
      inputs: inputs.map((value) => this.#wire(value)),
      destinations: destinations.map((to): WireDestination => (typeof to === 'string' ? to : { resident: this.#own(to).number })),
    }
    const answers = await this.connection.call('run', ask, this.label, inputs)
    return answers.map((answer, i) => {
      const destination = destinations[i] as Destination
      if (typeof destination !== 'string') return destination
      return 'resident' in answer ? new ChildResident(this.connection, answer) : fromWire(answer)
    })
  }

  #wire(value: Value): WireValue {
    if (isNDArray(value)) return toWire(value)
    const { number, dtype, shape } = this.#own(value)
    return { resident: number, dtype, shape }
  }

  #own(value: Resident): ChildResident {
    if (value instanceof ChildResident && value.connection === this.connection) return value
    throw new RuntimeError(
      this.label,
      `it was given an array of another runtime, ${value.dtype}[${value.shape.join(', ')}]`,
      'read() it first',
    )
  }

  async dispose(): Promise<void> {
    await this.connection.call('unload', { session: this.number }, this.label).catch(() => undefined) // gone is disposed
  }
}

const drop = (connection: ChildConnection, resident: number): void => {
  connection.call('drop', { resident }, 'the disposal of an array').catch(() => undefined)
}

/** Arrays that nobody can reach any more are dropped in the child as well. */
const abandoned = new FinalizationRegistry<() => void>((forget) => forget())

class ChildResident implements Resident {
  readonly dtype: Resident['dtype']
  readonly shape: readonly number[]
  readonly number: number

  constructor(
    readonly connection: ChildConnection,
    { resident, dtype, shape }: WireResident,
  ) {
    this.number = resident
    this.dtype = dtype
    this.shape = shape
    abandoned.register(this, () => drop(connection, resident), this)
  }

  async read(): Promise<NDArray> {
    const running = `the reading of ${this.dtype}[${this.shape.join(', ')}]`
    return fromWire(await this.connection.call('read', { resident: this.number }, running, this))
  }

  dispose(): void {
    abandoned.unregister(this)
    drop(this.connection, this.number)
  }
}
