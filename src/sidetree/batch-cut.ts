import type { JsonValue } from '../codec/json.ts'
import { type Batch, fileSizes, packBatch, type QueuedOperation } from './batch-write.ts'
import { type ValidDelta, validateDelta } from './delta.ts'
import { SidetreeError, type SidetreeErrorCode } from './errors.ts'
import { type FileRole, maxExpandedBytes, maxFileBytes } from './files/file.ts'
import { requireMultihash } from './input.ts'
import type { ProtocolParameters } from './parameters.ts'
import { requireSignedDataForm } from './signed-data.ts'
import { didSuffixOf, validateSuffixData } from './suffix-data.ts'
import type { OperationRequest } from './types.ts'

/** Bounds of {@link cutBatch}. */
export interface CutOptions {
  /** Most operations, such as a value time lock allows. The protocol's own limit holds in any case. */
  maxOperations?: number
  /** Value time lock that the batch is to name. */
  writerLockId?: string
}

/** An operation that no batch can hold, and why. */
export interface RefusedOperation<T extends QueuedOperation = QueuedOperation> {
  operation: T
  code: SidetreeErrorCode
  message: string
}

/** What {@link cutBatch} made of a queue; operations that it does not mention stay queued. */
export interface BatchCut<T extends QueuedOperation = QueuedOperation> {
  /** Undefined where there was nothing to anchor. */
  batch: Batch<T> | undefined
  /** Left for a later batch because the queue has an earlier operation of their DID. */
  held: T[]
  refused: RefusedOperation<T>[]
}

/**
 * Takes operations from the front of a queue, as many as fit one batch: at most one of each DID, within the
 * count, and each file within its compressed and its decompressed limit, so that no observer refuses what was
 * anchored (sidetree#764). Sizes are estimated from what the operations add to each file, and then verified by
 * compressing; the work is a few compressions of one batch, however long the queue is.
 */
export function cutBatch<T extends QueuedOperation>(
  queue: Iterable<T>,
  params: ProtocolParameters,
  options: CutOptions = {},
): BatchCut<T> {
  const { entries, held, refused } = admit(queue, params, options)
  return { batch: fitBatch(entries, params, options), held, refused }
}

/** Bytes that an operation adds to each file, or a file has in all. */
type Sizes = { readonly [role in FileRole]: number }

const ROLES: readonly FileRole[] = ['coreIndex', 'coreProof', 'provisionalIndex', 'provisionalProof', 'chunk']
/** Room in a file for what is around its entries: member names, URIs, a lock identifier, gzip's own bytes. */
const FRAME_BYTES = 4_000
/** Part of a limit that a shortened batch aims at: what is cut off may compress better than what stays. */
const AIM = 0.98
/** After so many estimates that were not enough, a batch is halved. */
const MAX_ESTIMATES = 6

/** An operation that passed every check which concerns it alone. */
interface Entry<T extends QueuedOperation> {
  operation: T
  delta: ValidDelta | undefined
  /** Of JSON. */
  bytes: Sizes
}

function admit<T extends QueuedOperation>(
  queue: Iterable<T>,
  params: ProtocolParameters,
  options: CutOptions,
): { entries: Entry<T>[]; held: T[]; refused: RefusedOperation<T>[] } {
  const maxOperations = Math.min(options.maxOperations ?? params.maxOperationCount, params.maxOperationCount)
  const room = {
    coreIndex: expandedRoom('coreIndex', params),
    coreProof: expandedRoom('coreProof', params),
    provisionalIndex: expandedRoom('provisionalIndex', params),
    provisionalProof: expandedRoom('provisionalProof', params),
    chunk: expandedRoom('chunk', params),
  }
  const entries: Entry<T>[] = []
  const held: T[] = []
  const refused: RefusedOperation<T>[] = []
  const dids = new Set<string>()
  for (const operation of queue) {
    if (entries.length >= maxOperations) break
    if (dids.has(operation.didSuffix)) {
      held.push(operation)
      continue
    }
    // An operation that is refused holds the later ones of its DID back too: they may build on it.
    dids.add(operation.didSuffix)
    const entry = check(operation, params, options)
    if ('code' in entry) {
      refused.push(entry)
      continue
    }
    for (const role of ROLES) room[role] -= entry.bytes[role]
    if (ROLES.some(role => room[role] < 0)) break
    entries.push(entry)
  }
  return { entries, held, refused }
}

function check<T extends QueuedOperation>(
  operation: T,
  params: ProtocolParameters,
  options: CutOptions,
): Entry<T> | RefusedOperation<T> {
  try {
    const delta = checkOperation(operation, params)
    const bytes = bytesOf(operation.request, delta)
    const entry = { operation, delta, bytes }
    if (!fitsAlone(entry, params, options)) {
      throw new SidetreeError('OPERATION_TOO_LARGE', 'the operation alone exceeds the limits of a batch')
    }
    return entry
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { operation, code: error.code, message: error.message }
  }
}

/** What observers ask of each entry of a file, so that one operation cannot take its whole batch down. */
function checkOperation(operation: QueuedOperation, params: ProtocolParameters): ValidDelta | undefined {
  const { didSuffix, request } = operation
  if (request.type === 'create') {
    const suffixData = validateSuffixData(json(request.suffixData), params)
    if (didSuffixOf(suffixData) !== didSuffix) {
      throw new SidetreeError('DID_SUFFIX_INVALID', 'the DID suffix is not that of the suffix data')
    }
    return validateDelta(json(request.delta), params)
  }
  requireMultihash(didSuffix, params, 'DID_SUFFIX_INVALID', 'didSuffix')
  requireMultihash(request.revealValue, params, 'REVEAL_VALUE_INVALID', 'revealValue')
  requireSignedDataForm({ type: request.type, didSuffix, signedData: request.signedData }, params)
  return request.type === 'deactivate' ? undefined : validateDelta(json(request.delta), params)
}

function bytesOf(request: OperationRequest, delta: ValidDelta | undefined): Sizes {
  const bytes = { coreIndex: 0, coreProof: 0, provisionalIndex: 0, provisionalProof: 0, chunk: 0 }
  if (delta !== undefined) bytes.chunk = Buffer.byteLength(delta.canonical) + 1
  if (request.type === 'create') {
    return { ...bytes, coreIndex: entryBytes({ suffixData: json(request.suffixData) }) }
  }
  const reference = entryBytes({ didSuffix: request.didSuffix, revealValue: request.revealValue })
  const proof = entryBytes({ signedData: request.signedData })
  return request.type === 'update'
    ? { ...bytes, provisionalIndex: reference, provisionalProof: proof }
    : { ...bytes, coreIndex: reference, coreProof: proof }
}

/** Bytes of an entry of a list, with its comma. */
function entryBytes(entry: JsonValue): number {
  return Buffer.byteLength(JSON.stringify(entry)) + 1
}

function fitsAlone<T extends QueuedOperation>(
  entry: Entry<T>,
  params: ProtocolParameters,
  options: CutOptions,
): boolean {
  const { bytes } = entry
  if (ROLES.some(role => bytes[role] > expandedRoom(role, params))) return false
  // Where it fits uncompressed, as nearly all do, there is no need to compress it.
  if (ROLES.every(role => bytes[role] <= maxFileBytes(role, params) - FRAME_BYTES)) return true
  return fits(fileSizes(packBatch([entry], options.writerLockId)), params)
}

/** Bytes of JSON that the entries of a file can have. */
function expandedRoom(role: FileRole, params: ProtocolParameters): number {
  return maxExpandedBytes(role, maxFileBytes(role, params), params) - FRAME_BYTES
}

function fits(sizes: Sizes, params: ProtocolParameters): boolean {
  return ROLES.every(role => sizes[role] <= maxFileBytes(role, params))
}

/** The longest run from the front that fits one batch; each entry is known to fit alone. */
function fitBatch<T extends QueuedOperation>(
  entries: readonly Entry<T>[],
  params: ProtocolParameters,
  options: CutOptions,
): Batch<T> | undefined {
  let chosen = entries
  for (let estimates = 1; chosen.length > 0; estimates++) {
    const batch = packBatch(chosen, options.writerLockId)
    const sizes = fileSizes(batch)
    if (fits(sizes, params)) return batch
    const count = estimates > MAX_ESTIMATES ? chosen.length / 2 : runWithin(chosen, sizes, params)
    chosen = chosen.slice(0, Math.min(Math.max(1, count), chosen.length - 1))
  }
  return undefined
}

/** How many entries stay within the limits if each file goes on compressing as it did. */
function runWithin<T extends QueuedOperation>(
  entries: readonly Entry<T>[],
  sizes: Sizes,
  params: ProtocolParameters,
): number {
  const room = { ...sizes }
  for (const role of ROLES) {
    const total = entries.reduce((sum, entry) => sum + entry.bytes[role], 0)
    const limit = maxFileBytes(role, params)
    room[role] = sizes[role] <= limit ? total : (total / sizes[role]) * limit * AIM
  }
  let count = 0
  for (const { bytes } of entries) {
    for (const role of ROLES) room[role] -= bytes[role]
    if (ROLES.some(role => room[role] < 0)) break
    count++
  }
  return count
}

/** A value that was read from JSON, where its type says more than that it is JSON. */
function json(value: object): JsonValue {
  return value as JsonValue
}
