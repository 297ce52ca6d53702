import { type JsonValue, parseJson } from '../codec/json.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import type { DidState } from '../sidetree/state.ts'
import type {
  AnchoredOperation,
  CheckedOperation,
  Delta,
  DocumentState,
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

/** Text of operations; the patches stand in the delta already, so that they are left out of the verdict. */
export function encodeOperations(operations: StoredOperation[]): string {
  return `[${operations.map(encodeOperation).join(',')}]`
}

/** The delta is most of an operation, and its canonical text is mostly there already. */
function encodeOperation({ operation, checked, ...rest }: StoredOperation): string {
  const { delta, canonicalDelta, ...small } = operation
  const { patches: _, ...verdict } = checked
  const text = JSON.stringify({ ...rest, operation: small, checked: verdict })
  const deltaText = canonicalDelta ?? (delta === undefined ? undefined : JSON.stringify(delta))
  return deltaText === undefined ? text : `${text.slice(0, -1)},"delta":${deltaText}}`
}

/** Operations from their bytes. */
export function decodeOperations(bytes: Uint8Array): StoredOperation[] {
  return decodeRecord<(StoredOperation & { delta?: Delta })[]>(bytes).map(({ delta, ...stored }) => {
    const { operation, checked } = stored
    if (delta === undefined) return stored
    operation.delta = delta
    if (checked.problem === undefined && checked.deltaProblem === undefined) checked.patches = delta.patches
    return stored
  })
}

type PositionTuple = [
  transactionNumber: number,
  operationIndex: number,
  transactionTime: number,
  timestamp: number,
]

/** A state in the order of {@link encodeState}; null where there is none. */
type StateTuple = [
  suffix: string,
  document: DocumentState,
  updateCommitment: string | null,
  recoveryCommitment: string | null,
  deactivated: boolean,
  versionId: string,
  operationCount: number,
  created: PositionTuple,
  updated: PositionTuple,
  createdWithDelta: boolean,
  epochVersionId: string,
  epochOperationCount: number,
  epochUpdated: PositionTuple,
  anchorOrigin?: JsonValue,
]

/** Text of a state: an array, as names would be half of it and it is read and written with each operation. */
export function encodeState(state: DidState): string {
  const { epoch } = state
  const tuple: StateTuple = [
    state.suffix,
    state.document,
    state.updateCommitment ?? null,
    state.recoveryCommitment ?? null,
    state.deactivated,
    state.versionId,
    state.operationCount,
    toTuple(state.created),
    toTuple(state.updated),
    state.createdWithDelta,
    epoch.versionId,
    epoch.operationCount,
    toTuple(epoch.updated),
  ]
  if (state.anchorOrigin !== undefined) tuple.push(state.anchorOrigin)
  return JSON.stringify(tuple)
}

/** A state from its bytes. */
export function decodeState(bytes: Uint8Array): DidState {
  const tuple = decodeRecord<StateTuple>(bytes)
  const [suffix, document, updateCommitment, recoveryCommitment, deactivated, versionId, operationCount] =
    tuple
  const [, , , , , , , created, updated, createdWithDelta, epochVersionId, epochCount, epochUpdated, origin] =
    tuple
  const state: DidState = {
    suffix,
    document,
    deactivated,
    versionId,
    operationCount,
    created: fromTuple(created),
    updated: fromTuple(updated),
    createdWithDelta,
    epoch: { versionId: epochVersionId, operationCount: epochCount, updated: fromTuple(epochUpdated) },
  }
  if (updateCommitment !== null) state.updateCommitment = updateCommitment
  if (recoveryCommitment !== null) state.recoveryCommitment = recoveryCommitment
  if (origin !== undefined) state.anchorOrigin = origin
  return state
}

function toTuple(position: OperationPosition): PositionTuple {
  const { transactionNumber, operationIndex, transactionTime, timestamp } = position
  return [transactionNumber, operationIndex, transactionTime, timestamp]
}

function fromTuple([
  transactionNumber,
  operationIndex,
  transactionTime,
  timestamp,
]: PositionTuple): OperationPosition {
  return { transactionNumber, operationIndex, transactionTime, timestamp }
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

/** A record as JSON text. */
export function encodeRecord(record: object): string {
  return JSON.stringify(record)
}

/** A record holds foreign JSON that was bounded when it came in; its own members are never repeated. */
const RECORD_LIMITS = { maxBytes: 1 << 30, maxDepth: 1_000, duplicateMembers: true }

/** A record from bytes that this node wrote and whose checksum was compared. */
export function decodeRecord<T>(bytes: Uint8Array): T {
  const text = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
  // Only a text with an escape needs the care that `parseJson` takes.
  return (text.includes('\\') ? parseJson(text, RECORD_LIMITS) : JSON.parse(text)) as T
}
