import type { JsonObject, JsonValue } from '../../codec/json.ts'
import { isJsonObject } from '../../codec/json.ts'
import { SidetreeError } from '../errors.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { decodeFile, encodeFile, requireFileObject, requireKnownMembers } from './file.ts'
import { parseProofs, writeProofs } from './proofs.ts'
import { listIn } from './references.ts'

/** Signed data of the recovers and the deactivates of a core index file, in its order (Sidetree v1). */
export interface CoreProofFile {
  /** Compact JWS each. */
  recovers: string[]
  deactivates: string[]
}

/**
 * Reads a core proof file (Sidetree v1, Core Proof File). Signatures are not verified.
 * @param deactivated DID suffixes of the core index file's deactivates, in its order: signed data of a deactivate
 * names its DID
 * @throws SidetreeError FILE_TOO_LARGE, FILE_NOT_GZIP, FILE_EXPANDS_TOO_FAR, FILE_NOT_JSON, FILE_MEMBER_REPEATED,
 * FILE_TOO_DEEP, FILE_NOT_OBJECT, FILE_MEMBER_UNKNOWN, FILE_OPERATIONS_INVALID, FILE_LIST_INVALID,
 * FILE_ENTRY_INVALID, FILE_WITHOUT_PROOFS, and the codes of signed data
 */
export function parseCoreProofFile(
  compressed: Uint8Array,
  deactivated: readonly string[],
  params: ProtocolParameters,
): CoreProofFile {
  const file = requireFileObject(decodeFile(compressed, 'coreProof', params), 'coreProof')
  if (!params.lenient.unknownProofMembers) requireKnownMembers(file, ['operations'], 'the core proof file')
  const operations = operationsOf(file['operations'])
  requireKnownMembers(operations, ['recover', 'deactivate'], 'operations')
  const recovers = parseProofs(listIn(operations, 'recover', 'operations'), 'recover', [], params)
  const deactivates = parseProofs(
    listIn(operations, 'deactivate', 'operations'),
    'deactivate',
    deactivated,
    params,
  )
  if (recovers.length + deactivates.length === 0) {
    throw new SidetreeError('FILE_WITHOUT_PROOFS', 'the core proof file has no proofs')
  }
  return { recovers, deactivates }
}

/** A core proof file as it is stored. */
export function writeCoreProofFile(file: CoreProofFile): Buffer {
  const operations: JsonObject = {
    recover: writeProofs(file.recovers),
    deactivate: writeProofs(file.deactivates),
  }
  return encodeFile(JSON.stringify({ operations }))
}

function operationsOf(operations: JsonValue | undefined): JsonObject {
  if (isJsonObject(operations)) return operations
  throw new SidetreeError('FILE_OPERATIONS_INVALID', 'operations of the core proof file must be an object')
}
