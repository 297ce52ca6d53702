import type { ProtocolVersions } from './parameters.ts'
import { applyOperation, comparePositions, type DidState } from './state.ts'
import type { CheckedOperation, OperationPosition, SidetreeCode } from './types.ts'

/** What became of a new operation: the state after it, why the state stays as it is, or that it must be made anew. */
export type Extension =
  | { state: DidState; patchProblem?: SidetreeCode }
  | { ignored: SidetreeCode }
  | { rebuild: true }

/**
 * Adds one operation to the state that all the DID's operations before it came to, in constant time, where that
 * gives what resolving them all anew would. That is so when the operation is later on the ledger than all that the
 * state was made by, opens the current commitment, and nothing waits for what it commits to.
 *
 * @param state undefined while no create has come
 * @param revealed whether any other operation of the DID, applied or not, opens the commitment. It tells both what
 * waits for a commitment and what has spent it, so the state needs no list of those that are spent
 */
export function extendState(
  state: DidState | undefined,
  operation: CheckedOperation,
  position: OperationPosition,
  versions: ProtocolVersions,
  revealed: (commitment: string) => boolean,
): Extension {
  if (operation.problem !== undefined) return { ignored: operation.problem }
  if (state !== undefined) {
    if (comparePositions(position, state.updated) <= 0) return { rebuild: true }
    if (operation.type === 'create') return anotherCreate(state, operation, versions)
  }
  const application = applyOperation(state, operation, position, versions)
  if ('ignored' in application) return application
  const next = [operation.nextRecoveryCommitment, operation.nextUpdateCommitment]
  const waitedFor = next.some(commitment => commitment !== undefined && revealed(commitment))
  return waitedFor ? { rebuild: true } : application
}

/** A later create matters only where it has the delta that the first one lacked. */
function anotherCreate(state: DidState, operation: CheckedOperation, versions: ProtocolVersions): Extension {
  const isIon = versions[0]?.profile === 'ion'
  return isIon || state.createdWithDelta || operation.deltaProblem !== undefined
    ? { ignored: 'CREATE_SUPERSEDED' }
    : { rebuild: true }
}
