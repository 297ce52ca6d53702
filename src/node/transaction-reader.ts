import type { ContentStore } from '../content/types.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import {
  type BatchOutcome,
  type BatchReader,
  isFormProblem,
  type WantedFile,
} from '../sidetree/batch-read.ts'
import { checkOperation, type SignedDataVerdict, signedDataInputOf } from '../sidetree/check.ts'
import type { ProtocolParameters, ProtocolVersions } from '../sidetree/parameters.ts'
import type { AnchoredOperation } from '../sidetree/types.ts'
import { type FetchFailures, readBatchFiles } from './batch-files.ts'
import type { CheckPool } from './check-pool.ts'
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
}

/** What a transaction amounts to. */
export type ReadTransaction =
  | { status: 'decided'; record: TransactionRecord; operations: StoredOperation[] }
  | ({ status: 'unresolvable' } & Pick<UnresolvableRecord, 'cause' | 'names' | 'unread'>)

/** What was found of the signed data of each operation of a batch, in their order; undefined for a create. */
type Verdicts = (SignedDataVerdict | undefined)[]

/**
 * Turns a transaction into checked operations: its files are fetched (side by side where one does not name the
 * other), parsed, and every signature in them is verified. A fault of the files makes a verdict; a file that cannot
 * be had makes the transaction unresolvable, to be tried again.
 */
export class TransactionReader {
  readonly #parts: TransactionReaderParts

  constructor(parts: TransactionReaderParts) {
    this.#parts = parts
  }

  /** @param firstSeen when this node first saw the transaction: Unix milliseconds */
  async read(
    transaction: LedgerTransaction,
    firstSeen: number,
    signal?: AbortSignal,
  ): Promise<ReadTransaction> {
    const reading = await readBatchFiles(this.#parts, transaction, 'defer', signal)
    if (reading.status === 'void') return this.#invalid(transaction, firstSeen, reading.code, reading.detail)
    const { reader, params, files, outcome, failures } = reading
    if (outcome.status === 'incomplete') return unresolvable(outcome, failures)
    return this.#decide({ transaction, firstSeen, files }, reader, params)
  }

  async #decide(
    base: Pick<TransactionRecord, 'transaction' | 'firstSeen' | 'files'>,
    reader: BatchReader,
    params: ProtocolParameters,
  ): Promise<ReadTransaction> {
    const read = reader.outcome()
    const verdicts = read.status === 'complete' ? await this.#verify(read.operations, params) : []
    const outcome = rejectByForm(reader, read, verdicts)
    const operations =
      outcome.status === 'complete' ? this.#check(base.transaction, outcome.operations, params, verdicts) : []
    const problem = outcome.status === 'incomplete' ? undefined : outcome.problem
    const record: TransactionRecord = {
      ...base,
      outcome: outcome.status === 'complete' ? 'applied' : 'invalid',
      operations: operations.length,
      problems:
        problem === undefined ? [] : [{ file: problem.role, code: problem.code, detail: problem.message }],
      decidedAt: this.#parts.now(),
    }
    return { status: 'decided', record, operations }
  }

  async #verify(operations: AnchoredOperation[], params: ProtocolParameters): Promise<Verdicts> {
    const inputs = operations.map(signedDataInputOf)
    const found = await this.#parts.pool.check(
      inputs.filter(input => input !== undefined),
      params,
    )
    let next = 0
    return inputs.map(input => (input === undefined ? undefined : found[next++]))
  }

  #check(
    transaction: LedgerTransaction,
    operations: AnchoredOperation[],
    params: ProtocolParameters,
    verdicts: Verdicts,
  ): StoredOperation[] {
    return operations.map((operation, operationIndex) => {
      const checked = checkOperation(operation, params, verdicts[operationIndex])
      const position = {
        transactionNumber: transaction.number,
        operationIndex,
        transactionTime: transaction.time,
        timestamp: transaction.timestamp,
      }
      const { canonicalDelta } = operation
      return canonicalDelta === undefined ? { position, checked } : { position, checked, canonicalDelta }
    })
  }

  #invalid(transaction: LedgerTransaction, firstSeen: number, code: string, detail: string): ReadTransaction {
    const problems = [{ file: 'anchorString', code, detail }]
    const record: TransactionRecord = {
      transaction,
      outcome: 'invalid',
      operations: 0,
      problems,
      files: [],
      firstSeen,
      decidedAt: this.#parts.now(),
    }
    return { status: 'decided', record, operations: [] }
  }
}

/**
 * A proof file with signed data that lacks its form is invalid as a whole: only now, all being checked, it shows. What
 * is left of the operations then comes first among them, so that their verdicts keep their places.
 */
function rejectByForm(reader: BatchReader, read: BatchOutcome, verdicts: Verdicts): BatchOutcome {
  if (read.status !== 'complete') return read
  let rejected = false
  for (const [i, verdict] of verdicts.entries()) {
    if (verdict === undefined || !('problem' in verdict) || !isFormProblem(verdict.problem)) continue
    const role = read.operations[i]?.type === 'update' ? 'provisionalProof' : 'coreProof'
    reader.reject({ role, code: verdict.problem, message: verdict.detail })
    rejected = true
  }
  return rejected ? reader.outcome() : read
}

function unresolvable(
  outcome: Extract<BatchOutcome, { status: 'incomplete' }>,
  failures: FetchFailures,
): ReadTransaction {
  const missing = outcome.missing[0] as WantedFile
  const failure = failures.get(missing.uri) ?? { code: 'CONTENT_NOT_FOUND', detail: 'not fetched' }
  const coreMissing = outcome.missing.some(file => file.role === 'coreIndex')
  const names = coreMissing
    ? undefined
    : [...new Set([...outcome.undecided, ...outcome.operations.map(o => o.didSuffix)])]
  // Updates are named by the provisional index file alone.
  const unread = coreMissing || outcome.missing.some(file => file.role === 'provisionalIndex')
  const cause = { ...failure, role: missing.role, uri: missing.uri }
  return { status: 'unresolvable', cause, names, unread }
}
