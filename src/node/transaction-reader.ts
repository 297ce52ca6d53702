import type { ContentStore } from '../content/types.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import type { AdmittedBatches } from './admitted-batches.ts'
import { BatchFetcher, type FetchedBatch } from './batch-fetcher.ts'
import type { CheckPool } from './check-pool.ts'
import type { KnownVerdicts } from './known-verdicts.ts'
import type { StoredOperation, TransactionRecord, UnresolvableRecord } from './records.ts'

/** What reading a transaction takes. */
export interface TransactionReaderParts {
  content: ContentStore
  pool: CheckPool
  versions: ProtocolVersions
  /** Unix milliseconds. */
  now: () => number
  /** Longest wait for one file, in milliseconds. Default 10,000. */
  fetchTimeoutMs?: number
  /** Signed data that need not be verified again. Default: all are verified. */
  known?: KnownVerdicts
  /** Batches that were read before they were anchored, and need not be read again. Default: none. */
  admitted?: AdmittedBatches
}

/** What a transaction amounts to. */
export type ReadTransaction =
  | { status: 'decided'; record: TransactionRecord; operations: StoredOperation[] }
  | ({ status: 'unresolvable' } & Pick<UnresolvableRecord, 'cause' | 'names' | 'unread'>)

/**
 * Turns a transaction into checked operations. A fault of the files makes a verdict; a file that cannot be had makes
 * the transaction unresolvable, to be tried again.
 */
export class TransactionReader {
  readonly #parts: TransactionReaderParts
  readonly #batches: BatchFetcher

  constructor(parts: TransactionReaderParts) {
    this.#parts = parts
    this.#batches = new BatchFetcher(parts)
  }

  /** @param firstSeen when this node first saw the transaction: Unix milliseconds */
  async read(
    transaction: LedgerTransaction,
    firstSeen: number,
    signal?: AbortSignal,
  ): Promise<ReadTransaction> {
    const params = parametersAt(this.#parts.versions, transaction.time)
    const batch: FetchedBatch =
      params === undefined
        ? { status: 'discarded', problem: BEFORE_GENESIS, files: [] }
        : await this.#batch(transaction.anchorString, params, signal)
    if (batch.status === 'unresolvable') return batch
    const { problem, files } = batch
    const operations = batch.status === 'complete' ? positioned(batch.operations, transaction) : []
    const record: TransactionRecord = {
      transaction,
      outcome: batch.status === 'complete' ? 'applied' : 'invalid',
      operations: operations.length,
      problems: problem === undefined ? [] : [problem],
      files,
      firstSeen,
      decidedAt: this.#parts.now(),
    }
    return { status: 'decided', record, operations }
  }

  async #batch(
    anchorString: string,
    params: ProtocolParameters,
    signal: AbortSignal | undefined,
  ): Promise<FetchedBatch> {
    const admitted = this.#parts.admitted?.take(anchorString, params)
    return admitted ?? this.#batches.fetch(anchorString, params, signal)
  }
}

const BEFORE_GENESIS = {
  file: 'anchorString',
  code: 'BEFORE_GENESIS',
  detail: 'older than the protocol',
}

function positioned(
  operations: Omit<StoredOperation, 'position'>[],
  { number: transactionNumber, time: transactionTime, timestamp }: LedgerTransaction,
): StoredOperation[] {
  return operations.map((operation, operationIndex) => ({
    position: { transactionNumber, operationIndex, transactionTime, timestamp },
    ...operation,
  }))
}
