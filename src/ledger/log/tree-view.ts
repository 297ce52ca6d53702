import { encodeBundle } from '../../merkle/entry-bundle.ts'
import { type HashReader, inclusionProof, treeRoot } from '../../merkle/make-proof.ts'
import { type TileCache, tileHashes } from '../../merkle/tile.ts'
import { hashesAtLevel, TILE_WIDTH, tileWidth } from '../../merkle/tile-path.ts'
import { HASH_BYTES, hashLeaf, isTreeSize } from '../../merkle/tree.ts'
import type { LedgerPosition, LedgerTransaction } from '../types.ts'
import type { IndexedLeaf } from './leaf-source.ts'
import { entryKey, type LogStore } from './records.ts'
import { ownLeaf, readEntries, readTile, tileReader } from './tree-store.ts'

/** Leaves that are read at a time where it is not known which of them are anchors. */
const STEP = 64

/** The first leaves of a tree in a database, which may hold more. */
export class TreeView {
  readonly size: number
  readonly #store: LogStore
  readonly #tail: Uint8Array
  readonly #cache: TileCache | undefined

  /**
   * @param tail the partial tile of level 0 of the tree of this size
   * @param cache for tiles that are read more than once
   */
  constructor(store: LogStore, size: number, tail: Uint8Array, cache?: TileCache) {
    this.size = size
    this.#store = store
    this.#tail = tail
    this.#cache = cache
  }

  /** Hashes of its complete subtrees. */
  hashes(): HashReader {
    return tileHashes(this.size, tileReader(this.#store, this.size, this.#tail), this.#cache)
  }

  /** The root that the first `size` leaves have. */
  rootAt(size: number): Uint8Array {
    return treeRoot(size, this.hashes())
  }

  /** Sibling hashes of a leaf, its own first. */
  inclusion(index: number): Uint8Array[] {
    return inclusionProof(index, this.size, this.hashes())
  }

  /** The entry of the transaction at a position, if the tree has it there. */
  entryAt({ number, timeHash }: LedgerPosition): Uint8Array | undefined {
    if (!isTreeSize(number) || number >= this.size) return undefined
    const entry = this.#store.get(entryKey(number))
    if (entry === undefined || hashLeaf(entry).toString('hex') !== timeHash) return undefined
    return ownLeaf(entry).type === 'anchor' ? entry : undefined
  }

  /** Leaves from `first` on, at most `limit`, in order. */
  async leaves(first: number, limit: number): Promise<IndexedLeaf[]> {
    const count = Math.min(limit, this.size - first)
    if (count <= 0) return []
    const entries = await readEntries(this.#store, first, count)
    return entries.map((bytes, i) => ({ index: first + i, bytes, leaf: ownLeaf(bytes) }))
  }

  /** The last leaf, where that is of the type `map`, with its proof but for the checkpoint. */
  mapLeaf(): { leaf: Uint8Array; index: number; inclusion: Uint8Array[] } | undefined {
    const index = this.size - 1
    const leaf = this.size === 0 ? undefined : this.#store.get(entryKey(index))
    if (leaf === undefined || ownLeaf(leaf).type !== 'map') return undefined
    return { leaf, index, inclusion: this.inclusion(index) }
  }

  /** Time of the last leaf, Unix seconds. */
  async lastTime(): Promise<number | undefined> {
    if (this.size === 0) return undefined
    const [last] = await readEntries(this.#store, this.size - 1, 1)
    return last === undefined ? undefined : ownLeaf(last).time
  }

  /** Anchors from leaf `first` to `last`, at most `limit`; the tree has both leaves. */
  async transactions(first: number, last: number, limit: number): Promise<LedgerTransaction[]> {
    const found: LedgerTransaction[] = []
    let count = limit
    for (let next = first; next <= last && found.length < limit; ) {
      const entries = await readEntries(this.#store, next, Math.min(count, last + 1 - next))
      for (const [i, entry] of entries.entries()) {
        const transaction = transactionOf(next + i, entry)
        if (transaction !== undefined && found.length < limit) found.push(transaction)
      }
      next += entries.length
      // Leaves of other types lie between, and there may be many: one at a time would be slow.
      count = Math.max(limit, STEP)
    }
    return found
  }

  /** Number of the newest anchor from leaf `from` on. */
  async newestAnchor(from: number): Promise<number | undefined> {
    for (let end = this.size; end > from; end -= STEP) {
      const start = Math.max(from, end - STEP)
      const found = (await this.transactions(start, end - 1, STEP)).at(-1)
      if (found !== undefined) return found.number
    }
    return undefined
  }

  /** A tile of hashes (C2SP tlog-tiles); undefined where the tree has not that many hashes there. */
  tile(level: number, index: number, width: number = TILE_WIDTH): Uint8Array | undefined {
    if (!isTreeSize(level) || !this.#has(level, index, width)) return undefined
    const partial = level === 0 && index === hashesAtLevel(this.size, 1)
    return partial ? this.#tail.subarray(0, width * HASH_BYTES) : readTile(this.#store, level, index, width)
  }

  /** An entry bundle (C2SP tlog-tiles); width and undefined as for {@link tile}. */
  async entries(index: number, width: number = TILE_WIDTH): Promise<Uint8Array | undefined> {
    if (!this.#has('entries', index, width)) return undefined
    return encodeBundle(await readEntries(this.#store, index * TILE_WIDTH, width))
  }

  #has(level: number | 'entries', index: number, width: number): boolean {
    if (!isTreeSize(index) || !Number.isSafeInteger(width) || width < 1) return false
    return width <= tileWidth(this.size, level, index)
  }
}

/** The transaction that a leaf records; undefined for a leaf of another type than an anchor. */
export function transactionOf(number: number, entry: Uint8Array): LedgerTransaction | undefined {
  const leaf = ownLeaf(entry)
  if (leaf.type !== 'anchor') return undefined
  const { time, anchorString, writer } = leaf
  const timeHash = hashLeaf(entry).toString('hex')
  return { number, time, timestamp: time, timeHash, anchorString, writer }
}
