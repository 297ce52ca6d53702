import { ContentError, type ContentErrorCode } from './errors.ts'
import type { ContentSource, SourcedFile } from './source.ts'
import type { GetOptions } from './types.ts'

/** When a source is asked beside those that were asked before it. */
export interface SearchTimes {
  /** Wait for a source before the next is asked too, in milliseconds. Default 500. */
  hedgeAfterMs?: number
  /** Sources that are asked at the same time for one file. Default 3. */
  parallel?: number
  /**
   * After so many milliseconds without an answer, a source no longer counts for `parallel`: however many are silent, the
   * next one is asked. Default 2,000.
   */
  slowAfterMs?: number
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
const SLOW_AFTER_MS = 2_000

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

type Answer = { source: ContentSource; file: SourcedFile } | { source: ContentSource; error: unknown }

/** A source that was asked and has not answered. */
interface Asked {
  answer: Promise<Answer>
  /** When it was asked, by `performance.now`. */
  since: number
}

/**
 * Asks sources for files. Whatever they give was hashed, so that the first to give a file has given the right one; the
 * others are told to stop. A source that fails, lies or is silent is asked last the next time.
 */
export class SourceSearch {
  /** At first as given. */
  #order: readonly ContentSource[]
  readonly #times: Required<SearchTimes>
  readonly #onEvent: ((event: SourceEvent) => void) | undefined

  constructor(
    sources: readonly ContentSource[],
    { hedgeAfterMs, parallel, slowAfterMs }: SearchTimes,
    onEvent?: (event: SourceEvent) => void,
  ) {
    this.#order = sources
    this.#times = {
      hedgeAfterMs: hedgeAfterMs ?? HEDGE_AFTER_MS,
      parallel: parallel ?? PARALLEL,
      slowAfterMs: slowAfterMs ?? SLOW_AFTER_MS,
    }
    this.#onEvent = onEvent
  }

  /** @throws ContentError as `ContentStore.get`, or the signal's reason */
  async find(cid: string, options: GetOptions): Promise<SourcedFile> {
    const ended = new AbortController()
    const signal =
      options.signal === undefined ? ended.signal : AbortSignal.any([options.signal, ended.signal])
    const left = [...this.#order]
    const asked = new Map<ContentSource, Asked>()
    const failures: unknown[] = []
    const askNext = () => {
      const source = left.shift()
      if (source === undefined) return
      asked.set(source, { answer: this.#ask(source, cid, { ...options, signal }), since: performance.now() })
    }
    try {
      askNext()
      while (asked.size > 0) {
        const answer = await firstAnswer(asked, left.length > 0 ? this.#wait(asked) : undefined, signal)
        options.signal?.throwIfAborted()
        if (answer !== undefined) {
          asked.delete(answer.source)
          if ('file' in answer) return answer.file
          failures.push(answer.error)
          if (isFinal(answer.error)) break
          if (isFault(answer.error)) this.#askLast(answer.source)
        }
        askNext()
      }
      throw worstOf(failures)
    } finally {
      for (const [source, { since }] of asked) if (this.#isSlow(since)) this.#askLast(source)
      ended.abort()
    }
  }

  /** How long to wait for an answer before one more source is asked, in milliseconds. */
  #wait(asked: ReadonlyMap<ContentSource, Asked>): number {
    const { hedgeAfterMs, parallel, slowAfterMs } = this.#times
    const now = performance.now()
    const counted = [...asked.values()].filter(({ since }) => !this.#isSlow(since))
    if (counted.length < parallel) return hedgeAfterMs
    return Math.max(0, Math.min(...counted.map(({ since }) => since + slowAfterMs - now)))
  }

  #isSlow(since: number): boolean {
    return performance.now() - since >= this.#times.slowAfterMs
  }

  #askLast(source: ContentSource): void {
    this.#order = [...this.#order.filter(other => other !== source), source]
  }

  /** Never rejects, so that a source that is no longer waited for cannot end the process. */
  async #ask(source: ContentSource, cid: string, options: GetOptions): Promise<Answer> {
    try {
      const file = await source.get(cid, options)
      if (options.signal?.aborted !== true) this.#onEvent?.({ source: source.name, cid })
      return { source, file }
    } catch (error) {
      if (error instanceof ContentError && options.signal?.aborted !== true) {
        this.#onEvent?.({ source: source.name, cid, failure: error.code })
      }
      return { source, error }
    }
  }
}

/** The first answer; undefined once so many milliseconds are over, or the signal has ended the wait. */
async function firstAnswer(
  asked: ReadonlyMap<ContentSource, Asked>,
  ms: number | undefined,
  signal: AbortSignal,
): Promise<Answer | undefined> {
  const { promise: over, resolve } = Promise.withResolvers<undefined>()
  const stop = () => resolve(undefined)
  if (signal.aborted) stop()
  signal.addEventListener('abort', stop, { once: true })
  const timer = ms === undefined ? undefined : setTimeout(stop, ms)
  try {
    return await Promise.race([...[...asked.values()].map(({ answer }) => answer), over])
  } finally {
    clearTimeout(timer)
    signal.removeEventListener('abort', stop)
  }
}

function isFinal(error: unknown): boolean {
  return error instanceof ContentError && FINAL.has(error.code)
}

/** True for a failure of the source itself: nobody has every file. */
function isFault(error: unknown): boolean {
  return !(error instanceof ContentError && error.code === 'CONTENT_NOT_FOUND')
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
