import { setImmediate } from 'node:timers/promises'
import type { ContentStore } from '../content/types.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import { type AnchorString, parseAnchorString } from '../sidetree/anchor-string.ts'
import { type BatchOutcome, BatchReader, readBatch, type WantedFile } from '../sidetree/batch-read.ts'
import { type BatchReference, batchReferences } from '../sidetree/batch-references.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import { StoreError } from '../store/errors.ts'
import { fetchFile } from './file-fetcher.ts'
import { HashedContent } from './hashed-content.ts'
import { type LedgerEvidence, type ProofSource, proveTransaction } from './ledger-evidence.ts'
import { type Check, type OperationEvidence, readOperation } from './operation-evidence.ts'

/** Longest wait for a file that was read before, in milliseconds. */
const FETCH_TIMEOUT = 10_000

/** A file that was read again. */
export interface FileEvidence {
  role: WantedFile['role']
  uri: string
  /** Whether its bytes were hashed here and give the address by which they were asked for. */
  check: Check
}

/** A transaction and its files, read again from the ledger and the content store. */
export interface TransactionEvidence {
  transaction: LedgerTransaction
  /** What the ledger's proof shows of it. */
  proof: LedgerEvidence
  /** Whether the anchor string names the core index file and covers the operations in the files. */
  anchorString: Check
  files: FileEvidence[]
  /** Why the files give no operations now; absent where they do. */
  problem?: Check
  /** Those of the DID that was asked for, by operation index. */
  operations: ReadonlyMap<number, OperationEvidence>
  /** All that its index files name of that DID, also what counts for nothing. */
  references: BatchReference[]
}

/** Where transactions are read: the ledger and the content of a node, or those of a proof that was carried away. */
export interface EvidenceSource {
  content: Pick<ContentStore, 'get'>
  ledger: ProofSource
  versions: ProtocolVersions
}

/**
 * Reads what a resolution stands on for its report, so that this speaks of checks that were made for it, and not of
 * what a store remembers.
 */
export class EvidenceReader {
  readonly #content: HashedContent
  readonly #ledger: ProofSource
  readonly #versions: ProtocolVersions

  constructor(parts: EvidenceSource) {
    this.#content = new HashedContent(parts.content)
    this.#ledger = parts.ledger
    this.#versions = parts.versions
  }

  /**
   * @param transaction as it is known; the proof is compared with it
   * @param suffix of the DID whose operations are wanted: a batch can hold ten thousand of others
   * @throws the signal's reason; StoreError
   */
  async transaction(
    transaction: LedgerTransaction,
    suffix: string,
    signal?: AbortSignal,
  ): Promise<TransactionEvidence> {
    // What is read need not wait for anything, and many thousands of these would keep the thread from all else.
    await setImmediate()
    signal?.throwIfAborted()
    const proof = await proveTransaction(this.#ledger, transaction)
    const params = this.#parametersAt(transaction.time)
    const anchor = parseAnchor(transaction.anchorString, params)
    if (anchor instanceof SidetreeError) {
      const detail = `${transaction.anchorString} is no anchor string (${anchor.code}).`
      const check: Check = { result: 'fail', detail }
      return {
        transaction,
        proof,
        anchorString: check,
        files: [],
        problem: check,
        operations: new Map(),
        references: [],
      }
    }
    const files: FileEvidence[] = []
    const reader = new BatchReader(anchor, params)
    const outcome = await readBatch(reader, async wanted => {
      const { file, fetched } = await this.#fetch(wanted, signal)
      files.push(file)
      return fetched
    })
    return {
      transaction,
      proof,
      anchorString: checkCount(anchor, outcome),
      files,
      ...problemOf(outcome),
      operations: operationsOf(outcome, suffix, params),
      references: batchReferences(outcome).filter(({ didSuffix }) => didSuffix === suffix),
    }
  }

  async #fetch(wanted: WantedFile, signal: AbortSignal | undefined) {
    const { role, uri } = wanted
    const { fetched, failure } = await fetchFile(this.#content, wanted, { timeoutMs: FETCH_TIMEOUT, signal })
    if (failure === undefined) {
      const detail = `The bytes were hashed here and give ${uri}.`
      return { file: { role, uri, check: { result: 'pass', detail } as const }, fetched }
    }
    if (fetched === 'invalid' && this.#content.judges) {
      const detail = `What was hashed here under ${uri} is no file of a batch: ${failure.detail}.`
      return { file: { role, uri, check: { result: 'pass', detail } as const }, fetched }
    }
    const detail = `It cannot be had now: ${failure.detail} (${failure.code}).`
    const check = { result: 'undecided', detail } as const
    return { file: { role, uri, check }, fetched: 'unavailable' as const }
  }

  #parametersAt(time: number): ProtocolParameters {
    const params = parametersAt(this.#versions, time)
    if (params !== undefined) return params
    throw new StoreError(
      'STORE_CORRUPT',
      '',
      'the store applied a transaction that is older than the protocol',
    )
  }
}

function parseAnchor(text: string, params: ProtocolParameters): AnchorString | SidetreeError {
  try {
    return parseAnchorString(text, params)
  } catch (error) {
    if (error instanceof SidetreeError) return error
    throw error
  }
}

/** That the anchor string declares as many operations as the files have, or more. */
function checkCount({ operationCount, coreIndexFileUri }: AnchorString, outcome: BatchOutcome): Check {
  const declares = `The anchor string names ${coreIndexFileUri} and declares ${operationCount} operations`
  if (outcome.status === 'incomplete') {
    return { result: 'undecided', detail: `${declares}; how many there are cannot be counted now.` }
  }
  if (outcome.status === 'discarded') {
    const over = outcome.problem.code === 'BATCH_COUNT_EXCEEDED'
    return {
      result: over ? 'fail' : 'pass',
      detail: `${declares}; the batch is void (${outcome.problem.code}).`,
    }
  }
  const count = outcome.operations.length + outcome.dropped.length
  const result = count <= operationCount ? 'pass' : 'fail'
  return { result, detail: `${declares}; the files have ${count}.` }
}

function problemOf(outcome: BatchOutcome): { problem?: Check } {
  if (outcome.status === 'complete') return {}
  if (outcome.status === 'discarded') {
    const { role, code } = outcome.problem
    return {
      problem: { result: 'fail', detail: `The batch is void: its ${role} file is invalid (${code}).` },
    }
  }
  const roles = outcome.missing.map(({ role }) => role).join(', ')
  return { problem: { result: 'undecided', detail: `Files of its transaction cannot be had now: ${roles}.` } }
}

function operationsOf(
  outcome: BatchOutcome,
  suffix: string,
  params: ProtocolParameters,
): Map<number, OperationEvidence> {
  const found = new Map<number, OperationEvidence>()
  if (outcome.status !== 'complete') return found
  for (const [index, operation] of outcome.operations.entries()) {
    if (operation.didSuffix === suffix) found.set(index, readOperation(operation, params))
  }
  return found
}
