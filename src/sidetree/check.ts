import { CodecError } from '../codec/errors.ts'
import type { JsonValue } from '../codec/json.ts'
import { encodedMultihash } from '../codec/multihash.ts'
import { verifySignature } from '../keys/verify.ts'
import { commitmentOfReveal } from './commitment.ts'
import { type ValidDelta, validateDelta } from './delta.ts'
import { SidetreeError } from './errors.ts'
import { requireMultihash } from './input.ts'
import { canonicalOrNothing, operationDigest } from './operation-id.ts'
import type { ProtocolParameters } from './parameters.ts'
import { parseSignedData, type SignedDataInput } from './signed-data.ts'
import { validateSuffixData } from './suffix-data.ts'
import type { AnchoredOperation, CheckedOperation, SidetreeCode, SignedData } from './types.ts'

export type { SignedDataInput } from './signed-data.ts'

/** What signed data say, without the key and algorithm that they were verified with. */
export type SignedClaims = Omit<SignedData, 'key' | 'algorithm'>

/** What {@link checkSignedData} found. Can be sent between workers. */
export type SignedDataVerdict = { data: SignedClaims } | { problem: SidetreeCode; detail: string }

/**
 * Every check of signed data that needs no state of its DID, the signature among them: it is the costly part of
 * an operation, and can be done in a worker. Never throws on what the operation holds.
 */
export function checkSignedData(input: SignedDataInput, params: ProtocolParameters): SignedDataVerdict {
  try {
    const { data, key, signingInput, signature } = parseSignedData(input, params)
    if (verifySignature(key, data.algorithm, signingInput, signature)) return { data: claimsOf(data) }
    return { problem: 'SIGNATURE_INVALID', detail: 'the signature of signedData does not verify' }
  } catch (error) {
    if (error instanceof SidetreeError) return { problem: error.code, detail: error.message }
    throw error
  }
}

function claimsOf({
  deltaHash,
  recoveryCommitment,
  anchorOrigin,
  anchorFrom,
  anchorUntil,
}: SignedData): SignedClaims {
  const claims: SignedClaims = {}
  if (deltaHash !== undefined) claims.deltaHash = deltaHash
  if (recoveryCommitment !== undefined) claims.recoveryCommitment = recoveryCommitment
  if (anchorOrigin !== undefined) claims.anchorOrigin = anchorOrigin
  if (anchorFrom !== undefined) claims.anchorFrom = anchorFrom
  if (anchorUntil !== undefined) claims.anchorUntil = anchorUntil
  return claims
}

/**
 * Everything that can be said of an anchored operation without the state of its DID. Never throws on what the
 * operation holds: what is wrong with it becomes a code in the result.
 *
 * @param params the rules at the time of its transaction
 * @param verdict what `checkSignedData` found under the same rules, where a worker has done that; else it is done here
 */
export function checkOperation(
  operation: AnchoredOperation,
  params: ProtocolParameters,
  verdict?: SignedDataVerdict,
): CheckedOperation {
  const input = signedDataInputOf(operation)
  return input === undefined ? checkCreate(operation, params) : checkSigned(operation, input, params, verdict)
}

/** What `checkSignedData` wants of an operation; undefined for a create, which has no signature. */
export function signedDataInputOf(operation: AnchoredOperation): SignedDataInput | undefined {
  const { type, didSuffix, revealValue = '', signedData = '' } = operation
  return type === 'create' ? undefined : { type, didSuffix, revealValue, signedData }
}

function checkCreate(operation: AnchoredOperation, params: ProtocolParameters): CheckedOperation {
  const { didSuffix, suffixData } = operation
  const delta = readDelta(operation, params)
  const canonical = canonicalOrNothing(suffixData as unknown as JsonValue)
  const checked: CheckedOperation = {
    type: 'create',
    didSuffix,
    digest: operationDigest(operation, delta.canonical, canonical),
  }
  const problem = problemOf(() => {
    const data = validateSuffixData(suffixData as unknown as JsonValue, params)
    if (encodedMultihash(canonical ?? '') !== didSuffix) {
      throw new SidetreeError('DID_SUFFIX_MISMATCH', 'the suffix data do not hash to the DID suffix')
    }
    checked.nextRecoveryCommitment = data.recoveryCommitment
    if (data.anchorOrigin !== undefined) checked.anchorOrigin = data.anchorOrigin
  })
  if (problem !== undefined) return { ...checked, problem }
  applyDelta(checked, delta, suffixData?.deltaHash)
  if (checked.deltaProblem === 'DELTA_UNAVAILABLE' && !params.createWithoutDelta) {
    checked.problem = 'DELTA_UNAVAILABLE'
  }
  return checked
}

function checkSigned(
  operation: AnchoredOperation,
  input: SignedDataInput,
  params: ProtocolParameters,
  verdict = checkSignedData(input, params),
): CheckedOperation {
  const delta: DeltaReading = operation.type === 'deactivate' ? {} : readDelta(operation, params)
  const checked: CheckedOperation = {
    type: operation.type,
    didSuffix: operation.didSuffix,
    digest: operationDigest(operation, delta.canonical, undefined),
  }
  const problem = problemOf(() => {
    requireMultihash(operation.didSuffix, params, 'DID_SUFFIX_INVALID', 'didSuffix')
    checked.reveals = commitmentOf(input.revealValue)
  })
  if (problem !== undefined) return { ...checked, problem }
  if ('problem' in verdict) return { ...checked, problem: verdict.problem }
  copySignedData(checked, verdict.data)
  if (operation.type !== 'deactivate') applyDelta(checked, delta, verdict.data.deltaHash)
  // An update without a delta that counts changes nothing, so the next with the same reveal value is tried.
  if (operation.type === 'update' && checked.deltaProblem !== undefined)
    checked.problem = checked.deltaProblem
  return checked
}

function commitmentOf(revealValue: string): string {
  try {
    return commitmentOfReveal(revealValue)
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new SidetreeError('REVEAL_VALUE_INVALID', `revealValue: ${cause.message}`, cause)
  }
}

function copySignedData(checked: CheckedOperation, data: SignedClaims): void {
  if (data.recoveryCommitment !== undefined) checked.nextRecoveryCommitment = data.recoveryCommitment
  if (data.anchorOrigin !== undefined) checked.anchorOrigin = data.anchorOrigin
  if (data.anchorFrom !== undefined) checked.anchorFrom = data.anchorFrom
  if (data.anchorUntil !== undefined) checked.anchorUntil = data.anchorUntil
}

/** A delta as it was found: its canonical form where it has one, and itself where it follows the rules. */
interface DeltaReading {
  canonical?: string | undefined
  valid?: ValidDelta
  problem?: SidetreeCode
}

function readDelta(operation: AnchoredOperation, params: ProtocolParameters): DeltaReading {
  const { delta, canonicalDelta } = operation
  if (delta === undefined) return { problem: 'DELTA_UNAVAILABLE' }
  if (canonicalDelta !== undefined) {
    return { canonical: canonicalDelta, valid: { delta, canonical: canonicalDelta } }
  }
  try {
    const valid = validateDelta(delta as unknown as JsonValue, params)
    return { canonical: valid.canonical, valid }
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { canonical: canonicalOrNothing(delta as unknown as JsonValue), problem: error.code }
  }
}

function applyDelta(checked: CheckedOperation, reading: DeltaReading, deltaHash: string | undefined): void {
  const { valid, problem } = reading
  if (valid === undefined) {
    checked.deltaProblem = problem ?? 'DELTA_INVALID'
  } else if (encodedMultihash(valid.canonical) !== deltaHash) {
    checked.deltaProblem = 'DELTA_HASH_MISMATCH'
  } else {
    checked.patches = valid.delta.patches
    checked.nextUpdateCommitment = valid.delta.updateCommitment
  }
}

function problemOf(check: () => void): SidetreeCode | undefined {
  try {
    check()
    return undefined
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}
