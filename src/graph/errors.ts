/**
 * The root of every error that genera throws on purpose. `code` is stable and meant for programs; the message says what was
 * being done, what was expected, what was found, where, and (as `hint`) what to do next.
 */
export class GeneraError extends Error {
  override readonly name: string = 'GeneraError'
  constructor(
    readonly code: string,
    sentence: string,
    readonly hint?: string,
    options?: { cause?: unknown },
  ) {
    super(hint ? `${sentence}. ${hint}` : sentence, options)
  }
}

export const formatShape = (shape: readonly unknown[]): string => `[${shape.join(', ')}]`

/** "multiply … by …" with the shapes in place of the dots; shapes that the phrase has no dots for follow, joined by "and". */
function phrase(operation: string, shapes: readonly (readonly unknown[])[]): string {
  const parts = operation.split(/ ?… ?/)
  const named = parts.length - 1
  const filled = parts.map((part, i) => (i < named ? `${part} ${formatShape(shapes[i] ?? [])} ` : part)).join('')
  return `${filled.trim()} ${shapes.slice(named).map(formatShape).join(' and ')}`.trim()
}

/** An operation met shapes or types that do not fit. `where` is the scope path of the nearest parameter. */
export class ShapeError extends GeneraError {
  override readonly name = 'ShapeError'
  constructor(
    readonly parts: {
      /** A verb phrase; each … in it stands for one of the shapes. */
      operation: string
      shapes: readonly (readonly unknown[])[]
      where?: string | undefined
      problem: string
      hint?: string
    },
  ) {
    const { operation, shapes, where, problem, hint } = parts
    super('shape', `Cannot ${phrase(operation, shapes)}${where ? ` at "${where}"` : ''}: ${problem}`, hint)
  }
}
