import type { JsonValue } from '../../codec/json.ts'
import { type ValidDelta, validateDelta } from '../delta.ts'
import { SidetreeError } from '../errors.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { decodeFile, encodeFile, requireFileObject, requireKnownMembers } from './file.ts'

/** The deltas of a batch: those of its creates, then of its recovers, then of its updates (Sidetree v1). */
export interface ChunkFile {
  /** Each with its canonical text, which `deltaHash` is the hash of. */
  deltas: ValidDelta[]
}

/**
 * Reads a chunk file (Sidetree v1, Chunk Files). One delta that breaks a rule makes the whole file invalid.
 * @throws SidetreeError FILE_TOO_LARGE, FILE_NOT_GZIP, FILE_EXPANDS_TOO_FAR, FILE_NOT_JSON, FILE_MEMBER_REPEATED,
 * FILE_TOO_DEEP, FILE_NOT_OBJECT, FILE_MEMBER_UNKNOWN, FILE_LIST_INVALID, and the codes of deltas
 */
export function parseChunkFile(compressed: Uint8Array, params: ProtocolParameters): ChunkFile {
  const file = requireFileObject(decodeFile(compressed, 'chunk', params), 'chunk')
  requireKnownMembers(file, ['deltas'], 'the chunk file')
  const deltas = file['deltas']
  if (!Array.isArray(deltas)) throw new SidetreeError('FILE_LIST_INVALID', 'deltas must be an array')
  return { deltas: deltas.map((delta, i) => parseDelta(delta, i, params)) }
}

/** A chunk file as it is stored, each delta in canonical form, as the specification asks. */
export function writeChunkFile(file: { deltas: readonly Pick<ValidDelta, 'canonical'>[] }): Buffer {
  return encodeFile(`{"deltas":[${file.deltas.map(delta => delta.canonical).join(',')}]}`)
}

function parseDelta(value: JsonValue, index: number, params: ProtocolParameters): ValidDelta {
  try {
    return validateDelta(value, params)
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    throw new SidetreeError(error.code, `deltas[${index}]: ${error.message}`, error)
  }
}
