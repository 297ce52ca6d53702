import type { OperationRefusal } from './admission.ts'

/** What a ledger can refuse or fail at. */
export type LedgerErrorCode =
  | 'LEDGER_ANCHOR_INVALID'
  /** A stamp that no leaf can hold. */
  | 'LEDGER_STAMP_INVALID'
  /** Bytes that are no proof of a stamp. */
  | 'LEDGER_STAMP_PROOF_INVALID'
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
  /** Files of an anchor cannot be had, so that the log cannot state the map over it. */
  | 'LEDGER_FILES_UNAVAILABLE'
  /** A `map` leaf states another root than the anchors before it come to. */
  | 'LEDGER_MAP_WRONG'
  | 'LEDGER_TRANSACTION_UNKNOWN'
  | 'LEDGER_UNREACHABLE'
  /** Nothing is anchored here: the ledger is another's, and is only followed. */
  | 'LEDGER_READ_ONLY'
  /** What was sent is no checkpoint that the followed log has signed. */
  | 'LEDGER_CHECKPOINT_REFUSED'
  /** The followed log shows a checkpoint that is older than the newest one known here. */
  | 'LEDGER_CHECKPOINT_OLD'
  /** A checkpoint lacks the cosignatures that the policy asks for. */
  | 'LEDGER_QUORUM_MISSING'
  /** Tiles or entries that were sent are not those of the signed tree. */
  | 'LEDGER_SOURCE_INVALID'
  /** A leaf of the followed log is older than the one before it, or from the future. */
  | 'LEDGER_LEAF_TIME'
  /** Nobody has shown for long that the newest checkpoint known here is still the newest. */
  | 'LEDGER_STALE'
  /** The followed log has signed two histories: it is not followed any further. */
  | 'LEDGER_FROZEN'
  /** The log does not admit an entry: its files break a rule, or operations do not apply. */
  | 'LEDGER_ENTRY_REFUSED'
  /** The log does not admit an entry as long as it does not hold every file that the entry names. */
  | 'LEDGER_FILES_MISSING'
  /** Bytes that are no receipt of a submission which the log has signed. */
  | 'LEDGER_RECEIPT_INVALID'
  /** The log does not take this writer's submissions: for the writer to mend. */
  | 'LEDGER_WRITER_REFUSED'
  /** Bytes that are no evidence against a log. */
  | 'LEDGER_EVIDENCE_INVALID'

/** A ledger that refuses or cannot do what was asked. */
export class LedgerError extends Error {
  override readonly name = 'LedgerError'
  readonly code: LedgerErrorCode
  /** Of a LEDGER_ENTRY_REFUSED: the operations that do not apply; empty where it is the batch that breaks a rule. */
  readonly refusals: readonly OperationRefusal[]
  /** Of a LEDGER_ENTRY_REFUSED for the batch as a whole: the protocol's code. */
  readonly reason: string | undefined

  constructor(code: LedgerErrorCode, message: string, cause?: unknown, details: RefusalDetails = {}) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.refusals = details.refusals ?? []
    this.reason = details.reason
  }
}

/** What is said of an entry that was refused. */
export interface RefusalDetails {
  refusals?: readonly OperationRefusal[]
  reason?: string
}
