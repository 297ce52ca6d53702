import { isJsonObject, type JsonObject, type JsonValue } from '../../codec/json.ts'
import { SidetreeError } from '../errors.ts'
import { requireLockIdentifierSize } from '../locks.ts'
import type { ProtocolParameters } from '../parameters.ts'
import { didSuffixOf, validateSuffixData } from '../suffix-data.ts'
import type { SuffixData } from '../types.ts'
import { decodeFile, encodeFile, requireCasUri, requireFileObject, requireKnownMembers } from './file.ts'
import {
  listIn,
  type OperationReference,
  parseReferences,
  requireDistinctDids,
  requireEntry,
} from './references.ts'

/** A create in a core index file. */
export interface CreateReference {
  /** Computed from the suffix data. */
  didSuffix: string
  suffixData: SuffixData
}

/** What an anchor string leads to: creates, recovers, deactivates, and where the rest is (Sidetree v1). */
export interface CoreIndexFile {
  /** Present where there are recovers or deactivates, and only there. */
  coreProofFileUri?: string
  /** Present where the batch has anything but deactivates. */
  provisionalIndexFileUri?: string
  /** The value time lock that the writer relies on; its form is the ledger's. */
  writerLockId?: string
  creates: CreateReference[]
  recovers: OperationReference[]
  deactivates: OperationReference[]
}

/**
 * Reads a core index file (Sidetree v1, Core Index File).
 * @throws SidetreeError FILE_TOO_LARGE, FILE_NOT_GZIP, FILE_EXPANDS_TOO_FAR, FILE_NOT_JSON, FILE_MEMBER_REPEATED,
 * FILE_TOO_DEEP, FILE_NOT_OBJECT, FILE_MEMBER_UNKNOWN, FILE_OPERATIONS_INVALID, FILE_LIST_INVALID,
 * FILE_ENTRY_INVALID, FILE_DID_REPEATED, FILE_URI_INVALID, WRITER_LOCK_ID_INVALID, WRITER_LOCK_ID_TOO_LONG,
 * CORE_PROOF_URI_MISSING, CORE_PROOF_URI_NOT_ALLOWED, PROVISIONAL_INDEX_URI_MISSING, DID_SUFFIX_INVALID,
 * REVEAL_VALUE_INVALID, and the codes of suffix data
 */
export function parseCoreIndexFile(compressed: Uint8Array, params: ProtocolParameters): CoreIndexFile {
  const file = indexObject(decodeFile(compressed, 'coreIndex', params), params)
  requireKnownMembers(
    file,
    ['coreProofFileUri', 'provisionalIndexFileUri', 'writerLockId', 'operations'],
    'the core index file',
  )
  const operations = operationsOf(file, params)
  requireKnownMembers(operations, ['create', 'recover', 'deactivate'], 'operations')
  const creates = parseCreates(listIn(operations, 'create', 'operations'), params)
  const recovers = parseReferences(listIn(operations, 'recover', 'operations'), params, 'recover')
  const deactivates = parseReferences(listIn(operations, 'deactivate', 'operations'), params, 'deactivate')
  requireDistinctDids([...creates, ...recovers, ...deactivates], 'the core index file')
  return {
    ...lockOf(file, params),
    ...coreProofUriOf(file, recovers.length + deactivates.length, params),
    ...provisionalIndexUriOf(file, { creates, recovers, deactivates }, params),
    creates,
    recovers,
    deactivates,
  }
}

/** A core index file as it is stored. Lists without an entry are left out. */
export function writeCoreIndexFile(file: CoreIndexFile): Buffer {
  const operations: JsonObject = {}
  if (file.creates.length > 0) {
    operations['create'] = file.creates.map(({ suffixData }) => ({ suffixData: { ...suffixData } }))
  }
  if (file.recovers.length > 0) operations['recover'] = file.recovers.map(referenceJson)
  if (file.deactivates.length > 0) operations['deactivate'] = file.deactivates.map(referenceJson)
  const json: JsonObject = {}
  if (file.writerLockId !== undefined) json['writerLockId'] = file.writerLockId
  if (file.provisionalIndexFileUri !== undefined)
    json['provisionalIndexFileUri'] = file.provisionalIndexFileUri
  if (Object.keys(operations).length > 0) json['operations'] = operations
  if (file.coreProofFileUri !== undefined) json['coreProofFileUri'] = file.coreProofFileUri
  return encodeFile(JSON.stringify(json))
}

function referenceJson({ didSuffix, revealValue }: OperationReference): JsonObject {
  return { didSuffix, revealValue }
}

/** The lenient profile takes an empty array for an empty object: neither has a member. */
function indexObject(value: JsonValue, params: ProtocolParameters): JsonObject {
  if (params.lenient.emptyCoreIndex && Array.isArray(value) && value.length === 0) return {}
  return requireFileObject(value, 'coreIndex')
}

/** The lenient profile takes whatever has no members, such as a number, for an object without any. */
function operationsOf(file: JsonObject, params: ProtocolParameters): JsonObject {
  const operations = file['operations']
  if (operations === undefined) return {}
  if (isJsonObject(operations)) return operations
  const hasNoMembers = operations !== null && Object.keys(Object(operations)).length === 0
  if (params.lenient.emptyCoreIndex && hasNoMembers) return {}
  throw new SidetreeError('FILE_OPERATIONS_INVALID', 'operations of the core index file must be an object')
}

function parseCreates(list: readonly JsonValue[], params: ProtocolParameters): CreateReference[] {
  return list.map((item, i) => {
    const entry = requireEntry(item, ['suffixData'], `create[${i}]`)
    const suffixData = validateSuffixData(entry['suffixData'], params)
    return { didSuffix: didSuffixOf(suffixData), suffixData }
  })
}

function lockOf(file: JsonObject, params: ProtocolParameters): { writerLockId?: string } {
  const writerLockId = file['writerLockId']
  if (writerLockId === undefined) return {}
  if (typeof writerLockId !== 'string') {
    throw new SidetreeError('WRITER_LOCK_ID_INVALID', 'writerLockId must be a string')
  }
  requireLockIdentifierSize(writerLockId, params)
  return { writerLockId }
}

function coreProofUriOf(
  file: JsonObject,
  proofs: number,
  params: ProtocolParameters,
): { coreProofFileUri?: string } {
  const uri = file['coreProofFileUri']
  if (proofs > 0 && uri === undefined) {
    throw new SidetreeError('CORE_PROOF_URI_MISSING', 'recovers and deactivates need a coreProofFileUri')
  }
  if (proofs === 0 && uri !== undefined) {
    throw new SidetreeError(
      'CORE_PROOF_URI_NOT_ALLOWED',
      'coreProofFileUri is only allowed with recovers or deactivates',
    )
  }
  return uri === undefined ? {} : { coreProofFileUri: requireCasUri(uri, params, 'coreProofFileUri') }
}

function provisionalIndexUriOf(
  file: JsonObject,
  operations: Pick<CoreIndexFile, 'creates' | 'recovers' | 'deactivates'>,
  params: ProtocolParameters,
): { provisionalIndexFileUri?: string } {
  const uri = file['provisionalIndexFileUri']
  if (uri !== undefined) {
    return { provisionalIndexFileUri: requireCasUri(uri, params, 'provisionalIndexFileUri') }
  }
  const withDelta = operations.creates.length + operations.recovers.length
  // A batch has at least one operation; one that is not here is an update, in the provisional index file.
  const empty = withDelta + operations.deactivates.length === 0
  if (withDelta > 0 || (empty && !params.lenient.emptyCoreIndex)) {
    throw new SidetreeError(
      'PROVISIONAL_INDEX_URI_MISSING',
      'a batch of more than deactivates needs a provisionalIndexFileUri',
    )
  }
  return {}
}
