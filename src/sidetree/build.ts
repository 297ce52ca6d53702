import { canonicalize } from '../codec/jcs.ts'
import type { JsonObject, JsonValue } from '../codec/json.ts'
import { encodedMultihash } from '../codec/multihash.ts'
import { signCompact } from '../keys/jws.ts'
import type { PublicJwk, Signer } from '../keys/types.ts'
import { commitmentOf, revealValueOf } from './commitment.ts'
import { type ValidDelta, validateDelta } from './delta.ts'
import { SidetreeError } from './errors.ts'
import { validateOperationKey } from './jwk.ts'
import type { ProtocolParameters } from './parameters.ts'
import { validateSuffixData } from './suffix-data.ts'
import type {
  CreateRequest,
  DeactivateRequest,
  Delta,
  DocumentState,
  Patch,
  RecoverRequest,
  SuffixData,
  UpdateRequest,
} from './types.ts'

/** What a DID is to begin with. */
export interface CreateInput {
  updateKey: PublicJwk
  recoveryKey: PublicJwk
  /** The first document; or `patches` that make it. */
  document?: DocumentState
  patches?: Patch[]
  /** One to four base64url characters that name the kind of thing the DID stands for. */
  type?: string
  anchorOrigin?: JsonValue
}

/** What every signed operation has. */
export interface SignedInput {
  didSuffix: string
  /** Signs with the key whose commitment is the current one: the update key, or the recovery key. */
  signer: Signer
  /** Named in the header of the signed data. */
  kid?: string
  /** First and last ledger time at which the operation may be anchored. */
  anchorFrom?: number
  anchorUntil?: number
}

export interface UpdateInput extends SignedInput {
  nextUpdateKey: PublicJwk
  patches: Patch[]
}

export interface RecoverInput extends SignedInput {
  nextUpdateKey: PublicJwk
  nextRecoveryKey: PublicJwk
  /** The new document; or `patches` that make it. */
  document?: DocumentState
  patches?: Patch[]
  anchorOrigin?: JsonValue
}

export type DeactivateInput = SignedInput

/**
 * Makes a create request (Sidetree v1, Create).
 * @throws SidetreeError OPERATION_KEY_*, COMMITMENTS_EQUAL, DELTA_TOO_LARGE and the codes of deltas and suffix data
 */
export function buildCreate(input: CreateInput, params: ProtocolParameters): CreateRequest {
  const { type, anchorOrigin } = input
  const { delta, canonical } = buildDelta(firstPatches(input), input.updateKey, params)
  const recoveryCommitment = commitTo(input.recoveryKey, params)
  requireTwoKeys(delta.updateCommitment, recoveryCommitment)
  const suffixData: SuffixData = {
    deltaHash: encodedMultihash(canonical),
    recoveryCommitment,
    ...(type === undefined ? {} : { type }),
    ...(anchorOrigin === undefined ? {} : { anchorOrigin }),
  }
  validateSuffixData(suffixData as unknown as JsonValue, params)
  return { type: 'create', suffixData, delta }
}

/**
 * Makes an update request (Sidetree v1, Update).
 * @throws SidetreeError as {@link buildCreate}; COMMITMENT_REUSED; and what the signer throws
 */
export async function buildUpdate(input: UpdateInput, params: ProtocolParameters): Promise<UpdateRequest> {
  const updateKey = signingKey(input, params)
  const { delta, canonical } = buildDelta(input.patches, input.nextUpdateKey, params)
  requireNewKey(updateKey, delta.updateCommitment)
  return {
    type: 'update',
    didSuffix: input.didSuffix,
    revealValue: revealValueOf(updateKey),
    delta,
    signedData: await sign(input, { updateKey: { ...updateKey }, deltaHash: encodedMultihash(canonical) }),
  }
}

/**
 * Makes a recover request (Sidetree v1, Recover).
 * @throws SidetreeError as {@link buildUpdate}
 */
export async function buildRecover(input: RecoverInput, params: ProtocolParameters): Promise<RecoverRequest> {
  const recoveryKey = signingKey(input, params)
  const { delta, canonical } = buildDelta(firstPatches(input), input.nextUpdateKey, params)
  const recoveryCommitment = commitTo(input.nextRecoveryKey, params)
  requireNewKey(recoveryKey, recoveryCommitment)
  requireTwoKeys(delta.updateCommitment, recoveryCommitment)
  const { anchorOrigin } = input
  return {
    type: 'recover',
    didSuffix: input.didSuffix,
    revealValue: revealValueOf(recoveryKey),
    delta,
    signedData: await sign(input, {
      recoveryCommitment,
      recoveryKey: { ...recoveryKey },
      deltaHash: encodedMultihash(canonical),
      ...(anchorOrigin === undefined ? {} : { anchorOrigin }),
    }),
  }
}

/**
 * Makes a deactivate request (Sidetree v1, Deactivate).
 * @throws SidetreeError OPERATION_KEY_*, and what the signer throws
 */
export async function buildDeactivate(
  input: DeactivateInput,
  params: ProtocolParameters,
): Promise<DeactivateRequest> {
  const recoveryKey = signingKey(input, params)
  const { didSuffix } = input
  return {
    type: 'deactivate',
    didSuffix,
    revealValue: revealValueOf(recoveryKey),
    signedData: await sign(input, { didSuffix, recoveryKey: { ...recoveryKey } }),
  }
}

/**
 * Bytes that a delta of these patches takes in canonical form, of which `maxDeltaBytes` are allowed: to try before
 * there are keys to commit to.
 */
export function deltaBytesOf(patches: readonly Patch[]): number {
  const delta = { patches, updateCommitment: 'Ei'.padEnd(46, 'A') }
  return Buffer.byteLength(canonicalize(delta as unknown as JsonValue))
}

function firstPatches(input: { document?: DocumentState; patches?: Patch[] }): Patch[] {
  if ((input.document === undefined) === (input.patches === undefined)) {
    throw new TypeError('give either document or patches')
  }
  return input.patches ?? [{ action: 'replace', document: input.document ?? {} }]
}

function buildDelta(patches: Patch[], nextUpdateKey: PublicJwk, params: ProtocolParameters): ValidDelta {
  const delta: Delta = { patches, updateCommitment: commitTo(nextUpdateKey, params) }
  return validateDelta(delta as unknown as JsonValue, params)
}

function commitTo(key: PublicJwk, params: ProtocolParameters): string {
  return commitmentOf(validateOperationKey({ ...key }, params))
}

function signingKey({ signer }: SignedInput, params: ProtocolParameters): PublicJwk {
  return validateOperationKey({ ...signer.publicJwk }, params)
}

function requireNewKey(current: PublicJwk, nextCommitment: string): void {
  if (commitmentOf(current) === nextCommitment) {
    throw new SidetreeError('COMMITMENT_REUSED', 'the next key is the one that signs: choose a new key')
  }
}

function requireTwoKeys(updateCommitment: string, recoveryCommitment: string): void {
  if (updateCommitment === recoveryCommitment) {
    throw new SidetreeError('COMMITMENTS_EQUAL', 'the update key and the recovery key are one: choose two')
  }
}

/** The payload is written as it stands, in the order of ion-sdk, so that the same input gives the same text. */
async function sign(input: SignedInput, payload: JsonObject): Promise<string> {
  const { signer, kid, anchorFrom, anchorUntil } = input
  const complete = {
    ...payload,
    ...(anchorFrom === undefined ? {} : { anchorFrom }),
    ...(anchorUntil === undefined ? {} : { anchorUntil }),
  }
  const header: JsonObject = kid === undefined ? {} : { kid }
  return signCompact(signer, header, Buffer.from(JSON.stringify(complete)))
}
