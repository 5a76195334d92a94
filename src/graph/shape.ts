import { type Dimension, isStatic, sameSize, times } from './dimension.js'
import { ShapeError } from './errors.js'

/** The sizes of a tensor's axes, outermost first. */
export type Shape = readonly Dimension[]

export const sameShape = (a: Shape, b: Shape): boolean => a.length === b.length && a.every((size, i) => sameSize(size, b[i] as Dimension))

export const isStaticShape = (shape: Shape): shape is readonly number[] => shape.every(isStatic)

/** How many elements a shape holds. */
export const elements = (shape: Shape): Dimension => times(...shape)

/** Axis counted from the front, where negative counts from the back; checked against the rank. */
export function normaliseAxis(axis: number, rank: number, operation: string, shape: Shape, where?: string): number {
  const found = axis < 0 ? axis + rank : axis
  if (!Number.isInteger(axis) || found < 0 || found >= rank)
    throw new ShapeError({ operation, shapes: [shape], where, problem: `axis ${axis} is outside a tensor of ${rank} axes` })
  return found
}

/** The shape of an element-wise result under NumPy's broadcasting: axes align from the back, size 1 stretches. */
export function broadcastShapes(shapes: readonly Shape[], fail: (problem: string) => never): Shape {
  const rank = Math.max(...shapes.map((shape) => shape.length))
  return Array.from({ length: rank }, (_, i) => {
    let size: Dimension = 1
    for (const shape of shapes) {
      const candidate = shape[i - (rank - shape.length)] ?? 1
      if (sameSize(candidate, 1) || sameSize(candidate, size)) continue
      if (size !== 1) fail(`sizes ${size} and ${candidate} at axis ${i - rank} differ and neither is 1`)
      size = candidate
    }
    return size
  })
}
