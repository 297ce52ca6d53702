import { CodecError } from '../../codec/errors.ts'
import { gunzip, gzip } from '../../codec/gzip.ts'
import { isJsonObject, type JsonObject, type JsonShape, type JsonValue, parseJson } from '../../codec/json.ts'
import { SidetreeError, type SidetreeErrorCode } from '../errors.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { isCasUri } from './cas-uri.ts'

/** The five kinds of file that a batch is made of (Sidetree v1, File Structures). */
export type FileRole = 'coreIndex' | 'coreProof' | 'provisionalIndex' | 'provisionalProof' | 'chunk'

/**
 * Deepest nesting in a file. The specification sets no bound; canonical JSON is bounded alike. Deltas are the only
 * part of a file where depth is the writer's choice, and no 1,000 bytes are nested deeper, so that ION's nodes, which
 * have no bound, decide the same.
 */
const MAX_DEPTH = 512

/** Largest size of a file as it is stored, compressed. */
export function maxFileBytes(role: FileRole, params: ProtocolParameters): number {
  switch (role) {
    case 'coreIndex':
      return params.maxCoreIndexFileBytes
    case 'provisionalIndex':
      return params.maxProvisionalIndexFileBytes
    case 'chunk':
      return params.maxChunkFileBytes
    default:
      return params.maxProofFileBytes
  }
}

/** Largest size of a file once decompressed (MAX_MEMORY_DECOMPRESSION_FACTOR). */
export function maxExpandedBytes(
  role: FileRole,
  compressedBytes: number,
  params: ProtocolParameters,
): number {
  const base = params.decompressionFactorOf === 'file' ? compressedBytes : maxFileBytes(role, params)
  return params.maxMemoryDecompressionFactor * base
}

/**
 * The JSON value inside a compressed file.
 * @throws SidetreeError FILE_TOO_LARGE, FILE_NOT_GZIP, FILE_EXPANDS_TOO_FAR, FILE_NOT_JSON, FILE_MEMBER_REPEATED,
 * FILE_TOO_DEEP
 */
export function decodeFile(compressed: Uint8Array, role: FileRole, params: ProtocolParameters): JsonValue {
  const limit = maxFileBytes(role, params)
  if (compressed.length > limit) {
    throw new SidetreeError(
      'FILE_TOO_LARGE',
      `the ${TITLE[role]} file is ${compressed.length} bytes, ${limit} are allowed`,
    )
  }
  const maxBytes = maxExpandedBytes(role, compressed.length, params)
  try {
    const members = params.lenient.gzipMembers ? 'many' : 'one'
    const text = gunzip(compressed, { maxOutputBytes: maxBytes, members })
    return parseJson(text, {
      maxBytes,
      maxDepth: MAX_DEPTH,
      duplicateMembers: params.lenient.duplicateMembers,
      ...shapeOf(role, params),
    })
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new SidetreeError(codeOf(cause), `the ${TITLE[role]} file: ${cause.message}`, cause)
  }
}

/**
 * The most values that the largest valid chunk file has, as 30 MB of small ones would take more than a gigabyte of
 * memory. What is counted takes a byte of the canonical form of its delta, unless a repeated member goes for nothing.
 */
function shapeOf(role: FileRole, params: ProtocolParameters): { shape?: JsonShape } {
  if (role !== 'chunk' || params.lenient.duplicateMembers) return {}
  return { shape: { maxOuter: params.maxOperationCount + 10, maxEntry: params.maxDeltaBytes } }
}

/** A file as it is stored: gzip of JSON in UTF-8. */
export function encodeFile(json: string): Buffer {
  return gzip(Buffer.from(json, 'utf8'))
}

/** @throws SidetreeError FILE_NOT_OBJECT */
export function requireFileObject(value: JsonValue, role: FileRole): JsonObject {
  if (!isJsonObject(value)) {
    throw new SidetreeError('FILE_NOT_OBJECT', `the ${TITLE[role]} file must be a JSON object`)
  }
  return value
}

/**
 * Requires that an object of a file has no member but these (Sidetree v1: unknown properties invalidate the file).
 * @throws SidetreeError FILE_MEMBER_UNKNOWN
 */
export function requireKnownMembers(object: JsonObject, known: readonly string[], what: string): void {
  for (const name of Object.keys(object)) {
    if (known.includes(name)) continue
    const shown = JSON.stringify(name.slice(0, 80))
    throw new SidetreeError('FILE_MEMBER_UNKNOWN', `${what} has an unknown member: ${shown}`)
  }
}

/** @throws SidetreeError FILE_URI_INVALID */
export function requireCasUri(
  value: JsonValue | undefined,
  params: ProtocolParameters,
  what: string,
): string {
  if (isCasUri(value, params)) return value
  throw new SidetreeError(
    'FILE_URI_INVALID',
    `${what} must be a URI of at most ${params.maxCasUriLength} characters`,
  )
}

/** What a message calls each file. */
export const TITLE: { readonly [role in FileRole]: string } = {
  coreIndex: 'core index',
  coreProof: 'core proof',
  provisionalIndex: 'provisional index',
  provisionalProof: 'provisional proof',
  chunk: 'chunk',
}

function codeOf(error: CodecError): SidetreeErrorCode {
  switch (error.code) {
    case 'GZIP_TOO_LARGE':
    case 'JSON_TOO_MANY_VALUES':
      return 'FILE_EXPANDS_TOO_FAR'
    case 'GZIP_INVALID':
    case 'GZIP_TRAILING_DATA':
      return 'FILE_NOT_GZIP'
    case 'JSON_DUPLICATE_MEMBER':
      return 'FILE_MEMBER_REPEATED'
    case 'JSON_TOO_DEEP':
      return 'FILE_TOO_DEEP'
    default:
      return 'FILE_NOT_JSON'
  }
}
