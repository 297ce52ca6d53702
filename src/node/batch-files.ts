import type { ContentStore } from '../content/types.ts'
import { type AnchorString, parseAnchorString } from '../sidetree/anchor-string.ts'
import { type BatchOutcome, BatchReader, readBatch } from '../sidetree/batch-read.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import type { FormCheck } from '../sidetree/files/proofs.ts'
import type { ProtocolParameters } from '../sidetree/parameters.ts'
import { fetchFile } from './file-fetcher.ts'

/** Where files of batches come from. */
export interface BatchFilesParts {
  content: Pick<ContentStore, 'get'>
  /** Longest wait for one file, in milliseconds. Default 10,000. */
  fetchTimeoutMs?: number
}

/** A failure to fetch, kept for the operator. */
export type FetchFailures = ReadonlyMap<string, { code: string; detail: string }>

/** URIs of the files of a batch that were read, by role. */
export type FileNames = { role: string; uri: string }[]

/** What became of reading the files of a batch. */
export type BatchFilesReading =
  /** The anchor string names none. */
  | { status: 'void'; code: string; detail: string }
  | { status: 'read'; reader: BatchReader; outcome: BatchOutcome; files: FileNames; failures: FetchFailures }

/**
 * Fetches and parses the files that an anchor string leads to, side by side where one does not name the other.
 * @param params the rules at the time of the transaction
 * @param form see {@link BatchReader}
 * @throws the signal's reason; StoreError
 */
export async function readBatchFiles(
  { content, fetchTimeoutMs: timeoutMs = 10_000 }: BatchFilesParts,
  anchorString: string,
  params: ProtocolParameters,
  form: FormCheck,
  signal?: AbortSignal,
): Promise<BatchFilesReading> {
  let anchor: AnchorString
  try {
    anchor = parseAnchorString(anchorString, params)
  } catch (error) {
    if (!(error instanceof SidetreeError)) throw error
    return { status: 'void', code: error.code, detail: error.message }
  }
  const failures = new Map<string, { code: string; detail: string }>()
  const files: FileNames = []
  const reader = new BatchReader(anchor, params, form)
  const outcome = await readBatch(reader, async wanted => {
    const file = await fetchFile(content, wanted, { timeoutMs, signal })
    if (file.failure === undefined) files.push({ role: wanted.role, uri: wanted.uri })
    else failures.set(wanted.uri, file.failure)
    return file.fetched
  })
  return { status: 'read', reader, outcome, files, failures }
}
