import type { Tensor } from '../graph/index.js'
import { normal, zeros } from './initialisers.js'
import { type MatrixLayout, type ParameterRequest, type ParameterSource, Scope } from './scope.js'

/** The same parameters, through which no gradient flows; it still flows through the inputs that meet them. */
export function frozen(scope: Scope): Scope {
  const { source } = scope
  const still = source.frozen?.() ?? {
    ...(source.project && { project: source.project.bind(source) }),
    ...(source.lookup && { lookup: (indices, request) => source.lookup?.(indices, request)?.stopGradient() }),
    parameter: (request) => source.parameter(request).stopGradient(),
    has: (name) => source.has(name),
  }
  return new Scope(still, scope.path)
}

export interface AdapterOptions {
  readonly rank: number
  /** The update is scaled by alpha / rank; equal to the rank when left out. */
  readonly alpha?: number
  /** Which matrices are adapted, by full name; every one that the model multiplies with when left out. */
  readonly targets?: (name: string) => boolean
}

/**
 * Low-rank adaptation (Hu et al. 2021): beside a frozen matrix W of the base stands B·A of a small rank. `adapter` is a scope
 * of its own with the names `<matrix>.lora_A.weight` [rank, in] and `<matrix>.lora_B.weight` [out, rank]; B starts at zero,
 * so the adapted model starts as the base. The product x·Aᵀ·Bᵀ is formed without ever building B·A.
 */
export function withAdapter(base: Scope, adapter: Scope, { rank, alpha = rank, targets = () => true }: AdapterOptions): Scope {
  const { source } = frozen(base)
  const adapted = (name: string): boolean => name.endsWith('.weight') && targets(name)
  const project = (x: Tensor, request: ParameterRequest, layout: MatrixLayout): Tensor => {
    const plain = source.project?.(x, request, layout) ?? x.matmul(source.parameter(request), { transposeB: layout === 'out-in' })
    if (!adapted(request.name)) return plain
    const place = adapter.at(request.name.slice(0, -'.weight'.length))
    const down = place.at('lora_A').project(x, 'weight', rank, { initialiser: normal(1 / rank) })
    return plain.add(
      place
        .at('lora_B')
        .project(down, 'weight', plain.size(-1), { initialiser: zeros })
        .mul(alpha / rank),
    )
  }
  /** A convolution's kernel is merged: [out, in·taps] = B·A. */
  const parameter = (request: ParameterRequest): Tensor => {
    const weight = source.parameter(request)
    const [out, ...rest] = request.shape as [number, ...number[]]
    if (request.shape.length < 3 || !adapted(request.name)) return weight
    const columns = rest.reduce((a, b) => a * b, 1)
    const place = adapter.at(request.name.slice(0, -'.weight'.length))
    const a = place.at('lora_A').param('weight', [rank, columns], { initialiser: normal(1 / rank) })
    const b = place.at('lora_B').param('weight', [out, rank], { initialiser: zeros })
    return weight.add(
      b
        .matmul(a)
        .reshape(request.shape)
        .mul(alpha / rank),
    )
  }
  const adaptedSource: ParameterSource = {
    parameter,
    project,
    ...(source.lookup && { lookup: source.lookup.bind(source) }),
    has: (name) => source.has(name),
    frozen: () => withAdapter(base, frozen(adapter), { rank, alpha, targets }).source,
  }
  return new Scope(adaptedSource, base.path)
}
