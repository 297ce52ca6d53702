import { checkOperation, checkSignedData, signedDataInputOf } from './check.ts'
import { SidetreeError } from './errors.ts'
import type { ProtocolParameters } from './parameters.ts'
import { type ParsedRequest, parseRequest } from './request.ts'
import { nextCommitmentOf } from './state.ts'
import type { CheckedOperation, SidetreeCode } from './types.ts'

/** A request that can apply, as far as it shows by itself. */
export interface IngestedRequest extends ParsedRequest {
  checked: CheckedOperation
}

/** What a refusal that has only a code means, for whoever sent the request. */
const EXPLAINED: { readonly [code in SidetreeCode]?: string } = {
  DELTA_HASH_MISMATCH: 'the delta does not hash to the deltaHash that was committed to or signed',
  COMMITMENT_REUSED: 'the next commitment is the one that this operation opens: choose a new key',
  COMMITMENTS_EQUAL: 'updateCommitment and recoveryCommitment are of one key: choose two',
}

/**
 * Reads a request and checks everything that needs no state of its DID, the signature among them, so that nothing
 * enters a queue which resolution would leave out whatever the DID's state (the reference implementation verifies
 * signatures only in resolution).
 * @throws SidetreeError as `parseRequest`, and what `checkSignedData` and `checkOperation` find; COMMITMENT_REUSED,
 * COMMITMENTS_EQUAL
 */
export function ingestRequest(body: Uint8Array, params: ProtocolParameters): IngestedRequest {
  const { request, operation } = parseRequest(body, params)
  const input = signedDataInputOf(operation)
  const verdict = input === undefined ? undefined : checkSignedData(input, params)
  if (verdict !== undefined && 'problem' in verdict) throw new SidetreeError(verdict.problem, verdict.detail)
  const checked = checkOperation(operation, params, verdict)
  const problem = checked.problem ?? checked.deltaProblem ?? commitmentProblem(checked)
  if (problem !== undefined) {
    throw new SidetreeError(problem, EXPLAINED[problem] ?? 'the operation cannot apply')
  }
  return { request, operation, checked }
}

function commitmentProblem(checked: CheckedOperation): SidetreeCode | undefined {
  const next = nextCommitmentOf(checked)
  if (next !== undefined && next === checked.reveals) return 'COMMITMENT_REUSED'
  const { nextUpdateCommitment, nextRecoveryCommitment } = checked
  const equal = nextUpdateCommitment !== undefined && nextUpdateCommitment === nextRecoveryCommitment
  return equal ? 'COMMITMENTS_EQUAL' : undefined
}
