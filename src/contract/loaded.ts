/** A value that is expensive to load, with those who are using it. */
interface Entry<Value> {
  readonly value: Promise<Value>
  users: number
  retired: boolean
}

/** A use of a loaded value; to be given back once. */
export interface Use<Value> {
  readonly value: Promise<Value>
  release(): Promise<void>
}

/** Keeps loaded values by an owner (a runtime) and a name (a checkpoint), so that work on one loads it once. */
export class LoadedCache<Owner extends object, Value> {
  readonly #entries = new Map<Owner, Map<string, Entry<Value>>>()

  constructor(readonly free: (value: Value) => Promise<void> | void) {}

  /** A failed load leaves nothing behind. */
  take(owner: Owner, name: string, load: () => Promise<Value>): Use<Value> {
    const names = this.#entries.get(owner) ?? new Map<string, Entry<Value>>()
    this.#entries.set(owner, names)
    const entry = names.get(name) ?? { value: load(), users: 0, retired: false }
    names.set(name, entry)
    entry.value.catch(() => names.get(name) === entry && names.delete(name))
    entry.users++
    return {
      value: entry.value,
      release: async () => {
        entry.users--
        if (entry.retired && entry.users === 0) await this.#free(entry)
      },
    }
  }

  /** Frees everything that nobody uses; what is in use goes when its last user is done. */
  async clear(): Promise<void> {
    const entries = [...this.#entries.values()].flatMap((names) => [...names.values()])
    this.#entries.clear()
    for (const entry of entries) entry.retired = true
    await Promise.all(entries.filter(({ users }) => users === 0).map((entry) => this.#free(entry)))
  }

  async #free({ value }: Entry<Value>): Promise<void> {
    const loaded = await value.catch(() => undefined)
    if (loaded !== undefined) await this.free(loaded)
  }
}
