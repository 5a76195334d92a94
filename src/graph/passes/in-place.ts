import { type Node, nodesOf } from '../node.js'
import { sameShape } from '../shape.js'
import type { Tensor } from '../tensor.js'

/**
 * For each of the first `count` outputs, whether it may be written over the input of the same number while the program runs:
 * every reader of the input must have finished, which the graph promises only for nodes that the output depends on.
 */
export function inPlacePairs(inputs: readonly Tensor[], outputs: readonly Tensor[], count: number): boolean[] {
  const given = new Set(inputs)
  const readers = new Map<Tensor, Node[]>()
  for (const node of nodesOf(outputs, given)) for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node])
  return Array.from({ length: count }, (_, i) => {
    const [before, after] = [inputs[i] as Tensor, outputs[i] as Tensor]
    if (given.has(after) || outputs.indexOf(after) !== i) return false
    if (outputs.includes(before)) return false // handed out as it was: copied when the engine sees fit
    if (before.dtype !== after.dtype || !sameShape(before.shape, after.shape)) return false
    const earlier = new Set(nodesOf(after.node.inputs, given))
    return readersThroughViews(before, readers).every(
      ({ node, view }) => earlier.has(node) || (node === after.node && !view && mayOverwrite(node, before, after)),
    )
  })
}

/**
 * Whether the kernel has read what it needs of `before` by the time that it writes `after`. Kernels of composite operations go over
 * the array more than once (ONNX Runtime's Gelu reads its input again after it has written the output), so they may not.
 */
function mayOverwrite(node: Node, before: Tensor, after: Tensor): boolean {
  const over = node.op.overwrites?.[after.index]
  const onePass = node.op.elementwise === true && node.op.decompose === undefined
  return onePass || (over !== undefined && node.inputs.every((input, i) => (input === before) === (i === over)))
}

/** Operations whose result is the memory of their first input under another shape. */
const views = new Set(['reshape', 'barrier'])

/** Readers of a tensor and of its views, which share its memory. */
function readersThroughViews(tensor: Tensor, readers: ReadonlyMap<Tensor, readonly Node[]>, view = false): { node: Node; view: boolean }[] {
  return (readers.get(tensor) ?? []).flatMap((node) => [
    { node, view },
    ...(views.has(node.op.name) && node.input(0) === tensor ? readersThroughViews(node.output, readers, true) : []),
  ])
}
