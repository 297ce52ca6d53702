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
  /** Sources that are asked at the same time for one file. Default 3. */
  parallel?: number
  /** For logs and metrics. */
  onEvent?: (event: SourceEvent) => void
}

/** What came of asking a source; one that is told to stop, since another was first, makes no event. */
export interface SourceEvent {
  source: string
  cid: string
  /** Absent where it gave the content. */
  failure?: ContentErrorCode
}

const HEDGE_AFTER_MS = 500
const PARALLEL = 3

/** Failures that no source can help: they are said of blocks that were hashed, or of the CID itself. */
const FINAL: ReadonlySet<ContentErrorCode> = new Set<ContentErrorCode>([
  'CONTENT_CID_INVALID',
  'CONTENT_NOT_A_FILE',
  'CONTENT_TOO_LARGE',
])

/** Of several failures, the one that says most: what no source can help comes first, what is told most often last. */
const ORDER: readonly ContentErrorCode[] = [
  ...FINAL,
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
    const { sources, hedgeAfterMs = HEDGE_AFTER_MS, parallel = PARALLEL } = this.#parts
    const ended = new AbortController()
    const signal =
      options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
    const left = [...sources]
    const asked = new Map<ContentSource, Promise<Answer>>()
    const failures: unknown[] = []
    const askNext = () => {
      const source = left.shift()
      if (source !== undefined) asked.set(source, this.#ask(source, cid, { ...options, signal }))
    }
    try {
      askNext()
      while (asked.size > 0) {
        const mayAskMore = left.length > 0 && asked.size < parallel
        const answer = await firstAnswer([...asked.values()], mayAskMore ? hedgeAfterMs : undefined, signal)
        options.signal?.throwIfAborted()
        if (answer !== undefined && 'bytes' in answer) return answer.bytes
        if (answer !== undefined) {
          asked.delete(answer.source)
          failures.push(answer.error)
          if (isFinal(answer.error)) break
        }
        askNext()
      }
      throw worstOf(failures)
    } finally {
      ended.abort()
    }
  }

  /** Never rejects, so that a source that is no longer waited for cannot end the process. */
  async #ask(source: ContentSource, cid: string, options: GetOptions): Promise<Answer> {
    const { onEvent } = this.#parts
    try {
      const bytes = await source.get(cid, options)
      if (options.signal?.aborted !== true) onEvent?.({ source: source.name, cid })
      return { source, bytes }
    } catch (error) {
      if (error instanceof ContentError && options.signal?.aborted !== true) {
        onEvent?.({ source: source.name, cid, failure: error.code })
      }
      return { source, error }
    }
  }
}

type Answer = { source: ContentSource; bytes: Uint8Array } | { source: ContentSource; error: unknown }

/** The first answer; undefined once so many milliseconds are over, or the signal has ended the wait. */
async function firstAnswer(
  asked: readonly Promise<Answer>[],
  ms: number | undefined,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>()
  const stop = () => resolve(undefined)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const timer = ms === undefined ? undefined : setTimeout(stop, ms)
  try {
    return await Promise.race([...asked, over])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof ContentError && FINAL.has(error.code)
}

/** What to say where no source gave the content; where none of the failures is content, a fault, which is not hidden. */
function worstOf(failures: readonly unknown[]): unknown {
  const ofContent = failures.filter(failure => failure instanceof ContentError)
  for (const code of ORDER) {
    const found = ofContent.find(failure => failure.code === code)
    if (found !== undefined) return found
  }
  return failures[0]
}
