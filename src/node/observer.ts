import type { Ledger, LedgerPosition, LedgerTransaction } from '../ledger/types.ts'
import { NodeError } from './errors.ts'
import type { OperationStore } from './operation-store.ts'
import type { UnresolvableRecord } from './records.ts'
import type { TransactionApplier } from './transaction-applier.ts'
import type { ReadTransaction, TransactionReader } from './transaction-reader.ts'

/** Transactions that are fetched and checked side by side; they are applied in order. */
const PARALLEL = 8
/** Operations that are read ahead of the one that is applied: they are held in memory. */
const READ_AHEAD = 25_000
/** First and longest wait before an unavailable transaction is tried again, in milliseconds. */
const RETRY = { first: 1_000, longest: 15 * 60_000 }

export interface ObserverParts {
  ledger: Ledger
  operations: OperationStore
  reader: TransactionReader
  applier: TransactionApplier
  /** Unix milliseconds. */
  now: () => number
  /** From 0 to 1, for the jitter of retries. */
  random: () => number
  /** Wait between looks at the ledger, in milliseconds, where nothing says that there is something new. Default 5,000. */
  pollMs?: number
  /** What happened, for the log and the metrics. */
  onEvent?: (event: ObserverEvent) => void
}

export type ObserverEvent =
  | { type: 'applied'; transaction: LedgerTransaction; operations: number; late: boolean }
  | { type: 'invalid'; transaction: LedgerTransaction; code: string }
  | { type: 'unresolvable'; transaction: LedgerTransaction; code: string; attempts: number }
  | { type: 'reorganised'; reverted: number[] }
  | { type: 'failed'; error: unknown }

/**
 * Follows the ledger: takes each transaction in order, and tries those again whose files could not be had. One
 * loop, so that nothing else writes to the operation store. A failure of the ledger or the store ends a round, not
 * the loop.
 */
export class Observer {
  readonly #parts: ObserverParts
  readonly #stop = new AbortController()
  #wake: () => void = () => {}
  /** Something has asked for the next round. */
  #wanted = false
  #loop: Promise<void> | undefined
  /** When the next of the unavailable transactions is due: Unix milliseconds. At first they are to be looked at. */
  #nextRetry = 0
  #rounds = 0
  #waiters: { round: number; resolve: () => void; reject: (error: unknown) => void }[] = []
  reorganisations = 0
  lastError: unknown

  constructor(parts: ObserverParts) {
    this.#parts = parts
  }

  start(): void {
    const unsubscribe = this.#parts.ledger.onTransaction(() => this.#wake())
    this.#loop = this.#run().finally(unsubscribe)
  }

  get running(): boolean {
    return this.#loop !== undefined && !this.#stop.signal.aborted
  }

  /** Ends after the transaction at hand. */
  async stop(): Promise<void> {
    this.#stop.abort(stopping())
    this.#wake()
    await this.#loop
  }

  /**
   * Resolves once a look at all that is new on the ledger, begun after this call, has ended; rejects where that failed.
   * Does not wait for transactions whose files could not be had before.
   */
  caughtUp(): Promise<void> {
    if (this.#stop.signal.aborted) return Promise.reject(stopping())
    const done = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ round: this.#rounds + 1, resolve, reject })
    })
    this.#wake()
    return done
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      this.#wanted = false
      const { woken, end } = this.#sleepUntilWoken()
      this.#rounds++
      const round = this.#rounds
      const failure = await this.#attempt(() => this.#follow())
      this.#settle(round, failure)
      // Only then, so that files which do not come keep nobody waiting.
      if (failure === undefined) await this.#attempt(() => this.#retry())
      if (!this.#wanted) await woken
      end()
    }
    this.#settle(Number.POSITIVE_INFINITY, stopping())
  }

  #settle(round: number, failure: unknown): void {
    const ready = this.#waiters.filter(waiter => waiter.round <= round)
    this.#waiters = this.#waiters.filter(waiter => waiter.round > round)
    for (const { resolve, reject } of ready) {
      if (failure === undefined) resolve()
      else reject(failure)
    }
  }

  /** Promises that something asked for the next round, or that the wait is over; `end` ends it. */
  #sleepUntilWoken(): { woken: Promise<void>; end: () => void } {
    const { promise: woken, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, this.#parts.pollMs ?? 5_000)
    const end = () => {
      clearTimeout(timer)
      resolve()
    }
    this.#wake = () => {
      this.#wanted = true
      end()
    }
    return { woken, end }
  }

  /** What went wrong, if anything did. */
  async #attempt(part: () => Promise<void>): Promise<unknown> {
    try {
      await part()
      this.lastError = undefined
      return undefined
    } catch (error) {
      if (this.#stop.signal.aborted) return stopping()
      this.lastError = error
      this.#parts.onEvent?.({ type: 'failed', error })
      return error
    }
  }

  async #follow(): Promise<void> {
    for (let whole = false; !whole; ) {
      this.#stop.signal.throwIfAborted()
      await this.#followReorganisation()
      whole = await this.#followNew()
    }
  }

  async #followReorganisation(): Promise<void> {
    const { ledger, operations, applier, onEvent } = this.#parts
    const cursor = operations.cursor()
    if (cursor === undefined) return
    const reorganisation = await ledger.reorganised(cursor)
    if (!reorganisation.changed) return
    const reverted = await applier.revert(reorganisation.newestValid)
    this.reorganisations++
    onEvent?.({ type: 'reorganised', reverted })
  }

  /**
   * Takes what is new in order, while what comes next is fetched and checked already. Returns false where the ledger
   * was reorganised meanwhile.
   */
  async #followNew(): Promise<boolean> {
    const ahead: Reading[] = []
    const upcoming = this.#upcoming(this.#parts.operations.cursor())
    let whole = true
    for (let more = true; more || ahead.length > 0; ) {
      while (more && ahead.length < PARALLEL && weightOf(ahead) < READ_AHEAD) {
        const next = await upcoming.next()
        if (next.done === true) [more, whole] = [false, next.value]
        else ahead.push(this.#begin(next.value))
      }
      const reading = ahead.shift()
      if (reading === undefined) return whole
      const { transaction, firstSeen } = reading
      const position = { number: transaction.number, timeHash: transaction.timeHash }
      await this.#take(transaction, await reading.result, firstSeen, position)
      this.#stop.signal.throwIfAborted()
    }
    return whole
  }

  /**
   * Transactions after a position, until there are none: true; or until the ledger was reorganised between two calls,
   * so that what it gave does not follow on that position: false.
   */
  async *#upcoming(after: LedgerPosition | undefined): AsyncGenerator<LedgerTransaction, boolean> {
    const { ledger } = this.#parts
    for (let position = after; ; ) {
      const page = await ledger.transactions(position?.number, PARALLEL)
      if (position !== undefined && (await ledger.reorganised(position)).changed) return false
      yield* page
      const last = page.at(-1)
      if (last === undefined) return true
      position = { number: last.number, timeHash: last.timeHash }
    }
  }

  #begin(transaction: LedgerTransaction): Reading {
    const firstSeen = this.#parts.now()
    const operations = Math.max(1, Number.parseInt(transaction.anchorString, 10) || 0)
    return { transaction, firstSeen, operations, result: this.#read(transaction, firstSeen) }
  }

  #read(transaction: LedgerTransaction, firstSeen: number): Promise<ReadTransaction> {
    const reading = this.#parts.reader.read(transaction, firstSeen, this.#stop.signal)
    // A later transaction may fail before its turn to be awaited: that is not an unhandled rejection.
    reading.catch(() => {})
    return reading
  }

  async #take(
    transaction: LedgerTransaction,
    read: ReadTransaction,
    firstSeen: number,
    cursor?: LedgerPosition,
    attempts = 0,
  ): Promise<void> {
    const { applier, onEvent } = this.#parts
    if (read.status === 'unresolvable') {
      const record = this.#postponed(transaction, read, firstSeen, attempts + 1)
      await applier.postpone(record, cursor)
      onEvent?.({ type: 'unresolvable', transaction, code: read.cause.code, attempts: record.attempts })
      return
    }
    await applier.apply(read.record, read.operations, cursor)
    if (read.record.outcome === 'invalid') {
      onEvent?.({ type: 'invalid', transaction, code: read.record.problems[0]?.code ?? '' })
    } else {
      onEvent?.({
        type: 'applied',
        transaction,
        operations: read.operations.length,
        late: cursor === undefined,
      })
    }
  }

  #postponed(
    transaction: LedgerTransaction,
    { cause, names, unread }: Extract<ReadTransaction, { status: 'unresolvable' }>,
    firstSeen: number,
    attempts: number,
  ): UnresolvableRecord {
    const { now, random } = this.#parts
    const wait = Math.min(RETRY.first * 2 ** Math.min(attempts - 1, 20), RETRY.longest)
    const nextAttempt = now() + Math.round(wait * (0.5 + random() / 2))
    this.#nextRetry = Math.min(this.#nextRetry, nextAttempt)
    return { transaction, firstSeen, attempts, nextAttempt, cause, names, unread }
  }

  /** Tries unavailable transactions again that are due: some, and all unless a new look at the ledger is wanted. */
  async #retry(): Promise<void> {
    const { operations, now } = this.#parts
    if (now() < this.#nextRetry) return
    const all = await operations.unresolvables()
    const due = all.filter(record => record.nextAttempt <= now())
    for (let i = 0; i < due.length && (i === 0 || !this.#wanted); i += PARALLEL) {
      const part = due.slice(i, i + PARALLEL)
      const reading = part.map(record => this.#read(record.transaction, record.firstSeen))
      for (const [j, record] of part.entries()) {
        const read = await (reading[j] as Promise<ReadTransaction>)
        await this.#take(record.transaction, read, record.firstSeen, undefined, record.attempts)
        this.#stop.signal.throwIfAborted()
      }
    }
    const left = (await operations.unresolvables()).map(record => record.nextAttempt)
    this.#nextRetry = Math.min(...left)
  }
}

/** A transaction that is being read. */
interface Reading {
  transaction: LedgerTransaction
  firstSeen: number
  /** As the anchor string declares them. */
  operations: number
  result: Promise<ReadTransaction>
}

function weightOf(readings: readonly Reading[]): number {
  return readings.reduce((sum, reading) => sum + reading.operations, 0)
}

function stopping(): NodeError {
  return new NodeError('NODE_STOPPING', 'the node is stopping')
}
