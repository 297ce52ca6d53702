import type { SidetreeErrorCode } from '../sidetree/errors.ts'
import type { ProtocolVersions } from '../sidetree/parameters.ts'
import { applyOperation, type DidState } from '../sidetree/state.ts'
import type { CheckedOperation, OperationPosition } from '../sidetree/types.ts'
import type { OperationStore } from './operation-store.ts'

/** Why an operation would not do what its author meant. */
export interface Refusal {
  code: SidetreeErrorCode
  /** One plain sentence, without a full stop. */
  reason: string
}

/** An operation that is to be judged. */
export type JudgedOperation = { didSuffix: string; checked: CheckedOperation }

/** Why an operation could not apply to its DID as it is now; undefined where it could. */
export type Judge = (operation: JudgedOperation) => Promise<Refusal | undefined>

/** What judging takes. */
export interface JudgeParts {
  operations: OperationStore
  versions: ProtocolVersions
  position: OperationPosition
}

/**
 * The state that an operation makes of the one before it (undefined: none), or why it is refused: it would be left out,
 * or its patches would be, so that it would only use up a key.
 */
export function judgeOperation(
  state: DidState | undefined,
  checked: CheckedOperation,
  position: OperationPosition,
  versions: ProtocolVersions,
): { state: DidState } | { refusal: Refusal } {
  const outcome = applyOperation(state, checked, position, versions)
  if ('ignored' in outcome) {
    const code = outcome.ignored
    return { refusal: { code, reason: REASONS[code] ?? 'the operation would be ignored' } }
  }
  const { patchProblem } = outcome
  if (patchProblem === undefined) return outcome
  return { refusal: { code: patchProblem, reason: 'its patches do not apply to the document as it will be' } }
}

/**
 * Judges operations by what their DIDs are now. Where files of a transaction that may name the DID cannot be had, what
 * came before may be among them: then the ledger decides.
 */
export async function judgeByState({ operations, versions, position }: JudgeParts): Promise<Judge> {
  const mayBeAny = await operations.hasUnread()
  return async ({ didSuffix, checked }) => {
    const outcome = judgeOperation(operations.state(didSuffix), checked, position, versions)
    if ('state' in outcome || mayBeAny) return undefined
    return (await operations.naming(didSuffix)).length > 0 ? undefined : outcome.refusal
  }
}

const REASONS: { [code in SidetreeErrorCode]?: string } = {
  DID_NOT_CREATED: 'no create of this DID is known here',
  CREATE_SUPERSEDED: 'the DID exists already',
  DID_DEACTIVATED: 'the DID is deactivated',
  COMMITMENT_UNKNOWN: 'the key is not the one that the DID commits to; another operation may have come first',
  COMMITMENT_REUSED: 'the operation commits to the key that it reveals; take a new key',
  ANCHORED_TOO_EARLY: 'anchorFrom lies in the future; submit the operation then',
  ANCHORED_TOO_LATE: 'anchorUntil has passed',
}
