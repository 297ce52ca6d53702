import { isJsonObject } from '../../codec/json.ts'
import { SidetreeError } from '../errors.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { decodeFile, encodeFile, requireFileObject, requireKnownMembers } from './file.ts'
import { type FormCheck, parseProofs, writeProofs } from './proofs.ts'

/** Signed data of the updates of a provisional index file, in its order (Sidetree v1). */
export interface ProvisionalProofFile {
  /** Compact JWS each. */
  updates: string[]
}

/**
 * Reads a provisional proof file (Sidetree v1, Provisional Proof File). Signatures are not verified.
 * @throws SidetreeError FILE_TOO_LARGE, FILE_NOT_GZIP, FILE_EXPANDS_TOO_FAR, FILE_NOT_JSON, FILE_MEMBER_REPEATED,
 * FILE_TOO_DEEP, FILE_NOT_OBJECT, FILE_MEMBER_UNKNOWN, FILE_OPERATIONS_INVALID, FILE_LIST_INVALID,
 * FILE_ENTRY_INVALID, FILE_WITHOUT_PROOFS, and the codes of signed data
 */
export function parseProvisionalProofFile(
  compressed: Uint8Array,
  params: ProtocolParameters,
  form: FormCheck = 'check',
): ProvisionalProofFile {
  const file = requireFileObject(decodeFile(compressed, 'provisionalProof', params), 'provisionalProof')
  if (!params.lenient.unknownProofMembers) {
    requireKnownMembers(file, ['operations'], 'the provisional proof file')
  }
  const operations = file['operations']
  if (!isJsonObject(operations)) {
    throw new SidetreeError(
      'FILE_OPERATIONS_INVALID',
      'operations of the provisional proof file must be an object',
    )
  }
  requireKnownMembers(operations, ['update'], 'operations')
  const list = operations['update']
  if (!Array.isArray(list)) {
    throw new SidetreeError('FILE_LIST_INVALID', 'operations.update must be an array')
  }
  const updates = parseProofs(list, 'update', [], params, form)
  if (updates.length === 0) {
    throw new SidetreeError('FILE_WITHOUT_PROOFS', 'the provisional proof file has no proofs')
  }
  return { updates }
}

/** A provisional proof file as it is stored. */
export function writeProvisionalProofFile(file: ProvisionalProofFile): Buffer {
  return encodeFile(JSON.stringify({ operations: { update: writeProofs(file.updates) } }))
}
