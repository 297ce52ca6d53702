import { encodeBundle } from '../../merkle/entry-bundle.ts'
import { type HashReader, inclusionProof, treeRoot } from '../../merkle/make-proof.ts'
import { type TileCache, tileHashes } from '../../merkle/tile.ts'
import { hashesAtLevel, TILE_WIDTH, tileWidth } from '../../merkle/tile-path.ts'
import { HASH_BYTES, hashLeaf, isTreeSize } from '../../merkle/tree.ts'
import type { LedgerPosition, LedgerTransaction } from '../types.ts'
import { entryKey, type LogStore } from './records.ts'
import { ownLeaf, readEntries, readTile, tileReader } from './tree-store.ts'

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

  /** The entry at a position, if the tree has it there. */
  entryAt({ number, timeHash }: LedgerPosition): Uint8Array | undefined {
    if (!isTreeSize(number) || number >= this.size) return undefined
    const entry = this.#store.get(entryKey(number))
    return entry !== undefined && hashLeaf(entry).toString('hex') === timeHash ? entry : undefined
  }

  /** Time of the last leaf, Unix seconds. */
  async lastTime(): Promise<number | undefined> {
    if (this.size === 0) return undefined
    const [last] = await readEntries(this.#store, this.size - 1, 1)
    return last === undefined ? undefined : ownLeaf(last).time
  }

  /** Anchors from leaf `first` on, at most `limit`. */
  async transactions(first: number, limit: number): Promise<LedgerTransaction[]> {
    const found: LedgerTransaction[] = []
    for (let next = first; next < this.size && found.length < limit; ) {
      const count = Math.min(limit - found.length, this.size - next)
      for (const [i, entry] of (await readEntries(this.#store, next, count)).entries()) {
        const transaction = transactionOf(next + i, entry)
        if (transaction !== undefined) found.push(transaction)
      }
      next += count
    }
    return found
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
