/** What a ledger can refuse or fail at. */
export type LedgerErrorCode =
  | 'LEDGER_ANCHOR_INVALID'
  /** Bytes that are no leaf of this log. */
  | 'LEDGER_LEAF_INVALID'
  | 'LEDGER_CLOCK_BEHIND'
  | 'LEDGER_CLOCK_AHEAD'
  | 'LEDGER_CLOSED'
  /** Another log of this process has the same database open. */
  | 'LEDGER_IN_USE'
  /** Something else has written to the log's database. */
  | 'LEDGER_HEAD_MOVED'
  /** The database is older than a checkpoint that was published from it. */
  | 'LEDGER_ROLLED_BACK'
  | 'LEDGER_CORRUPT'
  | 'LEDGER_KEY_MISMATCH'
  /** The anchor may be on the ledger or not: look at `transactions` before it is anchored again. */
  | 'LEDGER_OUTCOME_UNKNOWN'
  | 'LEDGER_TRANSACTION_UNKNOWN'
  | 'LEDGER_UNREACHABLE'

/** A ledger that refuses or cannot do what was asked. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly code: LedgerErrorCode

  constructor(code: LedgerErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
