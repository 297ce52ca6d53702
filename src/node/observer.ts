import type { Ledger, LedgerPosition, LedgerTransaction } from '../ledger/types.ts'
import { NodeError } from './errors.ts'
import type { OperationStore } from './operation-store.ts'
import type { UnresolvableRecord } from './records.ts'
import type { TransactionApplier } from './transaction-applier.ts'
import type { ReadTransaction, TransactionReader } from './transaction-reader.ts'

/** Transactions that are fetched and checked side by side; they are applied in order. */
const PARALLEL = 8
/** Operations that are read ahead of the one that is applied: they are held in memory. */
const READ_AHEAD = 15_000
/** First and longest wait before an unavailable transaction is tried again, in milliseconds. */
const RETRY = { first: 1_000, longest: 15 * 60_000 }
/** Unavailable transactions that are tried in one round. */
const RETRY_ROUND = 100

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
  #loop: Promise<void> | undefined
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

  /** Resolves once a whole look at the ledger that begins after this call has ended; rejects where that failed. */
  caughtUp(): Promise<void> {
    const done = new Promise<void>((resolve, reject) => {
      this.#waiters.push({ round: this.#rounds + 1, resolve, reject })
    })
    this.#wake()
    return done
  }

  async #run(): Promise<void> {
    while (!this.#stop.signal.aborted) {
      const woken = this.#sleepUntilWoken()
      this.#rounds++
      const round = this.#rounds
      const failure = await this.#round()
      this.#settle(round, failure)
      if (this.#waiters.length === 0) await woken
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

  /** Promises that something asked for the next round, or that the wait is over. */
  #sleepUntilWoken(): Promise<void> {
    return new Promise(resolve => {
      const timer = setTimeout(() => resolve(), this.#parts.pollMs ?? 5_000)
      this.#wake = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  async #round(): Promise<unknown> {
    try {
      await this.#followReorganisation()
      await this.#followNew()
      await this.#retry()
      this.lastError = undefined
      return undefined
    } catch (error) {
      if (this.#stop.signal.aborted) return stopping()
      this.lastError = error
      this.#parts.onEvent?.({ type: 'failed', error })
      return error
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

  /** Takes what is new in order, while what comes next is fetched and checked already. */
  async #followNew(): Promise<void> {
    const ahead: Reading[] = []
    const upcoming = this.#upcoming(this.#parts.operations.cursor()?.number)
    for (let more = true; more || ahead.length > 0; ) {
      while (more && ahead.length < PARALLEL && weightOf(ahead) < READ_AHEAD) {
        const next = await upcoming.next()
        if (next.done === true) more = false
        else ahead.push(this.#begin(next.value))
      }
      const reading = ahead.shift()
      if (reading === undefined) return
      const { transaction, firstSeen } = reading
      const position = { number: transaction.number, timeHash: transaction.timeHash }
      await this.#take(transaction, await reading.result, firstSeen, position)
      this.#stop.signal.throwIfAborted()
    }
  }

  /** Transactions after a number, until there are none. */
  async *#upcoming(after: number | undefined): AsyncGenerator<LedgerTransaction> {
    for (let cursor = after; ; ) {
      const page = await this.#parts.ledger.transactions(cursor, PARALLEL)
      yield* page
      const last = page.at(-1)
      if (last === undefined) return
      cursor = last.number
    }
  }

  #begin(transaction: LedgerTransaction): Reading {
    const firstSeen = this.#parts.now()
    const operations = Math.max(1, Number.parseInt(transaction.anchorString, 10) || 0)
    return { transaction, firstSeen, operations, result: this.#read(transaction, firstSeen) }
  }

  async #read(transaction: LedgerTransaction, firstSeen: number): Promise<ReadTransaction> {
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
    { cause, names }: Extract<ReadTransaction, { status: 'unresolvable' }>,
    firstSeen: number,
    attempts: number,
  ): UnresolvableRecord {
    const { now, random } = this.#parts
    const wait = Math.min(RETRY.first * 2 ** Math.min(attempts - 1, 20), RETRY.longest)
    const nextAttempt = now() + Math.round(wait * (0.5 + random() / 2))
    return { transaction, firstSeen, attempts, nextAttempt, cause, names }
  }

  async #retry(): Promise<void> {
    const { operations, now } = this.#parts
    const due = (await operations.unresolvables())
      .filter(record => record.nextAttempt <= now())
      .slice(0, RETRY_ROUND)
    for (let i = 0; i < due.length; i += PARALLEL) {
      const part = due.slice(i, i + PARALLEL)
      const reading = part.map(record => this.#read(record.transaction, record.firstSeen))
      for (const [j, record] of part.entries()) {
        const read = await (reading[j] as Promise<ReadTransaction>)
        await this.#take(record.transaction, read, record.firstSeen, undefined, record.attempts)
        this.#stop.signal.throwIfAborted()
      }
    }
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
