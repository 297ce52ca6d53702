import { parseJson } from '../codec/json.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import type {
  AnchoredOperation,
  CheckedOperation,
  OperationPosition,
  OperationRequest,
} from '../sidetree/types.ts'

/** An operation of a DID as it stands on the ledger, with the verdict of the checks that need no state. */
export interface StoredOperation {
  position: OperationPosition
  operation: AnchoredOperation
  checked: CheckedOperation
  /** When this node checked it: Unix milliseconds. */
  checkedAt: number
}

/** Bytes of operations: the patches stand in the delta already, so that they are left out where they are the same. */
export function encodeOperations(operations: StoredOperation[]): Buffer {
  return encodeRecord(
    operations.map(({ checked, ...rest }) => {
      const { patches: _, ...verdict } = checked
      return { ...rest, checked: verdict }
    }),
  )
}

/** Operations from their bytes. */
export function decodeOperations(bytes: Uint8Array): StoredOperation[] {
  const operations = decodeRecord<StoredOperation[]>(bytes)
  for (const { operation, checked } of operations) {
    const counts = checked.problem === undefined && checked.deltaProblem === undefined
    if (counts && operation.delta !== undefined) checked.patches = operation.delta.patches
  }
  return operations
}

/** What became of a transaction that was taken from the ledger. */
export interface TransactionRecord {
  transaction: LedgerTransaction
  outcome: 'applied' | 'invalid'
  /** Operations that came out of its files. */
  operations: number
  /** Why all or part of it counts for nothing. */
  problems: { file: string; code: string; detail: string }[]
  /** URIs of the files that were read, by role. */
  files: { role: string; uri: string }[]
  /** When this node first saw it, and when it was decided: Unix milliseconds. */
  firstSeen: number
  decidedAt: number
}

/** A transaction whose files could not be had: it is tried again, and shown to the operator meanwhile. */
export interface UnresolvableRecord {
  transaction: LedgerTransaction
  firstSeen: number
  attempts: number
  /** Next try: Unix milliseconds. */
  nextAttempt: number
  /** Code and text of the last failure, and the file that it was about. */
  cause: { code: string; detail: string; role: string; uri: string }
  /** DID suffixes that its readable index files name; undefined where the core index itself is missing. */
  names: string[] | undefined
}

/** An operation that was accepted and waits for its batch. */
export interface QueuedOperation {
  id: string
  sequence: number
  didSuffix: string
  request: OperationRequest
  /** What was found of it when it was accepted. */
  checked: CheckedOperation
  /** Unix milliseconds. */
  acceptedAt: number
}

/** A batch whose files are stored and whose anchor may or may not be on the ledger yet. */
export interface BatchIntent {
  anchorString: string
  /** Number of the ledger's newest transaction when the batch was made. */
  after: number | undefined
  /** In the order of the batch, which gives each its operation index. */
  operations: { id: string; sequence: number; didSuffix: string }[]
}

/** What became of an operation that was accepted here; its later life follows from the ledger. */
export type OperationRecord = { id: string; didSuffix: string; type: string; acceptedAt: number } & (
  | { state: 'queued'; sequence: number }
  | { state: 'anchored'; transactionNumber: number; operationIndex: number; anchoredAt: number }
  | { state: 'rejected'; code: string; reason: string; rejectedAt: number }
)

/** Bytes of a record, as JSON. */
export function encodeRecord(record: object): Buffer {
  return Buffer.from(JSON.stringify(record))
}

/** A record holds foreign JSON that was bounded when it came in; its own members are never repeated. */
const RECORD_LIMITS = { maxBytes: 1 << 30, maxDepth: 1_000, duplicateMembers: true }

/** A record from bytes that this node wrote and whose checksum was compared. */
export function decodeRecord<T>(bytes: Uint8Array): T {
  return parseJson(bytes, RECORD_LIMITS) as T
}
