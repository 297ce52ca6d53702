import { uptime } from 'node:os'
import { LedgerError } from '../errors.ts'
import { rfc3339 } from '../time.ts'

/** What tells the log the time. */
export interface LogClock {
  /** Unix milliseconds. */
  now(): number
  /**
   * Milliseconds from some moment on, by a clock that nobody sets and that goes on while the machine sleeps. Where
   * there is one, a clock that is moved far ahead while the log is open is noticed.
   */
  elapsed?(): number
}

/** The clocks of this machine. */
export const systemClock: LogClock = { now: Date.now, elapsed: () => uptime() * 1000 }

/** 2020-01-01: before this software was written, so that a machine that wakes without a clock is noticed. */
const EARLIEST = 1_577_836_800
/** How far the clock may run ahead of `elapsed` before it counts as set wrongly. */
const MAX_DRIFT_MS = 24 * 3600 * 1000
/** How long after the last leaf the next one may come: clocks that lose their epoch are off by more. */
const MAX_GAP_SECONDS = 5 * 366 * 24 * 3600

/**
 * The log's rules for time. It never decreases from leaf to leaf; the log does not append while its clock is behind
 * the last leaf or behind what it has vouched for. It does not append either while its clock is implausibly ahead,
 * since one leaf from the future would stop the log until then: more than a day beyond what has elapsed since the
 * log was opened, or more than five years after the last leaf.
 */
export class LeafClock {
  readonly #clock: LogClock
  readonly #start: { now: number; elapsed: number | undefined }
  /** No leaf before this second: `vouched` has told someone so. */
  #noneBefore = EARLIEST

  constructor(clock: LogClock) {
    this.#clock = clock
    this.#start = { now: clock.now(), elapsed: clock.elapsed?.() }
  }

  /**
   * Time of the next leaf, in Unix seconds.
   * @param last time of the last leaf
   * @throws LedgerError LEDGER_CLOCK_BEHIND, LEDGER_CLOCK_AHEAD
   */
  next(last: number | undefined): number {
    const now = this.#clock.now()
    const time = Math.floor(now / 1000)
    const floor = Math.max(last ?? 0, this.#noneBefore)
    if (!(time >= floor)) {
      throw new LedgerError(
        'LEDGER_CLOCK_BEHIND',
        `the clock says ${rfc3339(time)}, and the log is at ${rfc3339(floor)} already`,
      )
    }
    if (time - (last ?? time) > MAX_GAP_SECONDS || this.#drift(now) > MAX_DRIFT_MS) {
      throw new LedgerError(
        'LEDGER_CLOCK_AHEAD',
        `the clock says ${rfc3339(time)}, which is implausibly far ahead; set it right, or open the log again if it is`,
      )
    }
    return time
  }

  /**
   * The second up to which the log can say that no more leaves will come: the one before now, or the last leaf's where
   * that is later or the clock cannot be believed.
   */
  vouched(last: number | undefined): number {
    try {
      const now = this.next(last)
      this.#noneBefore = now
      return Math.max(last ?? 0, now - 1)
    } catch (error) {
      if (error instanceof LedgerError) return last ?? 0
      throw error
    }
  }

  #drift(now: number): number {
    const elapsed = this.#clock.elapsed?.()
    if (elapsed === undefined || this.#start.elapsed === undefined) return 0
    return now - this.#start.now - (elapsed - this.#start.elapsed)
  }
}
