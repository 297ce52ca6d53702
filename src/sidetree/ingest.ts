import type { SignedDataVerdict } from './check.ts'
import { SidetreeError } from './errors.ts'
import { nextCommitmentOf } from './state.ts'
import type { CheckedOperation, SidetreeCode } from './types.ts'

/** What a refusal that has only a code means, for whoever sent the request. */
const EXPLAINED: { readonly [code in SidetreeCode]?: string } = {
  DELTA_HASH_MISMATCH: 'the delta does not hash to the deltaHash that was committed to or signed',
  COMMITMENT_REUSED: 'the next commitment is the one that this operation opens: choose a new key',
  COMMITMENTS_EQUAL: 'updateCommitment and recoveryCommitment are of one key: choose two',
}

/**
 * Requires that an operation can count, as far as it shows by itself: nothing that resolution would leave out whatever
 * the state of the DID should wait for a batch. Also refused is one key for updates and recovery, which resolution
 * lets pass.
 * @param verdict of its signed data, whose words explain a refusal
 * @throws SidetreeError with the problem that was found; COMMITMENT_REUSED, COMMITMENTS_EQUAL
 */
export function requireUsable(checked: CheckedOperation, verdict?: SignedDataVerdict): void {
  const problem = checked.problem ?? checked.deltaProblem ?? commitmentProblem(checked)
  if (problem === undefined) return
  const detail = verdict !== undefined && 'detail' in verdict ? verdict.detail : undefined
  throw new SidetreeError(problem, detail ?? EXPLAINED[problem] ?? `the operation cannot apply: ${problem}`)
}

function commitmentProblem(checked: CheckedOperation): SidetreeCode | undefined {
  const next = nextCommitmentOf(checked)
  if (next !== undefined && next === checked.reveals) return 'COMMITMENT_REUSED'
  const { nextUpdateCommitment, nextRecoveryCommitment } = checked
  const equal = nextUpdateCommitment !== undefined && nextUpdateCommitment === nextRecoveryCommitment
  return equal ? 'COMMITMENTS_EQUAL' : undefined
}
