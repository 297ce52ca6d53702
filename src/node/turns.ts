/** Work that is under way or waits, by what it is about. */
interface Turn {
  names: ReadonlySet<string>
  done: Promise<void>
}

/** Runs pieces of work that are about a common name one after the other, in the order of the calls; others side by side. */
export class Turns {
  readonly #turns = new Set<Turn>()

  /** Does `work` once all that was asked for before and has a name in common has ended, however that ended. */
  async run<T>(names: ReadonlySet<string>, work: () => Promise<T>): Promise<T> {
    const before = [...this.#turns].filter(turn => !turn.names.isDisjointFrom(names))
    const { promise: done, resolve } = Promise.withResolvers<void>()
    const turn = { names, done }
    this.#turns.add(turn)
    try {
      await Promise.all(before.map(other => other.done))
      return await work()
    } finally {
      this.#turns.delete(turn)
      resolve()
    }
  }
}
