import type { ContentStore } from '../content/types.ts'
import type { LedgerTransaction } from '../ledger/types.ts'
import { type AnchorString, parseAnchorString } from '../sidetree/anchor-string.ts'
import { type BatchOutcome, BatchReader, readBatch } from '../sidetree/batch-read.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import type { FormCheck } from '../sidetree/files/proofs.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from '../sidetree/parameters.ts'
import { fetchFile } from './file-fetcher.ts'
import type { TransactionRecord } from './records.ts'

/** Where files of batches come from, and by which rules they are read. */
export interface BatchFilesParts {
  content: Pick<ContentStore, 'get'>
  versions: ProtocolVersions
  /** Longest wait for one file, in milliseconds. Default 10,000. */
  fetchTimeoutMs?: number
}

/** A failure to fetch, kept for the operator. */
export type FetchFailures = ReadonlyMap<string, { code: string; detail: string }>

/** What became of reading the files of a transaction. */
export type BatchFilesReading =
  /** Its anchor string names none. */
  | { status: 'void'; code: string; detail: string }
  | {
      status: 'read'
      reader: BatchReader
      params: ProtocolParameters
      outcome: BatchOutcome
      files: TransactionRecord['files']
      failures: FetchFailures
    }

/**
 * Fetches and parses the files of a transaction, side by side where one does not name the other.
 * @param form see {@link BatchReader}
 * @throws the signal's reason; StoreError
 */
export async function readBatchFiles(
  { content, versions, fetchTimeoutMs: timeoutMs = 10_000 }: BatchFilesParts,
  { anchorString, time }: Pick<LedgerTransaction, 'anchorString' | 'time'>,
  form: FormCheck,
  signal?: AbortSignal,
): Promise<BatchFilesReading> {
  const params = parametersAt(versions, time)
  if (params === undefined)
    return { status: 'void', code: 'BEFORE_GENESIS', detail: 'older than the protocol' }
  let anchor: AnchorString
  try {
    anchor = parseAnchorString(anchorString, params)
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { status: 'void', code: error.code, detail: error.message }
  }
  const failures = new Map<string, { code: string; detail: string }>()
  const files: TransactionRecord['files'] = []
  const reader = new BatchReader(anchor, params, form)
  const outcome = await readBatch(reader, async wanted => {
    const file = await fetchFile(content, wanted, { timeoutMs, signal })
    if (file.failure === undefined) files.push({ role: wanted.role, uri: wanted.uri })
    else failures.set(wanted.uri, file.failure)
    return file.fetched
  })
  return { status: 'read', reader, params, outcome, files, failures }
}
