import type { ContentStore } from '../content/types.ts'
import type { Ledger, LedgerTransaction, ProofCheck } from '../ledger/types.ts'
import { parseAnchorString } from '../sidetree/anchor-string.ts'
import { BatchReader, readBatch } from '../sidetree/batch-read.ts'
import { checkOperation } from '../sidetree/check.ts'
import { type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import type { AppliedOperation } from '../sidetree/resolution.ts'
import type { AnchoredOperation, CheckedOperation } from '../sidetree/types.ts'
import { StoreError } from '../store/errors.ts'
import { fetchFile } from './file-fetcher.ts'

/** Longest wait for a file that was read before, in milliseconds. */
const FETCH_TIMEOUT = 10_000

/** A file that was read again: its bytes were hashed and compared with its address. */
export interface FileEvidence {
  role: string
  uri: string
  /** Why it could not be had now; absent where it could. */
  failure?: string
}

/** A transaction and its files, read again from the ledger and the content store. */
export interface TransactionEvidence {
  transaction: LedgerTransaction
  files: FileEvidence[]
  /** In batch order; empty where files are missing now. */
  operations: AnchoredOperation[]
  /** What the ledger's proof shows of it. */
  ledger: ProofCheck[]
}

/** An operation, taken from the files of its transaction and checked anew. */
export interface OperationEvidence {
  operation: AnchoredOperation
  checked: CheckedOperation
}

/** An applied operation with what was read again of it; undefined where its files cannot be had, or time ran out. */
export interface ExplainedOperation {
  applied: AppliedOperation
  transaction: TransactionEvidence | undefined
  evidence: OperationEvidence | undefined
}

/**
 * Reads again what a resolution stands on, so that a report speaks of checks that were made for it, and not of what
 * the store remembers.
 */
export class EvidenceReader {
  readonly #content: ContentStore
  readonly #ledger: Ledger
  readonly #versions: ProtocolVersions

  constructor(parts: { content: ContentStore; ledger: Ledger; versions: ProtocolVersions }) {
    this.#content = parts.content
    this.#ledger = parts.ledger
    this.#versions = parts.versions
  }

  /** @throws SidetreeError, LedgerError where the ledger no longer says what the store says that it said */
  async transaction(transaction: LedgerTransaction, signal?: AbortSignal): Promise<TransactionEvidence> {
    const proof = await this.#ledger.proof({ number: transaction.number, timeHash: transaction.timeHash })
    const params = this.#parametersAt(transaction.time)
    const reader = new BatchReader(parseAnchorString(transaction.anchorString, params), params)
    const files: FileEvidence[] = []
    const outcome = await readBatch(reader, async wanted => {
      const { fetched, failure } = await fetchFile(this.#content, wanted, {
        timeoutMs: FETCH_TIMEOUT,
        signal,
      })
      const { role, uri } = wanted
      files.push(failure === undefined ? { role, uri } : { role, uri, failure: failure.detail })
      return fetched
    })
    const operations = outcome.status === 'complete' ? outcome.operations : []
    return { transaction, files, operations, ledger: this.#ledger.verify(proof, transaction) }
  }

  /** An operation of a transaction, with its signature and hashes checked anew; undefined where it is not there. */
  operation(evidence: TransactionEvidence, operationIndex: number): OperationEvidence | undefined {
    const operation = evidence.operations[operationIndex]
    if (operation === undefined) return undefined
    return { operation, checked: checkOperation(operation, this.#parametersAt(evidence.transaction.time)) }
  }

  #parametersAt(time: number) {
    const params = parametersAt(this.#versions, time)
    if (params !== undefined) return params
    throw new StoreError(
      'STORE_CORRUPT',
      '',
      'the store applied a transaction that is older than the protocol',
    )
  }
}
