/**
 * A text that two values share exactly when they hold the same numbers, strings, arrays and plain objects. Unlike JSON it tells
 * NaN, the infinities, -0 and undefined apart. `opaque` speaks for every other object and for functions.
 */
export function fingerprint(value: unknown, opaque: (value: object) => string): string {
  switch (typeof value) {
    case 'number':
      return Object.is(value, -0) ? '-0' : `${value}`
    case 'string':
      return JSON.stringify(value)
    case 'bigint':
      return `${value}n`
    case 'function':
      return opaque(value)
    case 'object': {
      if (value === null) return 'null'
      if (Array.isArray(value)) return `[${value.map((item) => fingerprint(item, opaque)).join()}]`
      const prototype = Object.getPrototypeOf(value)
      if (prototype !== Object.prototype && prototype !== null) return opaque(value)
      let text = '{'
      for (const key in value) text += `${JSON.stringify(key)}:${fingerprint(value[key as keyof typeof value], opaque)},`
      return `${text}}`
    }
    default:
      return String(value)
  }
}

/** Numbers objects in the order in which it meets them, for fingerprints of what is equal only to itself. */
export function numbering(): (value: object) => string {
  const known = new WeakMap<object, string>()
  let count = 0
  return (value) => {
    const found = known.get(value) ?? `#${count++}`
    known.set(value, found)
    return found
  }
}
