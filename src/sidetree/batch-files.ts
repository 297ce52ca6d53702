import type { ValidDelta } from './delta.ts'
import { SidetreeError } from './errors.ts'
import { type ChunkFile, parseChunkFile } from './files/chunk.ts'
import type { CoreIndexFile } from './files/core-index.ts'
import { type CoreProofFile, parseCoreProofFile } from './files/core-proof.ts'
import { type FileRole, TITLE } from './files/file.ts'
import type { FormCheck } from './files/proofs.ts'
import type { ProvisionalIndexFile } from './files/provisional-index.ts'
import { type ProvisionalProofFile, parseProvisionalProofFile } from './files/provisional-proof.ts'
import type { OperationReference } from './files/references.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { AnchoredOperation } from './types.ts'

/** The files that have been read and found valid. */
export interface BatchFiles {
  coreIndex?: CoreIndexFile
  coreProof?: CoreProofFile
  provisionalIndex?: ProvisionalIndexFile
  provisionalProof?: ProvisionalProofFile
  chunk?: ChunkFile
}

export function coreCount(index: CoreIndexFile): number {
  return index.creates.length + index.recovers.length + index.deactivates.length
}

/** A batch may hold fewer operations than its anchor string declares, but not more (ION's design). */
export function requireCount(count: number, declared: number, what: string): void {
  if (count <= declared) return
  throw new SidetreeError(
    'BATCH_COUNT_EXCEEDED',
    `${what} brings the batch to ${count} operations, its anchor string declares ${declared}`,
  )
}

/** A DID has at most one operation in a batch (Sidetree v1, Provisional Index File Processing). */
export function requireNoUpdateOf(core: CoreIndexFile | undefined, provisional: ProvisionalIndexFile): void {
  if (core === undefined) return
  const inCore = new Set<string>()
  for (const list of [core.creates, core.recovers, core.deactivates]) {
    for (const { didSuffix } of list) inCore.add(didSuffix)
  }
  for (const { didSuffix } of provisional.updates) {
    if (!inCore.has(didSuffix)) continue
    throw new SidetreeError('BATCH_DID_REPEATED', `the batch has two operations of the DID ${didSuffix}`)
  }
}

/** A batch of deactivates alone has no provisional index file (Sidetree v1, Core Index File). */
export function requireDeltas(core: CoreIndexFile | undefined, provisional: ProvisionalIndexFile): void {
  const { creates = [], recovers = [] } = core ?? {}
  if (creates.length + recovers.length + provisional.updates.length > 0) return
  throw new SidetreeError(
    'PROVISIONAL_INDEX_URI_NOT_ALLOWED',
    'the batch has a provisional index file, but no operation with a delta',
  )
}

export function readCoreProof(
  bytes: Uint8Array,
  files: BatchFiles,
  params: ProtocolParameters,
): CoreProofFile {
  const { recovers = [], deactivates = [] } = files.coreIndex ?? {}
  const proof = parseCoreProofFile(
    bytes,
    deactivates.map(({ didSuffix }) => didSuffix),
    params,
  )
  // ION's nodes compare the sums only; an operation that is then left without signed data never applies.
  const matches = params.lenient.proofCounts
    ? proof.recovers.length + proof.deactivates.length === recovers.length + deactivates.length
    : proof.recovers.length === recovers.length && proof.deactivates.length === deactivates.length
  if (!matches) throw countMismatch('coreProof', 'recovers and deactivates')
  return proof
}

export function readProvisionalProof(
  bytes: Uint8Array,
  files: BatchFiles,
  params: ProtocolParameters,
  form: FormCheck,
): ProvisionalProofFile {
  const proof = parseProvisionalProofFile(bytes, params, form)
  if (proof.updates.length !== files.provisionalIndex?.updates.length) {
    throw countMismatch('provisionalProof', 'updates')
  }
  return proof
}

export function readChunk(bytes: Uint8Array, files: BatchFiles, params: ProtocolParameters): ChunkFile {
  const chunk = parseChunkFile(bytes, params)
  const { creates = [], recovers = [] } = files.coreIndex ?? {}
  const { updates = [] } = files.provisionalIndex ?? {}
  if (chunk.deltas.length !== creates.length + recovers.length + updates.length) {
    throw countMismatch('chunk', 'creates, recovers and updates')
  }
  return chunk
}

function countMismatch(role: FileRole, what: string): SidetreeError {
  return new SidetreeError(
    'BATCH_COUNT_MISMATCH',
    `the ${TITLE[role]} file does not have one entry for each of the ${what} in the index files`,
  )
}

/** The operations of a batch as its files give them, updates apart: they count only with their deltas. */
export interface AssembledOperations {
  /** Creates, recovers, deactivates. */
  core: AnchoredOperation[]
  updates: AnchoredOperation[]
}

/**
 * Puts each reference of the index files together with its signed data and its delta, so far as the files are there.
 * In batch order, `core` comes before `updates`, and so keeps its operation indices whatever becomes of the updates.
 */
export function assembleOperations(files: BatchFiles): AssembledOperations {
  const { creates = [], recovers = [], deactivates = [] } = files.coreIndex ?? {}
  const { updates = [] } = files.provisionalIndex ?? {}
  const deltas = files.chunk?.deltas
  const core: AnchoredOperation[] = creates.map(({ didSuffix, suffixData }, i) =>
    withDelta({ type: 'create', didSuffix, suffixData }, deltas?.[i]),
  )
  recovers.forEach((reference, i) => {
    core.push(operation('recover', reference, files.coreProof?.recovers[i], deltas?.[creates.length + i]))
  })
  deactivates.forEach((reference, i) => {
    core.push(operation('deactivate', reference, files.coreProof?.deactivates[i], undefined))
  })
  const first = creates.length + recovers.length
  return {
    core,
    updates: updates.map((reference, i) =>
      operation('update', reference, files.provisionalProof?.updates[i], deltas?.[first + i]),
    ),
  }
}

function operation(
  type: 'update' | 'recover' | 'deactivate',
  { didSuffix, revealValue }: OperationReference,
  signedData: string | undefined,
  delta: ValidDelta | undefined,
): AnchoredOperation {
  const base: AnchoredOperation = { type, didSuffix, revealValue }
  if (signedData !== undefined) base.signedData = signedData
  return withDelta(base, delta)
}

function withDelta(base: AnchoredOperation, valid: ValidDelta | undefined): AnchoredOperation {
  if (valid === undefined) return base
  base.delta = valid.delta
  base.canonicalDelta = valid.canonical
  return base
}
