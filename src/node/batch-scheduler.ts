import type { BatchWriter } from './batch-writer.ts'
import type { OperationQueue } from './queue.ts'

/** Longest wait after a batch that failed, in milliseconds. */
const LONGEST_RETRY = 10_000

export interface BatchSchedulerParts {
  queue: OperationQueue
  writer: BatchWriter
  /** Resolves once all that is on the ledger now has been looked at. */
  caughtUp: () => Promise<void>
  /** Wait for more operations before a batch is cut, in milliseconds. Default 1,000. */
  batchIntervalMs?: number
  onEvent?: (
    event: { type: 'batched'; operations: number } | { type: 'batch-failed'; error: unknown },
  ) => void
}

/** Has batches written while operations wait, one at a time, and again later where that failed. */
export class BatchScheduler {
  readonly #parts: BatchSchedulerParts
  readonly #interval: number
  #timer: NodeJS.Timeout | undefined
  #running: Promise<void> = Promise.resolve()
  #failures = 0
  #stopped = false
  readonly #stopping = Promise.withResolvers<void>()
  lastError: unknown

  constructor(parts: BatchSchedulerParts) {
    this.#parts = parts
    this.#interval = parts.batchIntervalMs ?? 1_000
  }

  /** Begins to finish what the last process began, and to go on with what waits. */
  start(): void {
    void this.flush()
  }

  /** Says that an operation waits. */
  wake(): void {
    if (this.#stopped || this.#timer !== undefined) return
    const wait =
      this.#failures === 0 ? this.#interval : Math.min(this.#interval * 2 ** this.#failures, LONGEST_RETRY)
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      void this.flush()
    }, wait)
  }

  /** Writes one batch now; a failure is kept in `lastError` and tried again later. */
  flush(): Promise<void> {
    this.#running = this.#running.then(() => this.#write())
    return this.#running
  }

  /** Ends after the batch at hand; one that only waits for the ledger to be read is not begun. */
  async stop(): Promise<void> {
    this.#stopped = true
    this.#stopping.resolve()
    clearTimeout(this.#timer)
    await this.#running
  }

  async #write(): Promise<void> {
    const { queue, writer, caughtUp, onEvent } = this.#parts
    if (this.#stopped) return
    try {
      await writer.resume()
      if (queue.size > 0) {
        await Promise.race([caughtUp(), this.#stopping.promise])
        if (this.#stopped) return
        const operations = await writer.write()
        if (operations > 0) onEvent?.({ type: 'batched', operations })
      }
      this.#failures = 0
      this.lastError = undefined
    } catch (error) {
      this.#failures++
      this.lastError = error
      onEvent?.({ type: 'batch-failed', error })
    }
    if (queue.size > 0) this.wake()
  }
}
