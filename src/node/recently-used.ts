/**
 * The values that were used last, up to a number of them; others are forgotten. They are kept in two generations:
 * when the newer one is full, the older one is dropped as a whole and the newer takes its place. That forgets about as
 * well as a list in order of use, and no entry has to be moved or searched for.
 */
export class RecentlyUsed<T> {
  readonly #half: number
  #newer = new Map<string, T>()
  #older = new Map<string, T>()

  /** @param max at least 2 */
  constructor(max: number) {
    this.#half = Math.max(1, Math.floor(max / 2))
  }

  get(key: string): T | undefined {
    const value = this.#newer.get(key)
    if (value !== undefined) return value
    const old = this.#older.get(key)
    if (old !== undefined) this.set(key, old)
    return old
  }

  set(key: string, value: T): void {
    if (this.#newer.size >= this.#half && !this.#newer.has(key)) {
      this.#older = this.#newer
      this.#newer = new Map()
    }
    this.#newer.set(key, value)
  }

  delete(key: string): void {
    this.#newer.delete(key)
    this.#older.delete(key)
  }
}
