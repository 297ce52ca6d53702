import type { TileBuilder } from '../../merkle/tile-builder.ts'
import { EMPTY_ROOT, hashLeaf } from '../../merkle/tree.ts'
import { LedgerError } from '../errors.ts'
import { encodeHead, entryKey, HEAD_KEY, type LogHead, type LogStore, readHead } from '../log/records.ts'
import { loadBuilder, readEntries, tileChanges } from '../log/tree-store.ts'
import { TreeView } from '../log/tree-view.ts'

/** Most entries that are taken or discarded in one commit; some 17 MB of the largest leaves. */
export const MAX_PART = 4096

/** The tree that a follower holds: entries, tiles and head in its database, and the right edge in memory. */
export class HeldTree {
  readonly #store: LogStore
  #head: LogHead
  #builder: TileBuilder

  private constructor(store: LogStore, head: LogHead, builder: TileBuilder) {
    this.#store = store
    this.#head = head
    this.#builder = builder
  }

  /**
   * Takes up what the database holds; a new one is made that of this log.
   * @throws LedgerError LEDGER_KEY_MISMATCH where it is of another log; LEDGER_CORRUPT; StoreError
   */
  static async open(store: LogStore, origin: string, vkey: string): Promise<HeldTree> {
    const stored = readHead(store)
    const head = stored ?? { epoch: 0, size: 0, root: hex(EMPTY_ROOT), origin, vkey }
    if (stored === undefined) await store.commit([{ key: HEAD_KEY, value: encodeHead(head) }])
    if (head.origin !== origin || head.vkey !== vkey) {
      throw new LedgerError(
        'LEDGER_KEY_MISMATCH',
        `the database holds the log ${head.origin} with the key ${head.vkey}`,
      )
    }
    const builder = await loadBuilder(store, head.size)
    if (hex(builder.root()) !== head.root) {
      throw new LedgerError(
        'LEDGER_CORRUPT',
        'the entries and tiles of the log do not give the root of its head',
      )
    }
    return new HeldTree(store, head, builder)
  }

  get size(): number {
    return this.#head.size
  }

  /** Time of the last leaf, Unix seconds. */
  get time(): number | undefined {
    return this.#head.time
  }

  root(): Uint8Array {
    return this.#builder.root()
  }

  view(): TreeView {
    return new TreeView(this.#store, this.size, this.#builder.tail(0))
  }

  /**
   * Appends entries if the tree then has this root, durably and as one; else returns false, and nothing has changed.
   * @param timeOf gives the time of the last of them, and may refuse them; asked once the root is right
   */
  async append(
    entries: readonly Uint8Array[],
    root: Uint8Array,
    timeOf: (entries: readonly Uint8Array[]) => number,
  ): Promise<boolean> {
    const first = this.size
    const before = this.#builder
    // The builder cannot go back, so it is worked with a copy of it, which the database gives.
    const builder = await loadBuilder(this.#store, first)
    if (Buffer.compare(builder.root(), before.root()) !== 0) {
      throw new LedgerError(
        'LEDGER_CORRUPT',
        'the entries and tiles of the log do not give the root of its head',
      )
    }
    const tiles = builder.append(entries.map(hashLeaf))
    if (Buffer.compare(builder.root(), root) !== 0) return false
    const time = timeOf(entries)
    const head = { ...this.#head, size: first + entries.length, root: hex(root), time }
    await this.#store.commit([
      ...entries.map((value, i) => ({ key: entryKey(first + i), value })),
      ...tileChanges(tiles),
      { key: HEAD_KEY, value: encodeHead(head) },
    ])
    this.#head = head
    this.#builder = builder
    return true
  }

  /**
   * Lets go of the entries after the first `size`, in parts, the last ones first.
   * @param timeOf gives the time of the last of some entries
   */
  async discardAfter(size: number, timeOf: (entry: Uint8Array) => number): Promise<void> {
    while (this.size > size) {
      const next = Math.max(size, this.size - MAX_PART)
      const root = hex(this.view().rootAt(next))
      const { time: _, ...rest } = this.#head
      const [last] = next === 0 ? [] : await readEntries(this.#store, next - 1, 1)
      const head: LogHead = {
        ...rest,
        size: next,
        root,
        ...(last === undefined ? {} : { time: timeOf(last) }),
      }
      const gone = Array.from({ length: this.size - next }, (_, i) => ({ key: entryKey(next + i) }))
      await this.#store.commit([...gone, { key: HEAD_KEY, value: encodeHead(head) }])
      this.#head = head
      this.#builder = await loadBuilder(this.#store, next)
    }
  }
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex')
}
