import { elementwiseRows } from './elementwise.js'
import { gatherRows } from './gather.js'
import { normalisationRows } from './normalisation.js'
import { productRows } from './products.js'
import { reduceRows } from './reduce.js'
import { shapingRows } from './shaping.js'

/** Every operation by family; one family is one program. A new family is one file and one line here. */
export const families = {
  'element-wise': elementwiseRows,
  reductions: reduceRows,
  shaping: shapingRows,
  indices: gatherRows,
  products: productRows,
  normalisation: normalisationRows,
} as const
