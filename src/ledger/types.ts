import type { CheckCode, Result, Root } from '../trust/types.ts'
import type { LedgerErrorCode } from './errors.ts'

/**
 * One anchoring transaction. `number` orders transactions of a ledger strictly, may have gaps, and is a safe
 * integer: an adapter whose numbers could pass 2^53 - 1 must refuse them (ion#240).
 */
export interface LedgerTransaction {
  number: number
  /** The ledger's own time, which protocol versions and anchorFrom / anchorUntil are compared with. Log: Unix
   * seconds of the leaf. Bitcoin: block height. */
  time: number
  /** UTC time, Unix seconds, which `versionTime` is compared with. Log: leaf time. Bitcoin: median time past. */
  timestamp: number
  /** Names the ledger state that the transaction is part of. Log: hex of the leaf hash. Bitcoin: block hash. */
  timeHash: string
  /** `<count>.<core index file URI>` (Sidetree v1, Anchoring). */
  anchorString: string
  /** Who anchored it, in the ledger's own terms. */
  writer: string
  /** What was paid, in the ledger's smallest unit; absent where the ledger has no fee. */
  fee?: number
  /** Value time lock that the writer named, where the ledger has one. */
  lock?: ValueTimeLock
}

/** A value time lock (Sidetree v1, Value Locking), in the ledger's smallest unit and its own time. */
export interface ValueTimeLock {
  identifier: string
  owner: string
  amountLocked: number
  /** Normalised fee when the lock began. */
  normalizedFee: number
  lockTime: number
  unlockTime: number
}

/** A point in the order of transactions, with the hash that shows whether it still stands. */
export interface LedgerPosition {
  number: number
  timeHash: string
}

/** The newest point that the ledger vouches for. */
export interface LedgerHead {
  /** Number of the newest transaction; undefined while there is none. */
  number: number | undefined
  /** Log: leaves of its tree, of which those behind the newest transaction are of other types. */
  size?: number
  /**
   * The ledger's own time and UTC time (Unix seconds) of the newest thing that it vouches for: no transaction with an
   * earlier time will come. Bitcoin: the newest block. Log: the time of the newest leaf, or its clock's where that
   * is later.
   */
  time: number
  timestamp: number
  /** When it was last heard that nothing is newer; absent where the ledger is on this machine. */
  confirmed?: Confirmation
}

/** What speaks for a head being the newest. */
export interface Confirmation {
  /** Unix seconds; undefined where it was not heard yet. */
  at: number | undefined
  /** A quorum of witnesses that have signed that time, or only whoever the ledger is read from. */
  by: 'witnesses' | 'source'
}

/** What an operator must know of a ledger that is not as it should be. */
export interface LedgerProblem {
  code: LedgerErrorCode
  /** One plain sentence, without a full stop; anyone may read it, so it names no address. */
  detail: string
}

/** What `reorganised` found: nothing, or the newest transaction that still stands (undefined: none does). */
export type Reorganisation = { changed: false } | { changed: true; newestValid: LedgerPosition | undefined }

/** What one can take away to show that a transaction is on the ledger. Each ledger kind has its own. */
export type LedgerProof = LogProof | WordProof

/** All that a ledger can give that proves nothing to others: its word, here and now. */
export interface WordProof {
  kind: 'word'
  transaction: LedgerTransaction
}

/** One thing that a proof shows, or fails to. */
export interface ProofCheck {
  code: Extract<
    CheckCode,
    | 'LEAF_ANCHOR'
    | 'LOG_INCLUSION'
    | 'LOG_CONSISTENCY'
    | 'CHECKPOINT_SIGNATURE'
    | 'CHECKPOINT_WITNESSED'
    | 'LEAF_TIME'
    | 'LEDGER_WORD'
  >
  result: Result
  /** One plain sentence. */
  detail: string
  /** Of a CHECKPOINT_WITNESSED: who has cosigned, as far as the policy knows them. */
  cosignatures?: Cosignature[]
  /**
   * Of a CHECKPOINT_WITNESSED that passes: sets of cosigners, by the ids of their roots, each set enough by itself. Of
   * many cosigners there is one set, of all.
   */
  quorums?: string[][]
}

/** A cosignature that was verified. */
export interface Cosignature {
  /** The cosigner: a root by its own key. */
  root: Root
  /** One plain sentence. */
  detail: string
}

/** Proof of a leaf in the embedded log (C2SP tlog-checkpoint, RFC 6962). */
export interface LogProof {
  kind: 'log'
  /** Bytes of the leaf. */
  leaf: Uint8Array
  index: number
  /** Sibling hashes, the leaf's own sibling first; 32 bytes each. */
  inclusion: Uint8Array[]
  /** The signed checkpoint, as a note. */
  checkpoint: string
}

/** The roots of trust that a ledger rests on, and what it cannot show. */
export interface LedgerDescription {
  kind: 'log' | 'bitcoin' | 'memory'
  /** Names the ledger: the log's origin, the network's name. */
  id: string
  /** What `time` of a transaction counts: Unix seconds, or blocks. */
  timeUnit: 'seconds' | 'blocks'
  roots: Root[]
  /** Plain sentences for the report. */
  cannotShow: string[]
  /** True where `anchor` always refuses: the ledger is another's. */
  readOnly?: true
  /** True where transactions may be missing anywhere: what was not handed over is not known. */
  partial?: true
}

/** Where operations are anchored. All adapters pass `test/ledger/suite.ts`. */
export interface Ledger {
  /**
   * Anchors, and returns once the transaction is durable. Anchoring the same string twice makes two
   * transactions: being called once is the caller's business.
   * @throws LedgerError. After LEDGER_OUTCOME_UNKNOWN the transaction may be there or not, and `transactions` tells;
   * after any other code it is not.
   */
  anchor(anchorString: string, writer: string): Promise<LedgerTransaction>
  /** Transactions after `after` (undefined: from the first; it need not exist), in order, at most `limit`. */
  transactions(after: number | undefined, limit: number): Promise<LedgerTransaction[]>
  head(): Promise<LedgerHead>
  reorganised(since: LedgerPosition): Promise<Reorganisation>
  /**
   * The proof of the `map` leaf that the newest published checkpoint ends in; undefined where it ends in none. Absent where
   * the ledger has no such leaves.
   */
  mapLeaf?(): LogProof | undefined
  /** @throws LedgerError LEDGER_TRANSACTION_UNKNOWN */
  proof(transaction: LedgerPosition): Promise<LedgerProof>
  /** Checks a proof of this ledger against what was pinned; each check on its own, without network. */
  verify(proof: LedgerProof, transaction: LedgerTransaction): ProofCheck[]
  describe(): LedgerDescription
  /** Why no traffic should be sent to a node on this ledger; none where all is well, or the ledger cannot tell. */
  problems?(): LedgerProblem[]
  /** Calls `listener` soon after a transaction was added; returns what ends that. A hint: polling must do without. */
  onTransaction(listener: () => void): () => void
  /**
   * Says that the process is about to end: an `anchor` that waits for others gives up soon, with LEDGER_OUTCOME_UNKNOWN.
   * Absent where none can wait for long.
   */
  release?(): void
  close(): Promise<void>
}
