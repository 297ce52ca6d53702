import { ApiError } from './errors.ts'

/** Bounds how many requests of a costly kind are under way; what is above is refused at once. */
export class Gate {
  readonly #limit: number
  readonly #what: string
  #inside = 0

  /** @param what names the requests, for the refusal */
  constructor(limit: number, what: string) {
    this.#limit = limit
    this.#what = what
  }

  /**
   * Takes a place, and returns what gives it back; that may be called more than once.
   * @throws ApiError BUSY
   */
  enter(): () => void {
    if (this.#inside >= this.#limit) {
      throw new ApiError('BUSY', `${this.#limit} ${this.#what} are under way already`)
    }
    this.#inside++
    let left = false
    return () => {
      if (!left) this.#inside--
      left = true
    }
  }

  /** Does some work in a place of its own. @throws ApiError BUSY */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const leave = this.enter()
    try {
      return await work()
    } finally {
      leave()
    }
  }
}
