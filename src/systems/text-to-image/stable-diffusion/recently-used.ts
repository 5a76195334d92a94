interface Entry<Value> {
  readonly value: Value
  users: number
}

/** A use of a kept value; to be given back once. */
export interface Use<Value> {
  readonly value: Value
  release(): Promise<void>
}

/** Values by name that cost memory to keep and time to make: the `most` latest stay, and those in use. */
export class RecentlyUsed<Value> {
  /** The latest last. */
  readonly #entries = new Map<string, Entry<Value>>()

  constructor(
    readonly most: number,
    readonly free: (value: Value) => Promise<void>,
  ) {}

  get size(): number {
    return this.#entries.size
  }

  take(name: string, make: () => Value): Use<Value> {
    const entry = this.#entries.get(name) ?? { value: make(), users: 0 }
    this.#entries.delete(name)
    this.#entries.set(name, entry)
    entry.users++
    return {
      value: entry.value,
      release: async () => {
        entry.users--
        await this.#shrink(this.most)
      },
    }
  }

  /** Frees everything that is not in use. */
  clear(): Promise<void> {
    return this.#shrink(0)
  }

  async #shrink(most: number): Promise<void> {
    for (const [name, { value, users }] of [...this.#entries]) {
      if (this.#entries.size <= most) return
      if (users > 0) continue
      this.#entries.delete(name)
      await this.free(value)
    }
  }
}
