/** Longest wait after looks that failed, in milliseconds. */
const LONGEST_WAIT = 60_000

export interface FollowLoopParts {
  /** One look; gives false where it failed. */
  look: (signal: AbortSignal) => Promise<boolean>
  /** Wait between looks, in milliseconds. */
  pollMs: number
  /** From 0 to 1, for the jitter of waits. */
  random: () => number
}

/** Looks again and again: soon after one that succeeded, ever later after ones that failed. */
export class FollowLoop {
  readonly #parts: FollowLoopParts
  readonly #stop = new AbortController()
  readonly #looked = Promise.withResolvers<void>()
  #running: Promise<void> | undefined
  #wake: () => void = () => {}

  constructor(parts: FollowLoopParts) {
    this.#parts = parts
  }

  /** Begins; returns once the first look has ended, however it did. */
  start(): Promise<void> {
    this.#running ??= this.#run()
    return this.#looked.promise
  }

  /** Ends the look that is under way. */
  async stop(): Promise<void> {
    this.#stop.abort()
    this.#wake()
    await this.#running
  }

  async #run(): Promise<void> {
    const { look } = this.#parts
    const { signal } = this.#stop
    for (let failures = 0; !signal.aborted; ) {
      failures = (await look(signal)) ? 0 : failures + 1
      this.#looked.resolve()
      if (!signal.aborted) await this.#sleep(this.#wait(failures))
    }
  }

  /** Between half of the wait and all of it, so that followers do not come together. */
  #wait(failures: number): number {
    const { pollMs, random } = this.#parts
    const longest = Math.max(pollMs, LONGEST_WAIT)
    return Math.min(pollMs * 2 ** Math.min(failures, 20), longest) * (0.5 + random() / 2)
  }

  #sleep(ms: number): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }
}
