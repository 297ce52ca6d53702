/** What a ledger can refuse or fail at. */
export type LedgerErrorCode =
  | 'LEDGER_ANCHOR_INVALID'
  | 'LEDGER_CLOCK_BEHIND'
  | 'LEDGER_CLOCK_AHEAD'
  | 'LEDGER_CLOSED'
  | 'LEDGER_HEAD_MOVED'
  | 'LEDGER_ROLLED_BACK'
  | 'LEDGER_CORRUPT'
  | 'LEDGER_KEY_MISMATCH'
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
