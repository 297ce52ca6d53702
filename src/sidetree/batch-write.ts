import { formatAnchorString } from './anchor-string.ts'
import type { ValidDelta } from './delta.ts'
import { SidetreeError } from './errors.ts'
import { writeChunkFile } from './files/chunk.ts'
import { type CreateReference, writeCoreIndexFile } from './files/core-index.ts'
import { writeCoreProofFile } from './files/core-proof.ts'
import { type FileRole, maxFileBytes, requireCasUri, TITLE } from './files/file.ts'
import { writeProvisionalIndexFile } from './files/provisional-index.ts'
import { writeProvisionalProofFile } from './files/provisional-proof.ts'
import type { OperationReference } from './files/references.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { OperationRequest } from './types.ts'

/** An operation that waits to be anchored. */
export interface QueuedOperation {
  didSuffix: string
  request: OperationRequest
}

/** A batch, with the files that name no other. {@link cutBatch} makes those that every observer takes. */
export interface Batch<T extends QueuedOperation = QueuedOperation> {
  /** In batch order (creates, recovers, deactivates, updates), so an index here is an operation index. */
  operations: T[]
  /** Compressed; each is there where the batch has operations for it. */
  files: { coreProof?: Buffer; provisionalProof?: Buffer; chunk?: Buffer }
  writerLockId?: string
}

/** An operation with its delta, where it has one, in canonical form. */
export interface PackedOperation<T extends QueuedOperation = QueuedOperation> {
  operation: T
  delta: ValidDelta | undefined
}

/** A batch whose files are in the content store, to be anchored. */
export interface StoredBatch {
  anchorString: string
  /** Where each file is, in the order in which they were stored. */
  files: { role: FileRole; uri: string }[]
}

/** Batch order. Deltas have the same, as deactivates have none. */
const ORDER = ['create', 'recover', 'deactivate', 'update'] as const
/**
 * Bytes that are kept free in an index file for the URIs of other files, which are not known before those are
 * stored, and for what they do to the compression around them.
 */
const ROOM_FOR_URIS = 2_000

/** Puts operations, whatever their order, together to a batch, and compresses its files. */
export function packBatch<T extends QueuedOperation>(
  packed: readonly PackedOperation<T>[],
  writerLockId?: string,
): Batch<T> {
  const ordered = ORDER.flatMap(type => packed.filter(({ operation }) => operation.request.type === type))
  const operations = ordered.map(({ operation }) => operation)
  const { recovers, deactivates, updates } = listsOf(operations).signedData
  const deltas = ordered.flatMap(({ delta }) => delta ?? [])
  const files: Batch['files'] = {}
  if (recovers.length + deactivates.length > 0)
    files.coreProof = writeCoreProofFile({ recovers, deactivates })
  if (updates.length > 0) files.provisionalProof = writeProvisionalProofFile({ updates })
  if (deltas.length > 0) files.chunk = writeChunkFile({ deltas })
  return writerLockId === undefined ? { operations, files } : { operations, files, writerLockId }
}

/** Compressed size of each file of a batch; of an index file, the most that it can come to. */
export function fileSizes(batch: Batch): { [role in FileRole]: number } {
  const lists = listsOf(batch.operations)
  const { coreProof, provisionalProof, chunk } = batch.files
  const provisionalIndex = provisionalIndexOf(lists, chunk && '', provisionalProof && '')
  return {
    coreIndex: coreIndexOf(lists, batch.writerLockId, '', '').length + ROOM_FOR_URIS,
    coreProof: coreProof?.length ?? 0,
    provisionalIndex: provisionalIndex === undefined ? 0 : provisionalIndex.length + ROOM_FOR_URIS,
    provisionalProof: provisionalProof?.length ?? 0,
    chunk: chunk?.length ?? 0,
  }
}

/**
 * Stores the files of a batch, each after those that it names. Done twice, it stores the same bytes twice.
 * @param store puts a file into the content store and returns its URI
 * @throws SidetreeError FILE_URI_INVALID, ANCHOR_STRING_URI_INVALID, where the store returns no URI that fits;
 * FILE_TOO_LARGE, where the batch was cut by other parameters
 */
export async function storeBatch(
  batch: Batch,
  params: ProtocolParameters,
  store: (bytes: Uint8Array, role: FileRole) => Promise<string>,
): Promise<StoredBatch> {
  const files: StoredBatch['files'] = []
  const put = async (role: FileRole, bytes: Buffer): Promise<string> => {
    requireSize(bytes, role, params)
    const uri = requireCasUri(await store(bytes, role), params, `URI of the ${TITLE[role]} file`)
    files.push({ role, uri })
    return uri
  }
  const lists = listsOf(batch.operations)
  const { coreProof, provisionalProof, chunk } = batch.files
  const coreProofUri = coreProof && (await put('coreProof', coreProof))
  const provisionalProofUri = provisionalProof && (await put('provisionalProof', provisionalProof))
  const provisionalIndex = provisionalIndexOf(
    lists,
    chunk && (await put('chunk', chunk)),
    provisionalProofUri,
  )
  const provisionalIndexUri = provisionalIndex && (await put('provisionalIndex', provisionalIndex))
  const coreIndex = coreIndexOf(lists, batch.writerLockId, coreProofUri, provisionalIndexUri)
  const coreIndexFileUri = await put('coreIndex', coreIndex)
  const operationCount = batch.operations.length
  return { anchorString: formatAnchorString({ operationCount, coreIndexFileUri }, params), files }
}

/** The operations of a batch as its index and proof files list them. */
interface Lists {
  creates: CreateReference[]
  recovers: OperationReference[]
  deactivates: OperationReference[]
  updates: OperationReference[]
  signedData: { recovers: string[]; deactivates: string[]; updates: string[] }
}

function listsOf(operations: readonly QueuedOperation[]): Lists {
  const signedData: Lists['signedData'] = { recovers: [], deactivates: [], updates: [] }
  const lists: Lists = { creates: [], recovers: [], deactivates: [], updates: [], signedData }
  for (const { didSuffix, request } of operations) {
    if (request.type === 'create') {
      lists.creates.push({ didSuffix, suffixData: request.suffixData })
      continue
    }
    const list = `${request.type}s` as const
    lists[list].push({ didSuffix, revealValue: request.revealValue })
    signedData[list].push(request.signedData)
  }
  return lists
}

function coreIndexOf(
  { creates, recovers, deactivates }: Lists,
  writerLockId: string | undefined,
  coreProofFileUri: string | undefined,
  provisionalIndexFileUri: string | undefined,
): Buffer {
  return writeCoreIndexFile({
    ...(writerLockId === undefined ? {} : { writerLockId }),
    ...(coreProofFileUri === undefined ? {} : { coreProofFileUri }),
    ...(provisionalIndexFileUri === undefined ? {} : { provisionalIndexFileUri }),
    creates,
    recovers,
    deactivates,
  })
}

function provisionalIndexOf(
  { updates }: Lists,
  chunkFileUri: string | undefined,
  provisionalProofFileUri: string | undefined,
): Buffer | undefined {
  if (chunkFileUri === undefined) return undefined
  return writeProvisionalIndexFile({
    chunkFileUri,
    updates,
    ...(provisionalProofFileUri === undefined ? {} : { provisionalProofFileUri }),
  })
}

function requireSize(bytes: Uint8Array, role: FileRole, params: ProtocolParameters): void {
  const limit = maxFileBytes(role, params)
  if (bytes.length <= limit) return
  throw new SidetreeError(
    'FILE_TOO_LARGE',
    `the ${TITLE[role]} file has ${bytes.length} bytes, more than ${limit}`,
  )
}
