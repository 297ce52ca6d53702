import { ContentError, type ContentErrorCode } from '../content/errors.ts'
import type { ContentStore } from '../content/types.ts'
import type { FetchedFile, WantedFile } from '../sidetree/batch-read.ts'

/** How a file is fetched. */
export interface FetchFileOptions {
  /** Longest wait, in milliseconds. */
  timeoutMs: number
  signal?: AbortSignal | undefined
}

/** What came of fetching a file; with a failure, why it could not be had. */
export interface FileFetch {
  fetched: FetchedFile
  failure?: { code: string; detail: string }
}

/** Failures that no other try and no other source can mend: the content itself is no file of a batch. */
const NEVER: ReadonlySet<ContentErrorCode> = new Set([
  'CONTENT_TOO_LARGE',
  'CONTENT_CID_INVALID',
  'CONTENT_NOT_A_FILE',
])

/**
 * Gets a file of a batch by its address. What can never do is `invalid`; all that may change is `unavailable`: not
 * found, not reachable, too slow, or bytes that do not match the address.
 * @throws the signal's reason where that ended it; StoreError
 */
export async function fetchFile(
  content: Pick<ContentStore, 'get'>,
  wanted: WantedFile,
  options: FetchFileOptions,
): Promise<FileFetch> {
  const timeout = AbortSignal.timeout(options.timeoutMs)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  try {
    return { fetched: await content.get(wanted.uri, { maxBytes: wanted.maxBytes, signal }) }
  } catch (error) {
    options.signal?.throwIfAborted()
    if (error instanceof ContentError) {
      const failure = { code: error.code, detail: error.message }
      return { fetched: NEVER.has(error.code) ? 'invalid' : 'unavailable', failure }
    }
    if (!timeout.aborted) throw error
    const detail = `${wanted.uri} did not come within ${options.timeoutMs} ms`
    return { fetched: 'unavailable', failure: { code: 'CONTENT_NOT_REACHABLE', detail } }
  }
}
