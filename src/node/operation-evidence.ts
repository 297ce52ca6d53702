import { CodecError } from '../codec/errors.ts'
import { canonicalize } from '../codec/jcs.ts'
import type { JsonValue } from '../codec/json.ts'
import { encodedMultihash } from '../codec/multihash.ts'
import { verifySignature } from '../keys/verify.ts'
import { checkOperation, signedDataInputOf } from '../sidetree/check.ts'
import { commitmentOf } from '../sidetree/commitment.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import { type ParsedSignedData, parseSignedData } from '../sidetree/signed-data.ts'
import type { AnchoredOperation, CheckedOperation } from '../sidetree/types.ts'
import type { Result } from '../trust/types.ts'

/** What one check found. */
export interface Check {
  result: Result
  /** One plain sentence. */
  detail: string
}

/** An operation, taken from the files of its transaction, with what it is to a resolution and its signed data. */
export interface OperationEvidence {
  operation: AnchoredOperation
  checked: CheckedOperation
  /** Absent for a create; why it cannot be read, where it cannot. */
  signed?: ParsedSignedData | SidetreeError
}

/** Reads an operation as its files give it. @param params the rules at the time of its transaction */
export function readOperation(operation: AnchoredOperation, params: ProtocolParameters): OperationEvidence {
  const checked = checkOperation(operation, params)
  const input = signedDataInputOf(operation)
  if (input === undefined) return { operation, checked }
  try {
    return { operation, checked, signed: parseSignedData(input, params) }
  } catch (error) {
    if (error instanceof SidetreeError) return { operation, checked, signed: error }
    throw error
  }
}

/** That the suffix of the DID is the hash of the suffix data. */
export function checkSuffix({ operation }: OperationEvidence, suffix: string): Check {
  const canonical = canonicalText(operation.suffixData as unknown as JsonValue)
  if (canonical === undefined) return fail('The create has no suffix data that can be hashed.')
  const hash = encodedMultihash(canonical)
  return hash === suffix
    ? pass('The suffix data were hashed and give the suffix of the DID.')
    : fail(`The suffix data hash to ${hash}, which is not the suffix of the DID.`)
}

/** That the signature over the signed data is by the key in them, and that the reveal value is that key's. */
export function checkSignature({ signed }: OperationEvidence): Check {
  if (signed === undefined) return fail('The operation has no signed data.')
  if (signed instanceof SidetreeError) return fail(`${sentence(signed)} (${signed.code}).`)
  const { algorithm } = signed.data
  return verifySignature(signed.key, algorithm, signed.signingInput, signed.signature)
    ? pass(`The signature (${algorithm}) was verified with the key in the signed data.`)
    : fail(`The signature (${algorithm}) does not verify with the key in the signed data.`)
}

/** That the key in the signed data is the one that was committed to. @param commitment of an earlier operation */
export function checkReveal({ signed }: OperationEvidence, commitment: string | undefined): Check {
  if (signed === undefined || signed instanceof SidetreeError) {
    return {
      result: 'undecided',
      detail: 'There is no key that could be hashed: the signed data are not sound.',
    }
  }
  if (commitment === undefined) return fail('The operation before it commits to no key.')
  const own = commitmentOf(signed.data.key)
  return own === commitment
    ? pass(`The key was hashed twice and gives the commitment ${commitment}.`)
    : fail(`The key hashes to ${own}, and the commitment is ${commitment}.`)
}

/** That the delta is the one whose hash the suffix data or the signed data hold. */
export function checkDelta(evidence: OperationEvidence): Check {
  const { operation } = evidence
  const wanted = deltaHashOf(evidence)
  if (wanted === undefined) return fail('The operation names no hash of a delta.')
  const canonical = operation.canonicalDelta ?? canonicalText(operation.delta as unknown as JsonValue)
  if (canonical === undefined) return { result: 'undecided', detail: 'The batch has no delta for it.' }
  const hash = encodedMultihash(canonical)
  return hash === wanted
    ? pass(`The delta was hashed and gives ${wanted}.`)
    : fail(`The delta hashes to ${hash}, and the operation names ${wanted}.`)
}

/** That it was anchored within the time that it asks for; undefined where it asks for none. */
export function checkWindow({ checked }: OperationEvidence, ledgerTime: number): Check | undefined {
  const { anchorFrom, anchorUntil } = checked
  if (anchorFrom === undefined && anchorUntil === undefined) return undefined
  const window = `from ${anchorFrom ?? 'any time'} until ${anchorUntil ?? 'any time'}`
  const within = ledgerTime >= (anchorFrom ?? 0) && ledgerTime <= (anchorUntil ?? Number.POSITIVE_INFINITY)
  return within
    ? pass(`Ledger time ${ledgerTime} lies in the time that it allows for, ${window}.`)
    : fail(`Ledger time ${ledgerTime} lies outside of the time that it allows for, ${window}.`)
}

function deltaHashOf({ operation, signed }: OperationEvidence): string | undefined {
  if (operation.type === 'create') return operation.suffixData?.deltaHash
  return signed === undefined || signed instanceof SidetreeError ? undefined : signed.data.deltaHash
}

function canonicalText(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined
  try {
    return canonicalize(value)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

function sentence(error: Error): string {
  return (error.message.charAt(0).toUpperCase() + error.message.slice(1)).replace(/\.$/, '')
}

function pass(detail: string): Check {
  return { result: 'pass', detail }
}

function fail(detail: string): Check {
  return { result: 'fail', detail }
}
