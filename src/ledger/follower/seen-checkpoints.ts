import type { Change } from '../../store/store.ts'
import type { LogStore } from '../log/records.ts'
import type { Received } from './received.ts'
import { allSeen, seenKey } from './records.ts'

/** Checkpoints that are kept until they can be compared. */
const MAX_SEEN = 32

/**
 * Checkpoints that the log has signed for trees larger than the one that is shown: kept so that none is forgotten
 * before it was compared, also over a restart. Of many, the first ones and the newest are kept.
 */
export class SeenCheckpoints {
  readonly #store: LogStore
  /** By size, in order. */
  #all: Received[]

  private constructor(store: LogStore, all: Received[]) {
    this.#store = store
    this.#all = all
  }

  static async load(store: LogStore, open: (note: Uint8Array) => Received): Promise<SeenCheckpoints> {
    const all: Received[] = []
    for await (const [, note] of store.entries(allSeen())) all.push(open(note))
    return new SeenCheckpoints(store, all)
  }

  of(size: number): Received | undefined {
    return this.#all.find(({ signed }) => signed.size === size)
  }

  upTo(size: number): Received[] {
    return this.#all.filter(({ signed }) => signed.size <= size)
  }

  /** Returns once it would survive a power cut. */
  async add(received: Received): Promise<void> {
    const { size } = received.signed
    if (this.of(size) !== undefined) return
    const dropped = this.#all.length < MAX_SEEN ? [] : this.#all.slice(MAX_SEEN - 1)
    await this.#store.commit([
      ...dropped.map(({ signed }) => ({ key: seenKey(signed.size) })),
      { key: seenKey(size), value: Buffer.from(received.note) },
    ])
    const rest = this.#all.filter(other => !dropped.includes(other))
    this.#all = [...rest, received].sort((a, b) => a.signed.size - b.signed.size)
  }

  /** Changes that let go of those up to a size, which were compared; once they are durable, {@link forget} does too. */
  without(size: number): Change[] {
    return this.upTo(size).map(({ signed }) => ({ key: seenKey(signed.size) }))
  }

  forget(size: number): void {
    this.#all = this.#all.filter(({ signed }) => signed.size > size)
  }
}
