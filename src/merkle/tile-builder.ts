import { hashesAtLevel, TILE_HEIGHT, TILE_WIDTH } from './tile-path.ts'
import { Frontier, HASH_BYTES } from './tree.ts'

/** A tile that appending has filled or lengthened. */
export interface ChangedTile {
  level: number
  index: number
  bytes: Buffer
}

/**
 * The right edge of a tree: appends leaves and says which tiles that changes. Holds the partial tile of each
 * level, so its memory is bounded by 8 KiB a level.
 */
export class TileBuilder {
  readonly #frontier: Frontier
  /** Hashes of the partial tile of each level. */
  readonly #tails: Buffer[][]

  /** @param tails the partial tile of each level, lowest first, each with floor(size / 256^level) mod 256 hashes */
  constructor(size = 0, tails: readonly Buffer[][] = []) {
    this.#tails = tails.map(tail => [...tail])
    this.#frontier = new Frontier(size, subtreesOf(this.#tails))
    for (let level = 0; level < tails.length || hashesAtLevel(size, level) > 0; level++) {
      if ((tails[level]?.length ?? 0) !== hashesAtLevel(size, level) % TILE_WIDTH) {
        throw new TypeError('the partial tiles do not have the widths that the size asks for')
      }
    }
  }

  get size(): number {
    return this.#frontier.size
  }

  root(): Uint8Array {
    return this.#frontier.root()
  }

  /** Bytes of the partial tile at a level; empty where the last tile is full. */
  tail(level: number): Buffer {
    return Buffer.concat(this.#tails[level] ?? [])
  }

  /**
   * Appends leaves by their hashes. Returns the tiles that became full, in order, and of the partial tiles above
   * level 0 those that grew, as they are at the end. The partial tile of level 0 is not among them: it grows with
   * each leaf, and `tail(0)` has it.
   */
  append(leafHashes: readonly Buffer[]): ChangedTile[] {
    const full: ChangedTile[] = []
    const grown = new Map<number, number>()
    const listener = (height: number, index: number, hash: Buffer) => {
      if (height % TILE_HEIGHT !== 0) return
      const level = height / TILE_HEIGHT
      const tail = this.#tailAt(level)
      tail.push(hash)
      grown.set(level, Math.floor(index / TILE_WIDTH))
      if (tail.length < TILE_WIDTH) return
      full.push({ level, index: Math.floor(index / TILE_WIDTH), bytes: Buffer.concat(tail) })
      tail.length = 0
      grown.delete(level)
    }
    for (const hash of leafHashes) this.#frontier.append(hash, listener)
    grown.delete(0)
    return [...full, ...Array.from(grown, ([level, index]) => ({ level, index, bytes: this.tail(level) }))]
  }

  #tailAt(level: number): Buffer[] {
    while (this.#tails.length <= level) this.#tails.push([])
    return this.#tails[level] as Buffer[]
  }
}

/** The hashes of a partial tile. */
export function tailHashes(bytes: Uint8Array): Buffer[] {
  const hashes: Buffer[] = []
  for (let i = 0; i + HASH_BYTES <= bytes.length; i += HASH_BYTES)
    hashes.push(Buffer.from(bytes.subarray(i, i + HASH_BYTES)))
  return hashes
}

/** The complete subtrees of a tree, largest first: those of the highest level's partial tile, then of the next. */
function subtreesOf(tails: readonly Buffer[][]): Buffer[] {
  const subtrees: Buffer[] = []
  for (const tail of tails.toReversed()) {
    const part = new Frontier()
    for (const hash of tail) part.append(hash)
    subtrees.push(...part.subtrees)
  }
  return subtrees
}
