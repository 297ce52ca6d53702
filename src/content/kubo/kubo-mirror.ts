import { cidText } from '../../codec/cid.ts'
import { fileBlocks } from '../../codec/unixfs.ts'
import type { FileList } from '../embedded/file-list.ts'
import { ContentError, type ContentErrorCode } from '../errors.ts'
import type { MirrorStatus } from '../mirror-status.ts'
import { readSourced } from '../read.ts'
import type { BlockSource } from '../types.ts'
import type { KuboContentStore } from './kubo-content-store.ts'

/** What a {@link KuboMirror} is made of. */
export interface KuboMirrorParts {
  /** The files that Kubo is to hold, and what is known of that. */
  files: FileList
  /** Where their blocks are. */
  content: BlockSource
  kubo: KuboContentStore
  /** Pause after a failure, in milliseconds. Default 5,000. */
  retryMs?: number
  /** Pause after which Kubo is asked whether it is still there, and the same, in milliseconds. Default 60,000. */
  checkMs?: number
  /** Unix milliseconds. */
  now: () => number
  /** For logs. */
  onEvent?: (event: MirrorEvent) => void
}

/** What is new about a mirror; a failure of the same kind is told once until Kubo has taken files again. */
export type MirrorEvent =
  | { type: 'up'; peerId: string; agent: string }
  | { type: 'failed'; error: unknown; cid?: string }

const RETRY_MS = 5_000
const CHECK_MS = 60_000
/** Files that are remembered to wait; the list of files has the others. */
const MAX_WAITING = 10_000

/** Failures of Kubo, and not of one file: nothing more is tried before the pause is over. */
const OF_KUBO: ReadonlySet<ContentErrorCode> = new Set<ContentErrorCode>([
  'CONTENT_NOT_REACHABLE',
  'CONTENT_FULL',
  'CONTENT_CLOSED',
])

/**
 * Gives Kubo each file of a store, pinned, in the background, so that Kubo can be away without anything being lost or
 * waiting for it. Which files a Kubo node holds is noted beside them under its peer identity: after a time without Kubo, or
 * with another one, it is given those that it has not. One worker, one file at a time.
 */
export class KuboMirror {
  readonly #parts: KuboMirrorParts
  readonly #ended = new AbortController()
  /** CIDs, with the time since when they are known to wait, oldest first. */
  readonly #waiting = new Map<string, number>()
  readonly #unsubscribe: () => void
  readonly #done: Promise<void>
  /** The list has files that wait and are not in `#waiting`. */
  #more = true
  #peerId: string | undefined
  #up = false
  #lastFailure: ContentErrorCode | 'OTHER' | undefined
  /** A file has come since the last round began. */
  #news = false
  #endPause = () => {}
  #pausesForNews = false

  /** Starts at once. */
  constructor(parts: KuboMirrorParts) {
    this.#parts = parts
    this.#unsubscribe = parts.files.onAdded(cid => {
      this.#remember(cid)
      this.#news = true
      if (this.#pausesForNews) this.#endPause()
    })
    this.#done = this.#run()
  }

  status(): MirrorStatus {
    const [oldest] = this.#waiting.values()
    return { up: this.#up, waiting: this.#waiting.size, ...(oldest === undefined ? {} : { oldest }) }
  }

  /** Gives up the file under way; it is tried again at the next start. */
  async close(): Promise<void> {
    this.#unsubscribe()
    this.#ended.abort()
    this.#endPause()
    await this.#done
  }

  #remember(cid: string): void {
    if (this.#waiting.has(cid)) return
    if (this.#waiting.size < MAX_WAITING) this.#waiting.set(cid, this.#parts.now())
    else this.#more = true
  }

  async #run(): Promise<void> {
    const { retryMs = RETRY_MS, checkMs = CHECK_MS } = this.#parts
    const { signal } = this.#ended
    while (!signal.aborted) {
      this.#news = false
      const done = await this.#round().catch((error: unknown) => this.#failed(error))
      if (signal.aborted || (done && this.#news)) continue
      await this.#pause(done ? checkMs : retryMs, done)
    }
  }

  #pause(ms: number, forNews: boolean): Promise<void> {
    this.#pausesForNews = forNews
    return new Promise(resolve => {
      const timer = setTimeout(resolve, ms)
      this.#endPause = () => {
        clearTimeout(timer)
        resolve()
      }
    })
  }

  /** @returns false where files are left that Kubo did not take */
  async #round(): Promise<boolean> {
    const peerId = await this.#meet()
    for (;;) {
      if (this.#more) await this.#readList(peerId)
      const before = this.#waiting.size
      for (const cid of [...this.#waiting.keys()]) await this.#handOver(cid, peerId)
      if (this.#waiting.size === 0 && !this.#more) {
        this.#lastFailure = undefined
        return true
      }
      if (this.#waiting.size >= before) return false
    }
  }

  async #meet(): Promise<string> {
    const { peerId, agent } = await this.#parts.kubo.health()
    if (!this.#up) this.#parts.onEvent?.({ type: 'up', peerId, agent })
    this.#up = true
    if (this.#peerId !== peerId) this.#more = true
    this.#peerId = peerId
    return peerId
  }

  async #readList(peerId: string): Promise<void> {
    this.#more = false
    for await (const cid of this.#parts.files.without(peerId)) {
      this.#ended.signal.throwIfAborted()
      this.#remember(cid)
      if (this.#more) return
    }
  }

  async #handOver(cid: string, peerId: string): Promise<void> {
    const { signal } = this.#ended
    try {
      signal.throwIfAborted()
      await this.#give(cid, signal)
      await this.#parts.files.mark(cid, peerId)
      this.#waiting.delete(cid)
    } catch (error) {
      if (signal.aborted || !(error instanceof ContentError) || OF_KUBO.has(error.code)) throw error
      this.#tell(error, cid)
    }
  }

  async #give(cid: string, signal: AbortSignal): Promise<void> {
    const { content, kubo } = this.#parts
    const options = { maxBytes: Number.MAX_SAFE_INTEGER, signal }
    try {
      const { bytes, blocks } = await readSourced(
        cid,
        block => content.block(cidText(block), options),
        options,
      )
      const { root } = await fileBlocks(bytes)
      if (cidText(root) === cid) await kubo.put(bytes, { signal })
      else await kubo.keep(cid, blocks, { signal })
    } catch (error) {
      if (!(error instanceof ContentError) || OF_KUBO.has(error.code)) throw error
      // It may be missing here, and be there.
      await kubo.get(cid, options).catch(() => Promise.reject(error))
    }
  }

  #failed(error: unknown): false {
    if (this.#ended.signal.aborted) return false
    if (error instanceof ContentError && error.code === 'CONTENT_NOT_REACHABLE') this.#up = false
    this.#tell(error)
    return false
  }

  #tell(error: unknown, cid?: string): void {
    const code = error instanceof ContentError ? error.code : 'OTHER'
    if (this.#lastFailure === code) return
    this.#lastFailure = code
    this.#parts.onEvent?.({ type: 'failed', error, ...(cid === undefined ? {} : { cid }) })
  }
}
