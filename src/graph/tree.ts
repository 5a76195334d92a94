/** Nested arrays and objects with values of one kind at the leaves: parameters, batches, states. */
export type Tree<T> = T | readonly Tree<T>[] | { readonly [key: string]: Tree<T> }

/** A tree in which some leaves are not of the mapped kind: numbers, strings and the like stay as they are. */
export type Static = string | number | bigint | boolean | null | undefined

/**
 * The leaves of a tree in a fixed order (keys as they were inserted), and a function that builds a tree of the same form
 * from other leaves. What is neither a leaf nor an array nor a plain object stays in place.
 */
export function flatten<T, Whole = unknown>(
  tree: Whole,
  isLeaf: (value: unknown) => value is T,
): { leaves: T[]; paths: string[]; rebuild: <U>(leaves: readonly U[]) => unknown } {
  const leaves: T[] = []
  const paths: string[] = []
  const visit = (value: unknown, path: string): void => {
    if (isLeaf(value)) {
      leaves.push(value)
      paths.push(path)
    } else if (Array.isArray(value)) value.forEach((item, i) => void visit(item, join(path, i)))
    else if (isPlainObject(value)) for (const key of Object.keys(value)) visit(value[key], join(path, key))
  }
  visit(tree, '')
  const rebuild = <U>(replacements: readonly U[]): unknown => {
    let next = 0
    const copy = (value: unknown): unknown => {
      if (isLeaf(value)) return replacements[next++]
      if (Array.isArray(value)) return value.map(copy)
      if (isPlainObject(value)) return Object.fromEntries(Object.keys(value).map((key) => [key, copy(value[key])]))
      return value
    }
    return copy(tree)
  }
  return { leaves, paths, rebuild }
}

/** A copy of the tree with every leaf replaced. */
export function mapTree<T, U>(tree: unknown, isLeaf: (value: unknown) => value is T, change: (leaf: T, path: string) => U): unknown {
  const { leaves, paths, rebuild } = flatten<T>(tree, isLeaf)
  return rebuild(leaves.map((leaf, i) => change(leaf, paths[i] as string)))
}

const join = (path: string, key: string | number): string => (path ? `${path}.${key}` : `${key}`)

export function isPlainObject(value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false
  const prototype = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}
