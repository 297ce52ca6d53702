import { ContentError, type ContentErrorCode } from './errors.ts'
import type { ContentSource, SourcedFile } from './source.ts'
import { type SearchTimes, type SourceEvent, SourceSearch } from './source-search.ts'
import type { CallOptions, ContentStore, FileKeeper, GetOptions } from './types.ts'

/** What a {@link SourcedContentStore} is made of. */
export interface SourcedParts extends SearchTimes {
  local: ContentStore & FileKeeper
  /** Asked in this order at first; those that fail or are silent come last. */
  sources: readonly ContentSource[]
  /** For logs and metrics. */
  onEvent?: (event: SourceEvent) => void
  /** A file was given that the local store could not keep: it has to be fetched again. For logs and metrics. */
  onUnkept?: (event: { cid: string; failure: ContentErrorCode }) => void
}

/** Failures of the local store after which a source may have the content. */
const ASK_ELSEWHERE: ReadonlySet<ContentErrorCode> = new Set<ContentErrorCode>([
  'CONTENT_NOT_FOUND',
  'CONTENT_MISMATCH',
])

/** Content that is stored here, or is fetched from sources and then kept here, in the blocks in which it came. */
export class SourcedContentStore implements ContentStore {
  readonly #parts: SourcedParts
  readonly #search: SourceSearch

  constructor(parts: SourcedParts) {
    this.#parts = parts
    this.#search = new SourceSearch(parts.sources, parts, parts.onEvent)
  }

  put(bytes: Uint8Array, options?: CallOptions): Promise<string> {
    return this.#parts.local.put(bytes, options)
  }

  async get(cid: string, options: GetOptions): Promise<Uint8Array> {
    const { local, sources } = this.#parts
    try {
      return await local.get(cid, options)
    } catch (error) {
      if (sources.length === 0 || !(error instanceof ContentError) || !ASK_ELSEWHERE.has(error.code))
        throw error
    }
    const file = await this.#search.find(cid, options)
    await this.#keep(cid, file, options)
    return file.bytes
  }

  has(cid: string): Promise<boolean> {
    return this.#parts.local.has(cid)
  }

  close(): Promise<void> {
    return this.#parts.local.close()
  }

  /** That it cannot be kept makes it no less right: it is given all the same, and the operator is told. */
  async #keep(cid: string, { blocks }: SourcedFile, { signal }: GetOptions): Promise<void> {
    const { local, onUnkept } = this.#parts
    try {
      await local.keep(cid, blocks, signal === undefined ? {} : { signal })
    } catch (error) {
      if (!(error instanceof ContentError)) throw error
      onUnkept?.({ cid, failure: error.code })
    }
  }
}
