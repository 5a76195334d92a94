import { isStatic } from './dimension.js'
import { ShapeError } from './errors.js'
import type { Tensor } from './tensor.js'

type Names<Spec extends string> = Spec extends `${infer Head} ${infer Rest}` ? Head | Names<Rest> : Spec

/**
 * Names the axes of a tensor where a function first touches it: checks their number and hands the sizes back under their names.
 *
 *     const { batch, tokens, width } = axes(x, 'batch tokens width')
 *
 * A name may carry a size that must hold: `axes(x, 'batch 3 height width')`. A size that is named at run time (a varying
 * batch) goes into reshape() and expand() like a number; arithmetic with it throws and says how to write it.
 */
export function axes<Spec extends string>(x: Tensor, spec: Spec): Record<Names<Spec>, number> {
  const names = spec.split(' ')
  const fail = (problem: string): never => {
    throw new ShapeError({ operation: `read the axes "${spec}" of`, shapes: [x.shape], where: x.where, problem })
  }
  if (names.length !== x.rank) fail(`${names.length} axes are named, the tensor has ${x.rank}`)
  return Object.fromEntries(
    names.map((name, i) => {
      const size = x.shape[i]
      const literal = Number(name)
      if (name !== '' && Number.isInteger(literal) && isStatic(size as number) && size !== literal)
        fail(`axis ${i} has size ${size}, not ${literal}`)
      return [name, size]
    }),
  ) as Record<Names<Spec>, number>
}
