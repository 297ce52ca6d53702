import { type JsonObject, type JsonValue, parseJson } from '../codec/json.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import type { DidState } from '../sidetree/state.ts'
import type {
  CheckedOperation,
  Delta,
  DocumentState,
  OperationPosition,
  OperationRequest,
  OperationType,
  SidetreeCode,
} from '../sidetree/types.ts'
import { decodeOpened, encodeOpened, type OpenedCommitments } from './opened-commitments.ts'

/**
 * An operation of a DID on the ledger: what resolution needs of it, which is the verdict of the checks that need no
 * state. The operation as it was anchored stands in the files of its transaction.
 */
export interface StoredOperation {
  position: OperationPosition
  checked: CheckedOperation
  /** The delta in canonical form, while it is at hand. */
  canonicalDelta?: string
}

/** What an operation says beside its delta, in the order of {@link encodeOperations}; 0 where it is absent. */
type OperationTuple = [
  position: PositionTuple,
  type: OperationType,
  digest: string,
  reveals: string | 0,
  problem: SidetreeCode | 0,
  deltaProblem: SidetreeCode | 0,
  nextRecoveryCommitment: string | 0,
  anchorFrom: number | null,
  anchorUntil: number | null,
  anchorOrigin: JsonObject,
  delta: Delta | null,
]

/** Text of operations of one DID: arrays, as names would be most of it. */
export function encodeOperations(operations: StoredOperation[]): string {
  return `[${operations.map(encodeOperation).join(',')}]`
}

/** The delta, if it counts, is most of an operation, and its canonical text is mostly at hand. */
function encodeOperation({ position, checked, canonicalDelta }: StoredOperation): string {
  const { patches, nextUpdateCommitment: updateCommitment } = checked
  const delta =
    patches === undefined ? 'null' : (canonicalDelta ?? JSON.stringify({ patches, updateCommitment }))
  const rest = [
    toTuple(position),
    checked.type,
    checked.digest,
    checked.reveals ?? 0,
    checked.problem ?? 0,
    checked.deltaProblem ?? 0,
    checked.nextRecoveryCommitment ?? 0,
    checked.anchorFrom ?? null,
    checked.anchorUntil ?? null,
    checked.anchorOrigin === undefined ? {} : { anchorOrigin: checked.anchorOrigin },
  ]
  return `${JSON.stringify(rest).slice(0, -1)},${delta}]`
}

/** Operations of a DID from their bytes. */
export function decodeOperations(didSuffix: string, bytes: Uint8Array): StoredOperation[] {
  return decodeRecord<OperationTuple[]>(bytes).map(tuple => decodeOperation(didSuffix, tuple))
}

function decodeOperation(didSuffix: string, tuple: OperationTuple): StoredOperation {
  const [position, type, digest, reveals, problem, deltaProblem, nextRecoveryCommitment] = tuple
  const [, , , , , , , anchorFrom, anchorUntil, origin, delta] = tuple
  const checked: CheckedOperation = { type, didSuffix, digest }
  if (reveals !== 0) checked.reveals = reveals
  if (problem !== 0) checked.problem = problem
  if (deltaProblem !== 0) checked.deltaProblem = deltaProblem
  if (nextRecoveryCommitment !== 0) checked.nextRecoveryCommitment = nextRecoveryCommitment
  if (anchorFrom !== null) checked.anchorFrom = anchorFrom
  if (anchorUntil !== null) checked.anchorUntil = anchorUntil
  if (origin['anchorOrigin'] !== undefined) checked.anchorOrigin = origin['anchorOrigin']
  if (delta !== null) {
    checked.patches = delta.patches
    checked.nextUpdateCommitment = delta.updateCommitment
  }
  return { position: fromTuple(position), checked }
}

type PositionTuple = [
  transactionNumber: number,
  operationIndex: number,
  transactionTime: number,
  timestamp: number,
]

/** What is kept of a DID beside its operations. */
export interface DidRecord {
  suffix: string
  /** Undefined where no create applies. */
  state: DidState | undefined
  opened: OpenedCommitments
}

/** A state in the order of {@link encodeDid}; null where there is none. */
type StateTuple = [
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

/** Text of a DID's record: an array, as names would be half of it and it is read and written with each operation. */
export function encodeDid({ suffix, opened, state }: DidRecord): string {
  return JSON.stringify([suffix, encodeOpened(opened), ...(state === undefined ? [] : stateTuple(state))])
}

function stateTuple(state: DidState): StateTuple {
  const { epoch } = state
  const tuple: StateTuple = [
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
  return tuple
}

/** A DID's record from its bytes. */
export function decodeDid(bytes: Uint8Array): DidRecord {
  const [suffix, opened, ...tuple] =
    decodeRecord<[suffix: string, opened: string, ...([] | StateTuple)]>(bytes)
  const state = tuple.length === 0 ? undefined : stateOf(suffix, tuple)
  return { suffix, opened: decodeOpened(opened), state }
}

function stateOf(suffix: string, tuple: StateTuple): DidState {
  const [document, updateCommitment, recoveryCommitment, deactivated, versionId, operationCount] = tuple
  const [, , , , , , created, updated, createdWithDelta, epochVersionId, epochCount, epochUpdated, origin] =
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
  /** An index file is missing, so that the transaction may name any DID. */
  unread: boolean
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

/** Where an operation was anchored: its transaction, also by its hash, and its place in the batch. */
export interface AnchoredPlace {
  transactionNumber: number
  timeHash: string
  operationIndex: number
  /** Unix milliseconds. */
  anchoredAt: number
}

/** What became of an operation that was accepted here; its later life follows from the ledger. */
export type OperationRecord = { id: string; didSuffix: string; type: string; acceptedAt: number } & (
  | { state: 'queued'; sequence: number }
  | ({ state: 'anchored' } & AnchoredPlace)
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
