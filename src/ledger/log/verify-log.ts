import { openCheckpoint } from '../../merkle/checkpoint.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { TileBuilder } from '../../merkle/tile-builder.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import type { NoteVerifier } from '../../merkle/vkey.ts'
import { StoreError } from '../../store/errors.ts'
import { LedgerError } from '../errors.ts'
import { parseLeaf } from './leaf.ts'
import { entryIndex, entryKey, type LogHead, type LogStore, readHead, tileKey } from './records.ts'

/** Something that is wrong in a log's database, in a plain sentence. */
export type LogProblem = string

/** What a log's database holds. */
export interface LogVerification {
  /** Entries that are whole and in order. */
  size: number
  /** Root over those, in hex. */
  root: string
  /** Empty where all is well; at most 100. */
  problems: LogProblem[]
}

const MAX_PROBLEMS = 100

/**
 * Verifies the whole database of a log, entry by entry: every leaf, the order of their times, every tile, the root and
 * size of the head, its key and origin; and, where it is given, that the published checkpoint is signed by the key and
 * is a prefix of it. Reads only, with memory that does not grow with the log.
 * @param published the note that was published last
 */
export async function verifyLog(
  store: LogStore,
  origin: string,
  verifier: NoteVerifier,
  published?: string,
): Promise<LogVerification> {
  const check = new LogCheck(store, origin, verifier, published)
  try {
    await check.run()
  } catch (error) {
    if (!(error instanceof StoreError || error instanceof LedgerError)) throw error
    check.report(`reading stopped: ${error.message}`)
  }
  return { size: check.builder.size, root: hex(check.builder.root()), problems: check.problems }
}

class LogCheck {
  readonly builder = new TileBuilder()
  readonly problems: LogProblem[] = []
  readonly #store: LogStore
  readonly #origin: string
  readonly #verifier: NoteVerifier
  readonly #published: string | undefined
  #lastTime = 0

  constructor(store: LogStore, origin: string, verifier: NoteVerifier, published: string | undefined) {
    this.#store = store
    this.#origin = origin
    this.#verifier = verifier
    this.#published = published
  }

  report(problem: LogProblem): void {
    if (this.problems.length < MAX_PROBLEMS) this.problems.push(problem)
  }

  async run(): Promise<void> {
    const head = readHead(this.#store)
    const checkpoint = this.#openPublished()
    if (checkpoint?.size === 0) this.#comparePublished(checkpoint)
    const range = { gte: entryKey(0), lt: Buffer.from('f') }
    for await (const [key, entry] of this.#store.entries(range)) {
      const index = entryIndex(key)
      if (index !== this.builder.size) {
        this.report(`entry ${this.builder.size} is missing`)
        break
      }
      this.#addEntry(index, entry)
      if (checkpoint?.size === this.builder.size) this.#comparePublished(checkpoint)
    }
    if (checkpoint !== undefined && checkpoint.size > this.builder.size) {
      this.report(
        `a checkpoint of size ${checkpoint.size} was published, and there are ${this.builder.size} entries`,
      )
    }
    this.#compareHead(head)
  }

  #addEntry(index: number, entry: Uint8Array): void {
    try {
      const { time } = parseLeaf(entry)
      if (time < this.#lastTime)
        this.report(`the time of entry ${index} is earlier than that of the one before`)
      this.#lastTime = time
    } catch (error) {
      if (!(error instanceof LedgerError)) throw error
      this.report(`entry ${index} is ${error.message}`)
    }
    for (const { level, index: tile, bytes } of this.builder.append([hashLeaf(entry)])) {
      const stored = this.#store.get(tileKey(level, tile))
      // A partial tile is compared by its beginning here: the stored one may have grown since.
      if (stored === undefined || Buffer.compare(stored.subarray(0, bytes.length), bytes) !== 0) {
        this.report(`tile ${tile} of level ${level} is missing or does not follow from the entries`)
      }
    }
  }

  #openPublished() {
    if (this.#published === undefined) return undefined
    try {
      return openCheckpoint(this.#published, this.#origin, this.#verifier)
    } catch (error) {
      if (!(error instanceof MerkleError)) throw error
      this.report(`the published checkpoint: ${error.message}`)
      return undefined
    }
  }

  #comparePublished(checkpoint: { size: number; root: Uint8Array }): void {
    if (hex(checkpoint.root) === hex(this.builder.root())) return
    this.report(`the published checkpoint of size ${checkpoint.size} is of another history`)
  }

  #compareHead(head: LogHead | undefined): void {
    if (head === undefined) {
      this.report('there is no head')
      return
    }
    if (head.size !== this.builder.size)
      this.report(`the head counts ${head.size} entries, and there are ${this.builder.size}`)
    else if (head.root !== hex(this.builder.root()))
      this.report('the root of the head does not follow from the entries')
    if (head.size > 0 && head.time !== this.#lastTime)
      this.report('the time of the head is not that of the last entry')
    if (head.origin !== this.#origin) this.report(`the head is of another log: ${head.origin}`)
    if (head.vkey !== this.#verifier.vkey) this.report(`the head is of another key: ${head.vkey}`)
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
