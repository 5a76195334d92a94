/** A binary heap; on top is the item that comes before all others. */
export class Heap<T> {
  readonly #items: T[] = []

  constructor(private readonly before: (a: T, b: T) => boolean) {}

  push(item: T): void {
    const items = this.#items
    let at = items.push(item) - 1
    while (at > 0) {
      const parent = (at - 1) >> 1
      if (!this.before(item, items[parent] as T)) break
      items[at] = items[parent] as T
      at = parent
    }
    items[at] = item
  }

  /** Takes the top off. */
  pop(): T | undefined {
    const items = this.#items
    const top = items[0]
    const item = items.pop()
    if (item === undefined || items.length === 0) return top
    for (let at = 0; ; ) {
      let child = 2 * at + 1
      if (child + 1 < items.length && this.before(items[child + 1] as T, items[child] as T)) child++
      if (child >= items.length || !this.before(items[child] as T, item)) {
        items[at] = item
        return top
      }
      items[at] = items[child] as T
      at = child
    }
  }
}
