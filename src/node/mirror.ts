import { ContentError } from '../content/errors.ts'
import type { CallOptions, ContentStore, GetOptions } from '../content/types.ts'
import { LedgerError } from '../ledger/errors.ts'
import type { LeafSource } from '../ledger/log/leaf-source.ts'
import type { OperationMap } from './map/operation-map.ts'

/** A log that is followed by the checkpoints that are handed to it. */
export interface MirroredLog extends LeafSource {
  /** Takes the leaves up to a checkpoint, which the log has signed. @throws LedgerError */
  take(checkpoint: string, signal: AbortSignal): Promise<void>
  /** Leaves that are held and are those of the last checkpoint that was taken. */
  readonly size: number
}

export interface MirrorParts {
  log: MirroredLog
  /** Over content that is kept here: {@link HeldContent}. */
  map: OperationMap
  /** How long a request waits for what it asks for, in milliseconds; the work goes on. Default 5,000. */
  patienceMs?: number
}

const PATIENCE_MS = 5_000

/**
 * What makes a mirror of a witness (DESIGN, section 4): before it cosigns a checkpoint it holds each leaf and each file
 * that the anchors name, and has made the map anew that the last leaf states.
 */
export class Mirror {
  readonly #parts: MirrorParts
  readonly #stop = new AbortController()
  /** The checkpoint that is worked on, and what will have come of it. */
  #working: { checkpoint: string; done: Promise<string | undefined> } | undefined

  constructor(parts: MirrorParts) {
    this.#parts = parts
  }

  /**
   * Undefined once all that a checkpoint covers is held and is as it should be; else why it is not, in a sentence.
   * @param checkpoint the log has signed it, and it continues what was cosigned before
   * @throws StoreError
   */
  async hold(checkpoint: string): Promise<string | undefined> {
    const { patienceMs = PATIENCE_MS } = this.#parts
    const working = this.#working ?? this.#begin(checkpoint)
    let timer: NodeJS.Timeout | undefined
    const late = new Promise<string>(resolve => {
      timer = setTimeout(() => resolve('not all that the checkpoint covers has come here yet'), patienceMs)
    })
    const reason = await Promise.race([working.done, late]).finally(() => clearTimeout(timer))
    // What was under way was another, and may have been all that this one needed to wait for.
    return working.checkpoint === checkpoint || reason !== undefined ? reason : this.hold(checkpoint)
  }

  /** Ends the work that is under way. */
  async close(): Promise<void> {
    this.#stop.abort(new LedgerError('LEDGER_CLOSED', 'the mirror is closed'))
    await this.#working?.done.catch(() => {})
  }

  #begin(checkpoint: string): { checkpoint: string; done: Promise<string | undefined> } {
    const done = this.#take(checkpoint).finally(() => {
      this.#working = undefined
    })
    // A request that did not wait for it does not make it an unhandled rejection.
    done.catch(() => {})
    this.#working = { checkpoint, done }
    return this.#working
  }

  async #take(checkpoint: string): Promise<string | undefined> {
    const { log, map } = this.#parts
    try {
      await log.take(checkpoint, this.#stop.signal)
      const { size } = log
      if (size === 0) return undefined
      await map.catchUp(log, size, this.#stop.signal)
      const { wrong } = map
      if (wrong !== undefined) return `the map leaf ${wrong.index} is not what the anchors before it come to`
      return map.view(size) === undefined ? 'the checkpoint does not end in a map leaf' : undefined
    } catch (error) {
      if (error instanceof LedgerError) return `${error.message} (${error.code})`
      throw error
    }
  }
}

/** Content of which a file counts as there only once it is kept here. */
export class HeldContent implements Pick<ContentStore, 'get'> {
  readonly #content: ContentStore
  readonly #local: Pick<ContentStore, 'has'>

  /** @param content keeps in `local` what it fetches */
  constructor(content: ContentStore, local: Pick<ContentStore, 'has'>) {
    this.#content = content
    this.#local = local
  }

  /** @throws ContentError, also CONTENT_NOT_REACHABLE for a file that could not be kept */
  async get(cid: string, options: GetOptions & CallOptions): Promise<Uint8Array> {
    const bytes = await this.#content.get(cid, options)
    if (await this.#local.has(cid)) return bytes
    throw new ContentError('CONTENT_NOT_REACHABLE', `${cid} came, and could not be kept here`, { cid })
  }
}
