import { GeneraError } from './errors.js'

/** The size of an axis: a number, or a named size (`batch`, `time`) that is known only when the program runs. */
export type Dimension = number | NamedSize

/** `floor(dividend / divisor)`, for sizes that do not divide exactly. */
interface Quotient {
  readonly dividend: Dimension
  readonly divisor: Dimension
}

type Atom = string | Quotient

interface Term {
  readonly coefficient: number
  readonly atoms: readonly Atom[]
}

/**
 * A polynomial in named sizes, in canonical form: `2*batch*time + 3`. Two equal polynomials print the same, so equality
 * is equality of strings.
 */
export class NamedSize {
  readonly text: string
  constructor(readonly terms: readonly Term[]) {
    this.text = terms.map(printTerm).join(' + ')
  }

  toString(): string {
    return this.text
  }

  toJSON(): string {
    return this.text
  }

  [Symbol.toPrimitive](hint: string): string {
    if (hint === 'string') return this.text
    throw new GeneraError(
      'named-size',
      `Cannot do plain arithmetic with the named size "${this.text}": its value is known only at run time`,
      'Use times(), plus() and dividedBy() from genera/graph, or trace with a static shape',
    )
  }
}

const printAtom = (atom: Atom): string => (typeof atom === 'string' ? atom : `floor((${atom.dividend})/(${atom.divisor}))`)
const printAtoms = (atoms: readonly Atom[]): string => atoms.map(printAtom).sort().join('*')
const printTerm = ({ coefficient, atoms }: Term): string =>
  atoms.length === 0 ? `${coefficient}` : coefficient === 1 ? printAtoms(atoms) : `${coefficient}*${printAtoms(atoms)}`

/** A named size. The same name always means the same size within one traced program. */
export const named = (name: string): NamedSize => new NamedSize([{ coefficient: 1, atoms: [name] }])

export const isStatic = (size: Dimension): size is number => typeof size === 'number'

const termsOf = (size: Dimension): readonly Term[] => (isStatic(size) ? (size === 0 ? [] : [{ coefficient: size, atoms: [] }]) : size.terms)

function fromTerms(terms: readonly Term[]): Dimension {
  const merged = new Map<string, Term>()
  for (const term of terms) {
    const key = printAtoms(term.atoms)
    merged.set(key, { coefficient: (merged.get(key)?.coefficient ?? 0) + term.coefficient, atoms: term.atoms })
  }
  const kept = [...merged].filter(([, term]) => term.coefficient !== 0).sort(([a], [b]) => (a === '' ? 1 : b === '' ? -1 : a < b ? -1 : 1))
  if (kept.length === 0) return 0
  const [first] = kept as [[string, Term]]
  return kept.length === 1 && first[0] === '' ? first[1].coefficient : new NamedSize(kept.map(([, term]) => term))
}

export function plus(a: Dimension, b: Dimension): Dimension {
  return isStatic(a) && isStatic(b) ? a + b : fromTerms([...termsOf(a), ...termsOf(b)])
}

export const minus = (a: Dimension, b: Dimension): Dimension => plus(a, times(b, -1))

export function times(...sizes: readonly Dimension[]): Dimension {
  return sizes.reduce<Dimension>((a, b) => {
    if (isStatic(a) && isStatic(b)) return a * b
    return fromTerms(
      termsOf(a).flatMap((x) => termsOf(b).map((y) => ({ coefficient: x.coefficient * y.coefficient, atoms: [...x.atoms, ...y.atoms] }))),
    )
  }, 1)
}

/** `floor(a / b)`; exact division of a polynomial by a single term stays a polynomial. */
export function dividedBy(a: Dimension, b: Dimension): Dimension {
  if (isStatic(a) && isStatic(b)) return Math.floor(a / b)
  return exactQuotient(a, b) ?? new NamedSize([{ coefficient: 1, atoms: [{ dividend: a, divisor: b }] }])
}

/** `a / b` when `b` is a single term that divides every term of `a`; undefined otherwise. */
export function exactQuotient(a: Dimension, b: Dimension): Dimension | undefined {
  if (sameSize(a, b)) return 1
  const [divisor, ...others] = termsOf(b)
  if (!divisor || others.length > 0) return undefined
  const out: Term[] = []
  for (const { coefficient, atoms } of termsOf(a)) {
    if (coefficient % divisor.coefficient !== 0) return undefined
    const left = [...atoms]
    for (const atom of divisor.atoms) {
      const found = left.findIndex((candidate) => printAtom(candidate) === printAtom(atom))
      if (found < 0) return undefined
      left.splice(found, 1)
    }
    out.push({ coefficient: coefficient / divisor.coefficient, atoms: left })
  }
  return fromTerms(out)
}

export const sameSize = (a: Dimension, b: Dimension): boolean => a === b || String(a) === String(b)

/** The number that a size stands for once every name in it has a value. */
export function valueOfSize(size: Dimension, names: ReadonlyMap<string, number>): number {
  let total = 0
  for (const { coefficient, atoms } of termsOf(size)) {
    let product = coefficient
    for (const atom of atoms) {
      if (typeof atom === 'string') {
        const value = names.get(atom)
        if (value === undefined) throw new GeneraError('named-size', `The named size "${atom}" has no value`)
        product *= value
      } else product *= Math.floor(valueOfSize(atom.dividend, names) / valueOfSize(atom.divisor, names))
    }
    total += product
  }
  return total
}
