import {
  type BatchOutcome,
  type BatchReader,
  type FileProblem,
  isFormProblem,
  type WantedFile,
} from '../sidetree/batch-read.ts'
import { checkOperation, type SignedDataVerdict, signedDataInputOf } from '../sidetree/check.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import type { AnchoredOperation } from '../sidetree/types.ts'
import { type BatchFilesParts, type FetchFailures, type FileNames, readBatchFiles } from './batch-files.ts'
import type { CheckPool } from './check-pool.ts'
import type { KnownVerdicts } from './known-verdicts.ts'
import type { StoredOperation, UnresolvableRecord } from './records.ts'

/** What reading a batch takes. */
export interface BatchFetcherParts extends BatchFilesParts {
  pool: CheckPool
  /** Signed data that need not be verified again. Default: all are verified. */
  known?: KnownVerdicts
}

/** An operation of a batch, checked but for its place on the ledger. */
export type BatchOperation = Omit<StoredOperation, 'position'>

/** What a batch amounts to, wherever it stands on the ledger. */
export type FetchedBatch =
  /** The anchor string, or the core files, break a rule: there are no operations. */
  | { status: 'discarded'; problem: { file: string; code: string; detail: string }; files: FileNames }
  /** With a problem, updates and deltas are gone; the operations that are left are checked, in batch order. */
  | {
      status: 'complete'
      operations: BatchOperation[]
      problem?: { file: string; code: string; detail: string }
      files: FileNames
    }
  /** Files could not be had. */
  | ({ status: 'unresolvable' } & Pick<UnresolvableRecord, 'cause' | 'names' | 'unread'>)

/** What was found of the signed data of each operation of a batch, in their order; undefined for a create. */
type Verdicts = (SignedDataVerdict | undefined)[]

/**
 * Turns an anchor string into checked operations: the files are fetched (side by side where one does not name the
 * other), parsed, and every signature in them is verified.
 */
export class BatchFetcher {
  readonly #parts: BatchFetcherParts

  constructor(parts: BatchFetcherParts) {
    this.#parts = parts
  }

  /**
   * @param params the rules at the time of the transaction
   * @throws the signal's reason; StoreError; NodeError WORKER_FAILED
   */
  async fetch(anchorString: string, params: ProtocolParameters, signal?: AbortSignal): Promise<FetchedBatch> {
    const reading = await readBatchFiles(this.#parts, anchorString, params, 'defer', signal)
    if (reading.status === 'void') {
      const { code, detail } = reading
      return { status: 'discarded', problem: { file: 'anchorString', code, detail }, files: [] }
    }
    const { reader, outcome, files, failures } = reading
    if (outcome.status === 'incomplete') return unresolvable(outcome, failures)
    return this.#check(reader, params, files)
  }

  async #check(reader: BatchReader, params: ProtocolParameters, files: FileNames): Promise<FetchedBatch> {
    const read = reader.outcome()
    const verdicts = read.status === 'complete' ? await this.#verify(read.operations, params) : []
    const outcome = rejectByForm(reader, read, verdicts)
    const problem = outcome.status === 'incomplete' ? undefined : outcome.problem
    const described = problem === undefined ? {} : { problem: describe(problem) }
    if (outcome.status !== 'complete') {
      return { status: 'discarded', problem: describe(problem as FileProblem), files }
    }
    const operations = outcome.operations.map((operation, i) => {
      const checked = checkOperation(operation, params, verdicts[i])
      const { canonicalDelta } = operation
      return canonicalDelta === undefined ? { checked } : { checked, canonicalDelta }
    })
    return { status: 'complete', operations, ...described, files }
  }

  async #verify(operations: AnchoredOperation[], params: ProtocolParameters): Promise<Verdicts> {
    const { pool, known } = this.#parts
    const inputs = operations.map(signedDataInputOf)
    const given = inputs.filter(input => input !== undefined)
    const found = await (known === undefined ? pool.check(given, params) : known.check(given, params, pool))
    let next = 0
    return inputs.map(input => (input === undefined ? undefined : found[next++]))
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

function describe({ role, code, message }: FileProblem): { file: string; code: string; detail: string } {
  return { file: role, code, detail: message }
}

function unresolvable(
  outcome: Extract<BatchOutcome, { status: 'incomplete' }>,
  failures: FetchFailures,
): FetchedBatch {
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
