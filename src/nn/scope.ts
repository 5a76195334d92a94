import {
  constant,
  type DType,
  embedding,
  GeneraError,
  isNDArray,
  key,
  labelled,
  type NDArray,
  placeholder,
  type Tensor,
} from '../graph/index.js'
import { MissingParametersError, WeightShapeError } from './errors.js'
import { type Initialiser, kaimingUniform } from './initialisers.js'

/** What a layer asks of its scope. */
export interface ParameterRequest {
  /** The full name, as the published checkpoint spells it. */
  readonly name: string
  readonly shape: readonly number[]
  readonly dtype: DType
  readonly initialiser: Initialiser
}

/** How the matrix of a linear map lies in the checkpoint: `y = x·Wᵀ` (PyTorch's Linear) or `y = x·W` (GPT-2's Conv1D). */
export type MatrixLayout = 'out-in' | 'in-out'

/** Where parameters come from: this is what differs between describing, initialising, training and running a model. */
export interface ParameterSource {
  parameter(request: ParameterRequest): Tensor
  /** `x` times the matrix asked for. A source overrides it where the matrix is not a dense array: adapted or quantised. */
  project?(x: Tensor, request: ParameterRequest, layout: MatrixLayout): Tensor | undefined
  /** Rows of the table asked for, [...indices, width]. A source overrides it where the table is not a dense array: quantised. */
  lookup?(indices: Tensor, request: ParameterRequest): Tensor | undefined
  /** Whether the source knows the name; lets a model accept two spellings of the same checkpoint. */
  has(name: string): boolean
  /** The same source without gradients; a source that overrides `project` says how its own parts stand still. */
  frozen?(): ParameterSource
}

export interface ParameterOptions {
  readonly initialiser?: Initialiser
  readonly dtype?: DType
}

/**
 * A place in a checkpoint. Model functions ask it for parameters by the names that published files use; what they get is up to
 * the source behind it, so one definition initialises, trains, runs and describes itself.
 */
export class Scope {
  constructor(
    readonly source: ParameterSource,
    readonly path: string = '',
  ) {}

  /** The scope below: `scope.at('layers', 3)` stands at "layers.3". */
  at(...names: readonly (string | number)[]): Scope {
    return new Scope(this.source, [this.path, ...names].filter((part) => part !== '').join('.'))
  }

  /** The parameter of this name and shape. Asking twice for one name shares it (tied weights). */
  param(name: string, shape: readonly number[], options: ParameterOptions = {}): Tensor {
    return this.source.parameter(this.#request(name, shape, options))
  }

  /** `x` [..., in] times the matrix of this name: [..., out]. */
  project(
    x: Tensor,
    name: string,
    outFeatures: number,
    { layout = 'out-in', ...options }: ParameterOptions & { layout?: MatrixLayout } = {},
  ): Tensor {
    const inFeatures = x.size(-1)
    const request = this.#request(name, layout === 'out-in' ? [outFeatures, inFeatures] : [inFeatures, outFeatures], options)
    return this.source.project?.(x, request, layout) ?? x.matmul(this.source.parameter(request), { transposeB: layout === 'out-in' })
  }

  /** Rows of the table [entries, width] of this name: `indices` of any shape give [...indices, width]. */
  lookup(indices: Tensor, name: string, shape: readonly [entries: number, width: number], options: ParameterOptions = {}): Tensor {
    const request = this.#request(name, shape, options)
    return this.source.lookup?.(indices, request) ?? embedding(this.source.parameter(request), indices)
  }

  /** Whether the source knows a parameter of this name. */
  has(name: string): boolean {
    return this.source.has(this.#full(name))
  }

  #full(name: string): string {
    return this.path ? `${this.path}.${name}` : name
  }

  #request(
    name: string,
    shape: readonly number[],
    { initialiser = kaimingUniform, dtype = 'float32' }: ParameterOptions,
  ): ParameterRequest {
    return { name: this.#full(name), shape, dtype, initialiser }
  }
}

/** Parameters by their full names, as arrays outside a program and as tensors inside. */
export type Parameters<T = NDArray> = { readonly [name: string]: T }

/** Name, shape and element type of a parameter. */
export interface ParameterInfo {
  readonly shape: readonly number[]
  readonly dtype: DType
}

/** Remembers what was asked for, and that one name keeps one shape. */
export class Requests {
  readonly found = new Map<string, { request: ParameterRequest; tensor: Tensor }>()
  share(request: ParameterRequest, make: () => Tensor): Tensor {
    const known = this.found.get(request.name)
    if (!known) {
      const tensor = make()
      this.found.set(request.name, { request, tensor })
      return tensor
    }
    if (known.request.shape.join() === request.shape.join()) return known.tensor
    throw new GeneraError(
      'parameter-shape',
      `Cannot use the parameter "${request.name}" twice: once as [${known.request.shape.join(', ')}], once as [${request.shape.join(', ')}]`,
    )
  }
}

/** What a model function asks for: names, shapes and element types in the order of use, without any weight in memory. */
export function parametersOf(model: (scope: Scope) => unknown): Map<string, ParameterInfo> {
  return new Map([...requestsOf(model)].map(([name, { shape, dtype }]) => [name, { shape, dtype }]))
}

function requestsOf(model: (scope: Scope) => unknown): Map<string, ParameterRequest> {
  const requests = new Requests()
  const describing: ParameterSource = {
    parameter: (request) =>
      requests.share(request, () => placeholder(request.shape, request.dtype, { name: request.name, where: request.name })),
    has: () => true,
  }
  model(new Scope(describing))
  return new Map([...requests.found].map(([name, { request }]) => [name, request]))
}

/** Fresh parameters for a model. Every array depends on the seed and its own name only, not on the order of use. */
export function initialise(model: (scope: Scope) => unknown, { seed }: { seed: number }): Parameters {
  const root = key(seed)
  return Object.fromEntries(
    [...requestsOf(model)].map(([name, { initialiser, shape, dtype }]) => [name, initialiser(root.child(name), shape).cast(dtype)]),
  )
}

/** A scope over parameters that are at hand: tensors (a training program's inputs) or arrays (which become constants). */
export function given(parameters: Parameters<Tensor | NDArray>): Scope {
  const requests = new Requests()
  return new Scope({
    parameter: (request) =>
      requests.share(request, () => {
        const found = Object.hasOwn(parameters, request.name) ? parameters[request.name] : undefined
        if (!found) throw new MissingParametersError({ missing: [request.name], known: Object.keys(parameters) })
        if (found.shape.join() !== request.shape.join())
          throw new WeightShapeError({ tensor: request.name, expected: request.shape, found: found.shape.map(Number) })
        return labelled(isNDArray(found) ? constant(found) : found, request.name).cast(request.dtype)
      }),
    has: (name) => Object.hasOwn(parameters, name),
  })
}
