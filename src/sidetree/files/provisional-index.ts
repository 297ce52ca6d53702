import { isJsonObject, type JsonObject, type JsonValue } from '../../codec/json.ts'
import { SidetreeError } from '../errors.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { decodeFile, encodeFile, requireCasUri, requireFileObject, requireKnownMembers } from './file.ts'
import { type OperationReference, parseReferences, requireDistinctDids, requireEntry } from './references.ts'

/** The updates of a batch, and where the deltas of all its operations are (Sidetree v1). */
export interface ProvisionalIndexFile {
  /** Present where there are updates, and only there. */
  provisionalProofFileUri?: string
  chunkFileUri: string
  updates: OperationReference[]
}

/**
 * Reads a provisional index file (Sidetree v1, Provisional Index File).
 * @throws SidetreeError FILE_TOO_LARGE, FILE_NOT_GZIP, FILE_EXPANDS_TOO_FAR, FILE_NOT_JSON, FILE_MEMBER_REPEATED,
 * FILE_TOO_DEEP, FILE_NOT_OBJECT, FILE_MEMBER_UNKNOWN, FILE_OPERATIONS_INVALID, FILE_LIST_INVALID,
 * FILE_ENTRY_INVALID, FILE_DID_REPEATED, FILE_URI_INVALID, CHUNKS_INVALID, PROVISIONAL_PROOF_URI_MISSING,
 * PROVISIONAL_PROOF_URI_NOT_ALLOWED, DID_SUFFIX_INVALID, REVEAL_VALUE_INVALID
 */
export function parseProvisionalIndexFile(
  compressed: Uint8Array,
  params: ProtocolParameters,
): ProvisionalIndexFile {
  const file = requireFileObject(decodeFile(compressed, 'provisionalIndex', params), 'provisionalIndex')
  requireKnownMembers(file, ['provisionalProofFileUri', 'chunks', 'operations'], 'the provisional index file')
  const chunkFileUri = chunkUriOf(file['chunks'], params)
  const updates = parseReferences(updatesOf(file['operations']), params, 'update')
  requireDistinctDids(updates, 'the provisional index file')
  return { ...proofUriOf(file, updates.length, params), chunkFileUri, updates }
}

/** A provisional index file as it is stored. `operations` is left out where there are no updates. */
export function writeProvisionalIndexFile(file: ProvisionalIndexFile): Buffer {
  const json: JsonObject = { chunks: [{ chunkFileUri: file.chunkFileUri }] }
  if (file.updates.length > 0) {
    json['operations'] = {
      update: file.updates.map(({ didSuffix, revealValue }) => ({ didSuffix, revealValue })),
    }
  }
  if (file.provisionalProofFileUri !== undefined)
    json['provisionalProofFileUri'] = file.provisionalProofFileUri
  return encodeFile(JSON.stringify(json))
}

function chunkUriOf(chunks: JsonValue | undefined, params: ProtocolParameters): string {
  const [chunk, ...more] = Array.isArray(chunks) ? chunks : []
  if (chunk === undefined || more.length > 0) {
    throw new SidetreeError('CHUNKS_INVALID', 'chunks must be an array of exactly one entry')
  }
  const entry = requireEntry(chunk, ['chunkFileUri'], 'chunks[0]')
  return requireCasUri(entry['chunkFileUri'], params, 'chunkFileUri')
}

function updatesOf(operations: JsonValue | undefined): JsonValue[] {
  if (operations === undefined) return []
  if (!isJsonObject(operations)) {
    throw new SidetreeError(
      'FILE_OPERATIONS_INVALID',
      'operations of the provisional index file must be an object',
    )
  }
  requireKnownMembers(operations, ['update'], 'operations')
  const updates = operations['update']
  if (!Array.isArray(updates)) {
    throw new SidetreeError('FILE_LIST_INVALID', 'operations.update must be an array')
  }
  return updates
}

function proofUriOf(
  file: JsonObject,
  updates: number,
  params: ProtocolParameters,
): { provisionalProofFileUri?: string } {
  const uri = file['provisionalProofFileUri']
  if (updates > 0 && uri === undefined) {
    throw new SidetreeError('PROVISIONAL_PROOF_URI_MISSING', 'updates need a provisionalProofFileUri')
  }
  if (updates === 0 && uri !== undefined) {
    throw new SidetreeError(
      'PROVISIONAL_PROOF_URI_NOT_ALLOWED',
      'provisionalProofFileUri is only allowed with updates',
    )
  }
  return uri === undefined
    ? {}
    : { provisionalProofFileUri: requireCasUri(uri, params, 'provisionalProofFileUri') }
}
