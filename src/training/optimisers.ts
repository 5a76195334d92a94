import { array, constant, type NDArray, type Shape, scalar, type Tensor, where, zeros } from '../graph/index.js'
import type { Parameters } from '../nn/index.js'

/** What an optimiser carries from step to step: how many steps it has made, and arrays per parameter under the method's names. */
export interface OptimiserState<T = NDArray> {
  readonly step: T
  readonly slots: { readonly [slot: string]: Parameters<T> }
}

/** A training method: pure functions of parameters, gradients and state, traced into the same graph as the model. */
export interface Optimiser {
  readonly name: string
  /**
   * What tells parameters apart that the method treats differently. Those of one kind may come as one array, joined along the first axis
   * (vectors of any length, others of one shape); a method without kinds wants each by itself.
   */
  readonly kind?: (name: string, shape: Shape) => string
  /** The state before the first step. */
  init(parameters: Parameters): OptimiserState
  update(
    parameters: Parameters<Tensor>,
    gradients: Parameters<Tensor>,
    state: OptimiserState<Tensor>,
    learningRate: Tensor,
    /** How many parameters each joined array holds. */
    joined?: ReadonlyMap<string, number>,
  ): { readonly parameters: Parameters<Tensor>; readonly state: OptimiserState<Tensor> }
}

type Slots = Readonly<Record<string, Tensor>>

interface Rule {
  readonly name: string
  readonly kind?: Optimiser['kind']
  /** The arrays kept per parameter, and the shape each has for a parameter of a given shape. */
  readonly slots: (shape: readonly number[], name: string) => Readonly<Record<string, readonly number[]>>
  /** Quantities that all parameters share in one step. */
  readonly prepare: (step: Tensor, learningRate: Tensor) => Readonly<Record<string, Tensor>>
  readonly step: (
    parameter: Tensor,
    gradient: Tensor,
    slots: Slots,
    shared: Readonly<Record<string, Tensor>>,
    name: string,
  ) => { readonly parameter: Tensor; readonly slots: Slots }
}

/** An optimiser from its rule for one parameter. */
function perParameter({ name, kind, slots, prepare, step }: Rule): Optimiser {
  return {
    name,
    ...(kind && { kind }),
    init: (parameters) => {
      const kept: Record<string, Record<string, NDArray>> = {}
      for (const [parameter, { shape }] of Object.entries(parameters))
        for (const [slot, slotShape] of Object.entries(slots(shape, parameter))) {
          kept[slot] ??= {}
          kept[slot][parameter] = zeros(slotShape)
        }
      return { step: scalar(0), slots: kept }
    },
    update: (parameters, gradients, state, learningRate) => {
      const count = state.step.add(1)
      const shared = prepare(count, learningRate)
      const nextParameters: Record<string, Tensor> = {}
      const nextSlots: Record<string, Record<string, Tensor>> = Object.fromEntries(Object.keys(state.slots).map((slot) => [slot, {}]))
      for (const [parameter, value] of Object.entries(parameters)) {
        const mine = Object.fromEntries(
          Object.entries(state.slots).flatMap(([slot, arrays]) => (arrays[parameter] ? [[slot, arrays[parameter]]] : [])),
        )
        const next = step(value, gradients[parameter] as Tensor, mine, shared, parameter)
        nextParameters[parameter] = next.parameter
        for (const [slot, array] of Object.entries(next.slots)) (nextSlots[slot] as Record<string, Tensor>)[parameter] = array
      }
      return { parameters: nextParameters, state: { step: count, slots: nextSlots } }
    },
  }
}

export interface DecayOptions {
  /** Decoupled weight decay per step, times the learning rate. */
  readonly weightDecay?: number
  /** Which parameters decay; all of them when left out. */
  readonly decays?: (name: string) => boolean
}

export interface AdamOptions extends DecayOptions {
  readonly beta1?: number
  readonly beta2?: number
  readonly epsilon?: number
}

/**
 * Adam with decoupled weight decay (Loshchilov & Hutter 2019, algorithm 2). The moments are kept without their factors
 * (1 - β1) and (1 - β2), which move into the step size: two passes less over every parameter, the same numbers.
 */
export const adamW = (options: AdamOptions = {}): Optimiser => perParameter(adamWRule(options))

function adamWRule({ beta1 = 0.9, beta2 = 0.999, epsilon = 1e-8, weightDecay = 0.01, decays = () => true }: AdamOptions): Rule {
  return {
    name: 'AdamW',
    kind: (name) => String(decays(name)),
    slots: (shape) => ({ mean: shape, square: shape }),
    prepare: (step, learningRate) => {
      const remaining = (beta: number): Tensor => step.mul(Math.log(beta)).exp().neg().add(1) // 1 - β^t
      const deviation = remaining(beta2)
        .reciprocal()
        .mul(1 - beta2)
        .sqrt()
      return {
        size: learningRate
          .mul(1 - beta1)
          .div(remaining(beta1))
          .div(deviation),
        epsilon: deviation.reciprocal().mul(epsilon),
        keep: learningRate.mul(-weightDecay).add(1),
      }
    },
    step: (parameter, gradient, slots, shared, name) => {
      const mean = (slots.mean as Tensor).mul(beta1).add(gradient)
      const square = (slots.square as Tensor).mul(beta2).add(gradient.mul(gradient))
      const change = mean.mul(shared.size as Tensor).div(square.sqrt().add(shared.epsilon as Tensor))
      const kept = weightDecay > 0 && decays(name) ? parameter.mul(shared.keep as Tensor) : parameter
      return { parameter: kept.sub(change), slots: { mean, square } }
    },
  }
}

export interface MuonOptions extends AdamOptions {
  readonly momentum?: number
  /** Which parameters are matrices between hidden states. The others follow AdamW: vectors always, and by default embeddings too. */
  readonly hidden?: (name: string) => boolean
}

/**
 * Muon (Jordan et al. 2024) for the matrices between hidden states, a convolution's [out, in·height·width] included, and AdamW for
 * everything else. The momentum of a matrix is made orthogonal, so that rare directions move as far as common ones; its size is that of
 * AdamW's steps, so that one learning rate fits both (Liu et al. 2025, "Muon is scalable for LLM training", equation 4).
 */
export function muon({ momentum: slow = 0.95, hidden = (name) => !name.includes('embed'), ...options }: MuonOptions = {}): Optimiser {
  const { weightDecay = 0.01, decays = () => true } = options
  const others = adamW(options)
  const turns = (name: string, shape: Shape): boolean => shape.length >= 2 && hidden(name)
  const parted = <T>(parameters: Parameters<T>, shapes: Parameters<{ readonly shape: Shape }>) => {
    const entries = Object.entries(parameters)
    const matrix = ([name]: readonly [string, T]): boolean => turns(name, (shapes[name] as { shape: Shape }).shape)
    return {
      matrices: Object.fromEntries(entries.filter(matrix)),
      rest: Object.fromEntries(entries.filter((entry) => !matrix(entry))),
    }
  }
  return {
    name: 'Muon',
    kind: (name, shape) => `${turns(name, shape)} ${decays(name)}`,
    init: (parameters) => {
      const { matrices, rest } = parted(parameters, parameters)
      const { step, slots } = others.init(rest)
      const kept = Object.entries(matrices).map(([name, { shape }]) => [name, zeros(shape)] as const)
      return { step, slots: { ...slots, ...(kept.length > 0 && { momentum: Object.fromEntries(kept) }) } }
    },
    update: (parameters, gradients, { step, slots: { momentum = {}, ...slots } }, learningRate, joined) => {
      const { matrices, rest } = parted(parameters, parameters)
      const other = others.update(rest, parted(gradients, parameters).rest, { step, slots }, learningRate)
      const velocity = mapParameters(momentum, (old, name) => old.mul(slow).add(gradients[name] as Tensor))
      const ahead = mapParameters(velocity, (next, name) => (gradients[name] as Tensor).add(next.mul(slow))) // Nesterov's
      const directions = mapParameters(ahead, (value, name) => orthogonal(value, joined?.get(name) ?? 1))
      const keep = learningRate.mul(-weightDecay).add(1)
      const moved = mapParameters(matrices, (parameter, name) => {
        const [rows, columns] = matrixShape(parameter.shape, joined?.get(name) ?? 1)
        const change = (directions[name] as Tensor).mul(learningRate.mul(0.2 * Math.sqrt(Math.max(rows, columns))))
        return (weightDecay > 0 && decays(name) ? parameter.mul(keep) : parameter).sub(change)
      })
      return {
        parameters: { ...other.parameters, ...moved },
        state: {
          step: other.state.step,
          slots: { ...other.state.slots, ...(Object.keys(velocity).length > 0 && { momentum: velocity }) },
        },
      }
    },
  }
}

/** Of one of `count` joined arrays; a convolution's kernel counts as [out, in·height·width]. */
function matrixShape(shape: Shape, count: number): readonly [rows: number, columns: number] {
  const [rows, ...rest] = shape as readonly [number, ...number[]]
  return [rows / count, rest.reduce((a, b) => a * b, 1)]
}

/**
 * Nearly the orthogonal matrix next to each of `count` joined ones: five Newton-Schulz steps, whose coefficients bring singular values
 * from 0.01 up to between 0.7 and 1.2 (Jordan et al. 2024). Each multiplies x by a polynomial of x·xᵀ. So for long matrices (a
 * convolution's are nine times as long as high) the factors are worked out from the small product alone, and x is met twice in place of ten times.
 */
function orthogonal(joined: Tensor, count: number): Tensor {
  const [rows, columns] = matrixShape(joined.shape, count)
  const x = joined.reshape([count, rows, columns])
  const [a, b, c] = [3.4445, -4.775, 2.0315]
  const tall = rows > columns
  const size = Math.min(rows, columns)
  const gram = (y: Tensor): Tensor => (tall ? y.matmul(y, { transposeA: true }) : y.matmul(y, { transposeB: true }))
  const times = (factor: Tensor, y: Tensor): Tensor => (tall ? y.matmul(factor) : factor.matmul(y)) // factors are symmetric
  const length = x.mul(x).sum([1, 2], { keepDims: true }).sqrt().add(1e-7)
  const unit = x.div(length)
  if (2 * size > Math.max(rows, columns)) {
    let y = unit
    for (let step = 0; step < newtonSteps; step++) {
      const square = gram(y)
      y = y.mul(a).add(times(square.mul(b).add(square.matmul(square).mul(c)), y))
    }
    return y.reshape(joined.shape)
  }
  const one = constant(
    array(
      Float32Array.from({ length: size * size }, (_, i) => (i % (size + 1) === 0 ? a : 0)),
      { shape: [size, size] },
    ),
  )
  let square = gram(unit)
  let whole: Tensor | undefined
  for (let step = 0; step < newtonSteps; step++) {
    const factor = square.mul(b).add(square.matmul(square).mul(c)).add(one)
    whole = whole ? factor.matmul(whole) : factor
    if (step < newtonSteps - 1) square = factor.matmul(square).matmul(factor)
  }
  return times(whole as Tensor, unit).reshape(joined.shape)
}

const newtonSteps = 5

/** Adam (Kingma & Ba 2015), without decay. */
export const adam = (options: Omit<AdamOptions, keyof DecayOptions> = {}): Optimiser => ({
  ...adamW({ ...options, weightDecay: 0 }),
  name: 'Adam',
})

/** Stochastic gradient descent with momentum, as PyTorch defines it: v ← μv + g, p ← p - η·v (Nesterov: p - η(g + μv)). */
export function sgd({
  momentum = 0,
  nesterov = false,
  weightDecay = 0,
  decays = () => true,
}: DecayOptions & { momentum?: number; nesterov?: boolean } = {}): Optimiser {
  return perParameter({
    name: 'SGD',
    kind: (name) => String(decays(name)),
    slots: (shape): Record<string, readonly number[]> => (momentum > 0 ? { velocity: shape } : {}),
    prepare: (_, learningRate) => ({ size: learningRate }),
    step: (parameter, gradient, slots, { size }, name) => {
      const total = weightDecay > 0 && decays(name) ? gradient.add(parameter.mul(weightDecay)) : gradient
      if (!slots.velocity) return { parameter: parameter.sub(total.mul(size as Tensor)), slots: {} }
      const velocity = slots.velocity.mul(momentum).add(total)
      const direction = nesterov ? total.add(velocity.mul(momentum)) : velocity
      return { parameter: parameter.sub(direction.mul(size as Tensor)), slots: { velocity } }
    },
  })
}

/** Lion (Chen et al. 2023, algorithm 2): the sign of an interpolated momentum, half the memory of Adam. */
export function lion({ beta1 = 0.9, beta2 = 0.99, weightDecay = 0, decays = () => true }: Omit<AdamOptions, 'epsilon'> = {}): Optimiser {
  return perParameter({
    name: 'Lion',
    kind: (name) => String(decays(name)),
    slots: (shape) => ({ momentum: shape }),
    prepare: (_, learningRate) => ({ size: learningRate }),
    step: (parameter, gradient, slots, { size }, name) => {
      const momentum = slots.momentum as Tensor
      const sign = signOf(momentum.mul(beta1).add(gradient.mul(1 - beta1)))
      const direction = weightDecay > 0 && decays(name) ? sign.add(parameter.mul(weightDecay)) : sign
      return {
        parameter: parameter.sub(direction.mul(size as Tensor)),
        slots: { momentum: momentum.mul(beta2).add(gradient.mul(1 - beta2)) },
      }
    },
  })
}

const signOf = (x: Tensor): Tensor => where(x.greater(0), 1, where(x.less(0), -1, 0))

/**
 * Adafactor (Shazeer & Stern 2018, algorithm 4) without momentum: second moments of matrices as a row and a column, so the
 * state is a fraction of the parameters; updates are clipped to a root mean square of `clip`.
 */
export function adafactor({
  decayExponent = 0.8,
  epsilon = 1e-30,
  clip = 1,
  weightDecay = 0,
  decays = () => true,
}: DecayOptions & { decayExponent?: number; epsilon?: number; clip?: number } = {}): Optimiser {
  return perParameter({
    name: 'Adafactor',
    slots: (shape): Record<string, readonly number[]> =>
      shape.length >= 2
        ? { rows: [...shape.slice(0, -1), 1], columns: [...shape.slice(0, -2), 1, shape.at(-1) as number] }
        : { square: shape },
    prepare: (step, learningRate) => ({ size: learningRate, share: step.pow(-decayExponent) }),
    step: (parameter, gradient, slots, { size, share }, name) => {
      const power = gradient.mul(gradient).add(epsilon)
      const blend = (old: Tensor, now: Tensor): Tensor => old.add(now.sub(old).mul(share as Tensor))
      let next: Slots
      let variance: Tensor
      if (slots.rows && slots.columns) {
        const rows = blend(slots.rows, power.mean(-1, { keepDims: true }))
        const columns = blend(slots.columns, power.mean(-2, { keepDims: true }))
        next = { rows, columns }
        variance = rows.div(rows.mean(-2, { keepDims: true })).mul(columns)
      } else {
        variance = blend(slots.square as Tensor, power)
        next = { square: variance }
      }
      const raw = gradient.div(variance.sqrt())
      const limited = raw.div(raw.mul(raw).mean().sqrt().div(clip).clamp({ min: 1 }))
      const kept = weightDecay > 0 && decays(name) ? parameter.mul((size as Tensor).mul(-weightDecay).add(1)) : parameter
      return { parameter: kept.sub(limited.mul(size as Tensor)), slots: next }
    },
  })
}

export const mapParameters = (parameters: Parameters<Tensor>, change: (value: Tensor, name: string) => Tensor): Parameters<Tensor> =>
  Object.fromEntries(Object.entries(parameters).map(([name, value]) => [name, change(value, name)]))

/** The Euclidean length of all gradients together. */
export function globalNorm(gradients: Parameters<Tensor>): Tensor {
  const squares = Object.values(gradients).map((gradient) => gradient.mul(gradient).sum())
  return squares.reduce((a, b) => a.add(b)).sqrt()
}

/** Scales the gradients down so that their global norm is at most `limit` (Pascanu et al. 2013). */
export function clipByGlobalNorm(gradients: Parameters<Tensor>, limit: number): { gradients: Parameters<Tensor>; norm: Tensor } {
  const norm = globalNorm(gradients)
  const factor = norm.add(1e-6).reciprocal().mul(limit).clamp({ max: 1 })
  return { norm, gradients: mapParameters(gradients, (gradient) => gradient.mul(factor)) }
}

/** A slowly moving average of the parameters: ema ← decay·ema + (1 - decay)·parameters. */
export function emaUpdate(average: Parameters<Tensor>, parameters: Parameters<Tensor>, decay: number | Tensor): Parameters<Tensor> {
  const share = typeof decay === 'number' ? 1 - decay : decay.neg().add(1)
  return mapParameters(average, (old, name) => old.add((parameters[name] as Tensor).sub(old).mul(share)))
}
