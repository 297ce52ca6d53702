import { encodedSha256 } from '../codec/hash.ts'
import type { JsonValue } from '../codec/json.ts'
import { SidetreeError } from './errors.ts'
import { type ProtocolVersions, parametersAt } from './parameters.ts'
import { applyPatches } from './patches.ts'
import type { CheckedOperation, DocumentState, OperationPosition, SidetreeCode } from './types.ts'

/** What a DID is after some of its operations. Plain data, whose size does not depend on how many they were. */
export interface DidState {
  suffix: string
  document: DocumentState
  /** What the next update must open; absent where the last create or recover had no delta that counts. */
  updateCommitment?: string
  /** What the next recover or deactivate must open; absent once deactivated. */
  recoveryCommitment?: string
  deactivated: boolean
  /** See {@link nextVersionId}. */
  versionId: string
  /** Operations that this state was made by: the create, the recovers, and the updates since the last of those. */
  operationCount: number
  created: OperationPosition
  /** The position that is last on the ledger among those of these operations. */
  updated: OperationPosition
  /** As the create, or the last recover that says it, gives it. */
  anchorOrigin?: JsonValue
  /** True where the delta of the create counted. */
  createdWithDelta: boolean
  /** `versionId`, `operationCount` and `updated` right after the last create, recover or deactivate. */
  epoch: { versionId: string; operationCount: number; updated: OperationPosition }
}

/** What became of an operation: a new state, in which its patches may have failed, or why it was left out. */
export type Application = { state: DidState; patchProblem?: SidetreeCode } | { ignored: SidetreeCode }

/**
 * Order on the ledger: negative where `a` comes first.
 */
export function comparePositions(a: OperationPosition, b: OperationPosition): number {
  return a.transactionNumber - b.transactionNumber || a.operationIndex - b.operationIndex
}

/** Filled anew at each call of {@link nextVersionId}, which is made once for each operation. */
const VERSION_BYTES = Buffer.alloc(76)

/**
 * The version that an operation makes: base64url of SHA-256(previous version, 32 bytes (zeros before a create) ||
 * transaction number, u64 || operation index, u32 || operation digest, 32 bytes), integers big-endian. So a version
 * names one history: every operation that led to it and where each was anchored. A recover and a deactivate follow on
 * the version of the last create or recover, as the updates in between no longer matter to them.
 */
export function nextVersionId(
  previous: string | undefined,
  position: OperationPosition,
  digest: string,
): string {
  const bytes = VERSION_BYTES
  if (previous === undefined) bytes.fill(0, 0, 32)
  else bytes.write(previous, 0, 'base64url')
  bytes.writeUInt32BE(Math.floor(position.transactionNumber / 2 ** 32), 32)
  bytes.writeUInt32BE(position.transactionNumber % 2 ** 32, 36)
  bytes.writeUInt32BE(position.operationIndex, 40)
  bytes.write(digest, 44, 'base64url')
  return encodedSha256(bytes)
}

/**
 * Applies one operation to the state before it, undefined for a create (Sidetree v1, Operation Compilation). Not
 * judged here, for want of the DID's other operations: whether the next commitment was used before on the chain.
 */
export function applyOperation(
  state: DidState | undefined,
  operation: CheckedOperation,
  position: OperationPosition,
  versions: ProtocolVersions,
): Application {
  const params = parametersAt(versions, position.transactionTime)
  if (params === undefined) return { ignored: 'BEFORE_GENESIS' }
  if (operation.problem !== undefined) return { ignored: operation.problem }
  const refused = operation.type === 'create' ? refuseCreate(state) : refuseNext(state, operation, position)
  if (refused !== undefined) return { ignored: refused }
  const changed = change(state, operation, position)
  if (operation.patches === undefined) return { state: changed }
  try {
    changed.document = applyPatches(changed.document, operation.patches, params)
    return { state: changed }
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { state: changed, patchProblem: error.code }
  }
}

function refuseCreate(state: DidState | undefined): SidetreeCode | undefined {
  return state === undefined ? undefined : 'CREATE_SUPERSEDED'
}

function refuseNext(
  state: DidState | undefined,
  operation: CheckedOperation,
  position: OperationPosition,
): SidetreeCode | undefined {
  if (state === undefined) return 'DID_NOT_CREATED'
  if (state.deactivated) return 'DID_DEACTIVATED'
  const commitment = operation.type === 'update' ? state.updateCommitment : state.recoveryCommitment
  if (operation.reveals === undefined || operation.reveals !== commitment) return 'COMMITMENT_UNKNOWN'
  if (nextCommitmentOf(operation) === commitment) return 'COMMITMENT_REUSED'
  const { anchorFrom, anchorUntil } = operation
  if (anchorFrom !== undefined && position.transactionTime < anchorFrom) return 'ANCHORED_TOO_EARLY'
  if (anchorUntil !== undefined && position.transactionTime > anchorUntil) return 'ANCHORED_TOO_LATE'
  return undefined
}

/** The commitment that takes the place of the one that an operation opens; undefined for a deactivate. */
export function nextCommitmentOf(operation: CheckedOperation): string | undefined {
  return operation.type === 'update' ? operation.nextUpdateCommitment : operation.nextRecoveryCommitment
}

/** The state after the operation, but for its patches. */
function change(
  state: DidState | undefined,
  operation: CheckedOperation,
  position: OperationPosition,
): DidState {
  const opensUpdate = operation.type === 'update'
  const before = opensUpdate ? state : state?.epoch
  const versionId = nextVersionId(before?.versionId, position, operation.digest)
  const operationCount = (before?.operationCount ?? 0) + 1
  const updated = before === undefined ? position : later(before.updated, position)
  const changed: DidState = {
    suffix: operation.didSuffix,
    document: opensUpdate ? (state?.document ?? {}) : {},
    deactivated: operation.type === 'deactivate',
    versionId,
    operationCount,
    created: state?.created ?? position,
    updated,
    createdWithDelta: state?.createdWithDelta ?? operation.deltaProblem === undefined,
    epoch: opensUpdate && state !== undefined ? state.epoch : { versionId, operationCount, updated },
  }
  const recoveryCommitment = opensUpdate ? state?.recoveryCommitment : operation.nextRecoveryCommitment
  const anchorOrigin = operation.anchorOrigin === undefined ? state?.anchorOrigin : operation.anchorOrigin
  if (operation.nextUpdateCommitment !== undefined) changed.updateCommitment = operation.nextUpdateCommitment
  if (recoveryCommitment !== undefined) changed.recoveryCommitment = recoveryCommitment
  if (anchorOrigin !== undefined) changed.anchorOrigin = anchorOrigin
  return changed
}

function later(a: OperationPosition, b: OperationPosition): OperationPosition {
  return comparePositions(a, b) < 0 ? b : a
}
