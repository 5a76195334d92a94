import { type Node, nodesOf, type Target } from '../node.js'
import type { Tensor } from '../tensor.js'

/** A node in its turn; `parts` says which tensors replace its outputs. */
export interface Step {
  readonly node: Node
  readonly parts?: readonly Tensor[]
}

/**
 * The nodes of a program, inputs before readers, with the composite operations that must dissolve replaced by their parts:
 * those that the target has no kernel for, and those through whose parts a gradient went. In the second case the inner
 * values are computed anyway, so the fused kernel would only compute them again.
 */
export function executionOrder(outputs: readonly Tensor[], inputs: ReadonlySet<Tensor>, target: Target): Step[] {
  const reached = new Set(nodesOf(outputs, inputs))
  const partsOf = (node: Node): readonly Tensor[] | undefined => {
    if (!node.op.decompose) return undefined
    const kernel = node.op.emit && target.fuse && (node.op.supported?.(target, node) ?? true)
    if (!kernel) return node.parts()
    const parts = node.tracedParts
    const shared = parts && nodesOf(parts, new Set(node.inputs)).some((inner) => reached.has(inner) && inner.inputs.length > 0)
    return shared ? parts : undefined
  }

  const steps: Step[] = []
  const done = new Set<Node>()
  const open = new Map<Node, readonly Tensor[] | undefined>()
  const waiting = [...outputs].reverse().flatMap((tensor) => (inputs.has(tensor) ? [] : [tensor.node]))
  while (waiting.length > 0) {
    const node = waiting[waiting.length - 1] as Node
    if (done.has(node)) {
      waiting.pop()
      continue
    }
    const entered = open.has(node)
    const parts = entered ? open.get(node) : partsOf(node)
    if (!entered) {
      open.set(node, parts)
      for (const needed of [...(parts ?? node.inputs)].reverse())
        if (!inputs.has(needed) && !done.has(needed.node)) waiting.push(needed.node)
      continue
    }
    waiting.pop()
    done.add(node)
    steps.push(parts ? { node, parts } : { node })
  }
  return steps
}
