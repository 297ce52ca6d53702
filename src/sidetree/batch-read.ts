import type { AnchorString } from './anchor-string.ts'
import {
  assembleOperations,
  type BatchFiles,
  coreCount,
  readChunk,
  readCoreProof,
  readProvisionalProof,
  requireCount,
  requireDeltas,
  requireNoUpdateOf,
} from './batch-files.ts'
import { SidetreeError, type SidetreeErrorCode } from './errors.ts'
import { parseCoreIndexFile } from './files/core-index.ts'
import { type FileRole, maxFileBytes, TITLE } from './files/file.ts'
import type { FormCheck } from './files/proofs.ts'
import { parseProvisionalIndexFile } from './files/provisional-index.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { AnchoredOperation } from './types.ts'

/** A file of a batch that is to be fetched now. */
export interface WantedFile {
  role: FileRole
  uri: string
  /** Largest file that the protocol allows; a larger one is `invalid`. */
  maxBytes: number
}

/**
 * What came of fetching a file: its bytes; `invalid` where the content itself can never do (larger than allowed,
 * no such kind of address, not a file); `unavailable` where another try, or another source, may do: not found, not
 * reachable, or bytes that do not match the address.
 */
export type FetchedFile = Uint8Array | 'invalid' | 'unavailable'

/** Why a file, and what hangs on it, does not count. */
export interface FileProblem {
  role: FileRole
  code: SidetreeErrorCode
  message: string
}

/**
 * What a batch amounts to, as far as its files are there. `operations` are in batch order (creates, recovers,
 * deactivates, updates, each as its file lists them), so an operation's index in it is its operation index.
 */
export type BatchOutcome =
  /** The core files are invalid: the transaction counts for nothing. */
  | { status: 'discarded'; problem: FileProblem }
  /** Final. With a `problem`, no operation has its delta, and updates are `dropped` instead of listed. */
  | {
      status: 'complete'
      operations: AnchoredOperation[]
      dropped: AnchoredOperation[]
      problem?: FileProblem
    }
  /**
   * Files are missing. `operations` stand already, without their deltas; `undecided` are the DIDs that the missing
   * files may say more about, as far as index files name them.
   */
  | { status: 'incomplete'; missing: WantedFile[]; operations: AnchoredOperation[]; undecided: string[] }

/**
 * Reads the files of one batch in whatever order they arrive. It asks for each as soon as another has named it:
 * first the core index file, then the core proof and provisional index files, then the provisional proof and chunk
 * files.
 *
 * How far a fault reaches (Sidetree v1, Transaction & Operation Processing): an invalid core index or core proof
 * file discards the transaction; an invalid provisional index, provisional proof or chunk file takes the deltas and
 * the updates away, and creates, recovers and deactivates stay.
 */
export class BatchReader {
  readonly #anchor: AnchorString
  readonly #params: ProtocolParameters
  readonly #form: FormCheck
  /** Asked for, and not there. */
  readonly #missing = new Map<FileRole, WantedFile>()
  readonly #files: BatchFiles = {}
  #coreProblem: FileProblem | undefined
  #provisionalProblem: FileProblem | undefined

  /**
   * @param form `defer` where the caller goes on to verify the signed data of updates, and then {@link reject}s the
   * provisional proof file for a problem that {@link isFormProblem}. Default `check`.
   */
  constructor(anchor: AnchorString, params: ProtocolParameters, form: FormCheck = 'check') {
    this.#anchor = anchor
    this.#params = params
    this.#form = form
    this.#want('coreIndex', anchor.coreIndexFileUri)
  }

  /** Files that are asked for and not there, unavailable ones included. */
  wanted(): WantedFile[] {
    return [...this.#missing.values()]
  }

  /** The lock that the batch relies on, once the core index file has been read; {@link checkLock} judges it. */
  get writerLockId(): string | undefined {
    return this.#files.coreIndex?.writerLockId
  }

  /**
   * Takes a file, and returns those that it names and that are now wanted. A file that is not wanted, or no longer,
   * is ignored; one that was unavailable may be supplied again.
   */
  supply(role: FileRole, fetched: FetchedFile): WantedFile[] {
    const wanted = this.#missing.get(role)
    if (wanted === undefined || fetched === 'unavailable') return []
    this.#missing.delete(role)
    try {
      if (fetched === 'invalid') {
        throw new SidetreeError(
          'FILE_UNUSABLE',
          `what ${wanted.uri} leads to cannot be a ${TITLE[role]} file`,
        )
      }
      return this.#read(role, fetched)
    } catch (error) {
      if (!(error instanceof SidetreeError)) throw error
      this.reject({ role, code: error.code, message: error.message })
      return []
    }
  }

  /**
   * Has a file count as invalid, for a reason that shows only outside it: a lock that does not hold (the core index
   * file's), or signed data without the form that the file's validity depends on.
   */
  reject(problem: FileProblem): void {
    if (problem.role === 'coreIndex' || problem.role === 'coreProof') {
      this.#coreProblem = problem
      this.#missing.clear()
      return
    }
    this.#provisionalProblem = problem
    for (const role of ['provisionalIndex', 'provisionalProof', 'chunk'] as const) this.#missing.delete(role)
  }

  /** What the files that were supplied so far amount to. */
  outcome(): BatchOutcome {
    if (this.#coreProblem !== undefined) return { status: 'discarded', problem: this.#coreProblem }
    const missing = this.wanted()
    if (missing.length > 0) return this.#incomplete(missing)
    const problem = this.#provisionalProblem
    if (problem !== undefined) {
      const { chunk: _, ...files } = this.#files
      const { core, updates } = assembleOperations(files)
      return { status: 'complete', operations: core, dropped: updates, problem }
    }
    const { core, updates } = assembleOperations(this.#files)
    return { status: 'complete', operations: [...core, ...updates], dropped: [] }
  }

  #incomplete(missing: WantedFile[]): BatchOutcome {
    const { coreIndex, coreProof, provisionalIndex } = this.#files
    const coreStands = coreIndex !== undefined && !this.#missing.has('coreProof')
    const operations = coreStands
      ? assembleOperations({ coreIndex, ...(coreProof && { coreProof }) }).core
      : []
    const undecided: { didSuffix: string }[] = [...(coreIndex?.creates ?? []), ...(coreIndex?.recovers ?? [])]
    if (!coreStands) undecided.push(...(coreIndex?.deactivates ?? []))
    if (this.#provisionalProblem === undefined) undecided.push(...(provisionalIndex?.updates ?? []))
    return {
      status: 'incomplete',
      missing,
      operations,
      undecided: undecided.map(({ didSuffix }) => didSuffix),
    }
  }

  #want(role: FileRole, uri: string | undefined): WantedFile[] {
    if (uri === undefined) return []
    const file = { role, uri, maxBytes: maxFileBytes(role, this.#params) }
    this.#missing.set(role, file)
    return [file]
  }

  #read(role: FileRole, bytes: Uint8Array): WantedFile[] {
    const files = this.#files
    switch (role) {
      case 'coreIndex':
        return this.#readCoreIndex(bytes)
      case 'provisionalIndex':
        return this.#readProvisionalIndex(bytes)
      case 'coreProof':
        files.coreProof = readCoreProof(bytes, files, this.#params)
        return []
      case 'provisionalProof':
        files.provisionalProof = readProvisionalProof(bytes, files, this.#params, this.#form)
        return []
      case 'chunk':
        files.chunk = readChunk(bytes, files, this.#params)
        return []
    }
  }

  #readCoreIndex(bytes: Uint8Array): WantedFile[] {
    const index = parseCoreIndexFile(bytes, this.#params)
    requireCount(coreCount(index), this.#anchor.operationCount, 'the core index file')
    const { fees } = this.#params
    const free = fees === undefined ? Number.POSITIVE_INFINITY : fees.maxOperationsWithoutLock
    if (!index.writerLockId && this.#anchor.operationCount > free) {
      throw new SidetreeError('LOCK_TOO_SMALL', `a batch of more than ${free} operations needs a lock`)
    }
    this.#files.coreIndex = index
    return [
      ...this.#want('coreProof', index.coreProofFileUri),
      ...this.#want('provisionalIndex', index.provisionalIndexFileUri),
    ]
  }

  #readProvisionalIndex(bytes: Uint8Array): WantedFile[] {
    const { coreIndex } = this.#files
    const index = parseProvisionalIndexFile(bytes, this.#params)
    this.#files.provisionalIndex = index
    const core = coreIndex === undefined ? 0 : coreCount(coreIndex)
    requireCount(core + index.updates.length, this.#anchor.operationCount, 'the provisional index file')
    requireNoUpdateOf(coreIndex, index)
    if (!this.#params.lenient.emptyCoreIndex) requireDeltas(coreIndex, index)
    return [
      ...this.#want('provisionalProof', index.provisionalProofFileUri),
      ...this.#want('chunk', index.chunkFileUri),
    ]
  }
}

/**
 * Supplies a reader with all its files, fetching side by side where one does not name the other.
 * @param fetch gets one file; a rejection of its promise ends the reading
 */
export async function readBatch(
  reader: BatchReader,
  fetch: (file: WantedFile) => Promise<FetchedFile>,
): Promise<BatchOutcome> {
  const follow = async (file: WantedFile): Promise<void> => {
    const fetched = await fetch(file)
    await Promise.all(reader.supply(file.role, fetched).map(follow))
  }
  await Promise.all(reader.wanted().map(follow))
  return reader.outcome()
}

/** Whether a problem of signed data is one of its form, which makes its proof file invalid, or of the operation alone. */
export function isFormProblem(code: SidetreeErrorCode): boolean {
  return code !== 'REVEAL_VALUE_MISMATCH' && code !== 'SIGNATURE_INVALID'
}
