import { ContentError, type ContentErrorCode } from './errors.ts'
import type { ContentSource } from './source.ts'
import type { CallOptions, ContentStore, GetOptions } from './types.ts'

/** What a {@link SourcedContentStore} is made of. */
export interface SourcedParts {
  local: ContentStore
  /** Asked in this order. */
  sources: readonly ContentSource[]
  /** Wait for a source before the next is asked too, in milliseconds. Default 500. */
  hedgeAfterMs?: number
  /** For logs and metrics. */
  onEvent?: (event: SourceEvent) => void
}

/** What came of asking a source. */
export interface SourceEvent {
  source: string
  cid: string
  /** Absent where it gave the content. */
  failure?: ContentErrorCode
}

const HEDGE_AFTER_MS = 500

/** Of several failures, the one that says most: what no source can help comes first, what may pass comes last. */
const ORDER: readonly ContentErrorCode[] = [
  'CONTENT_CID_INVALID',
  'CONTENT_NOT_A_FILE',
  'CONTENT_TOO_LARGE',
  'CONTENT_CLOSED',
  'CONTENT_NOT_REACHABLE',
  'CONTENT_MISMATCH',
  'CONTENT_NOT_FOUND',
]

/** Failures of the local store after which a source may have the content. */
const ASK_ELSEWHERE: ReadonlySet<ContentErrorCode> = new Set<ContentErrorCode>([
  'CONTENT_NOT_FOUND',
  'CONTENT_MISMATCH',
])

/**
 * Content that is stored here, or is fetched from sources and then stored here. The sources are asked one after another:
 * the next one when one has failed, or has kept it waiting for a while. Whatever they give is hashed, so that the first to
 * give the content has given the right one; the others are told to stop.
 */
export class SourcedContentStore implements ContentStore {
  readonly #parts: SourcedParts

  constructor(parts: SourcedParts) {
    this.#parts = parts
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
    const bytes = await this.#fetch(cid, options)
    await this.#keep(bytes, options)
    return bytes
  }

  has(cid: string): Promise<boolean> {
    return this.#parts.local.has(cid)
  }

  close(): Promise<void> {
    return this.#parts.local.close()
  }

  /** A file in another layout than this store's has another CID here: it is kept all the same, and fetched again. */
  async #keep(bytes: Uint8Array, { signal }: GetOptions): Promise<void> {
    await this.#parts.local.put(bytes, signal === undefined ? {} : { signal })
  }

  async #fetch(cid: string, options: GetOptions): Promise<Uint8Array> {
    const { sources, hedgeAfterMs = HEDGE_AFTER_MS } = this.#parts
    const ended = new AbortController()
    const signal =
      options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
    const asked: Promise<Uint8Array>[] = []
    const failures: ContentError[] = []
    try {
      for (const source of sources) {
        asked.push(this.#ask(source, cid, { ...options, signal }, failures))
        const first = await firstOf(asked, hedgeAfterMs, signal)
        if (first !== undefined) return first
        options.signal?.throwIfAborted()
      }
      return await Promise.any(asked)
    } catch (error) {
      options.signal?.throwIfAborted()
      if (!(error instanceof AggregateError)) throw error
      throw worstOf(failures, error)
    } finally {
      ended.abort()
    }
  }

  async #ask(
    source: ContentSource,
    cid: string,
    options: GetOptions,
    failures: ContentError[],
  ): Promise<Uint8Array> {
    const { onEvent } = this.#parts
    try {
      const bytes = await source.get(cid, options)
      onEvent?.({ source: source.name, cid })
      return bytes
    } catch (error) {
      if (error instanceof ContentError) {
        failures.push(error)
        onEvent?.({ source: source.name, cid, failure: error.code })
      }
      throw error
    }
  }
}

/** The first content that is there within a while; undefined once that is over, or all that were asked have failed. */
async function firstOf(
  asked: readonly Promise<Uint8Array>[],
  ms: number,
  signal: AbortSignal,
): Promise<Uint8Array | undefined> {
  let end: () => void = () => {}
  const over = new Promise<undefined>(resolve => {
    const timer = setTimeout(() => resolve(undefined), ms)
    const stop = () => resolve(undefined)
    signal.addEventListener('abort', stop, { once: true })
    end = () => {
      clearTimeout(timer)
      signal.removeEventListener('abort', stop)
    }
  })
  try {
    return await Promise.race([Promise.any(asked).catch(() => undefined), over])
  } finally {
    end()
  }
}

/** @param cause where nothing that failed was content: a fault of this program, which is not hidden */
function worstOf(failures: readonly ContentError[], cause: AggregateError): unknown {
  for (const code of ORDER) {
    const found = failures.find(failure => failure.code === code)
    if (found !== undefined) return found
  }
  return cause.errors[0]
}
