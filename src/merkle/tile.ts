import { MerkleError } from './errors.ts'
import type { HashReader } from './make-proof.ts'
import { TILE_HEIGHT, TILE_WIDTH, tileWidth } from './tile-path.ts'
import { HASH_BYTES, hashNode } from './tree.ts'

/** Bytes of a tile with exactly `width` hashes. Throws what the caller's storage throws. */
export type TileReader = (level: number, index: number, width: number) => Uint8Array

/**
 * Cuts a tile into its hashes.
 * @param width the hashes that it must have, from 1 to 256
 * @throws MerkleError TILE_INVALID if its length is not 32 * width bytes
 */
export function parseTile(bytes: Uint8Array, width: number): Uint8Array[] {
  if (bytes.length !== width * HASH_BYTES) {
    throw new MerkleError(
      'TILE_INVALID',
      `a tile of width ${width} has ${width * HASH_BYTES} bytes, not ${bytes.length}`,
    )
  }
  const hashes: Uint8Array[] = []
  for (let i = 0; i < width; i++) hashes.push(bytes.subarray(i * HASH_BYTES, (i + 1) * HASH_BYTES))
  return hashes
}

/** A tile and the complete subtrees above it, in rows: its hashes, then their parents, up to eight rows above. */
type TileRows = Uint8Array[][]

/**
 * Remembers tiles with the rows above them, the most recently used ones, some 35 KB each at most. For one tree only:
 * as it only grows, what is remembered stays right.
 */
export class TileCache {
  readonly #rows = new Map<string, TileRows>()
  readonly #capacity: number

  constructor(capacity: number) {
    this.#capacity = capacity
  }

  /** The rows of a tile; `read` gives its bytes where they are not remembered. */
  rows(level: number, index: number, width: number, read: TileReader): TileRows {
    const id = `${level}/${index}/${width}`
    const rows = this.#rows.get(id) ?? rowsOf(parseTile(read(level, index, width), width))
    this.#rows.delete(id)
    this.#rows.set(id, rows)
    const [oldest] = this.#rows.keys()
    if (oldest !== undefined && this.#rows.size > this.#capacity) this.#rows.delete(oldest)
    return rows
  }
}

/** Tiles that one proof needs: of each level, that of the leaf and that of the right edge. */
const TILES_OF_A_PROOF = 16

/**
 * Reads the hashes of a tree of this size from its tiles; the levels between tiles are computed from the tile
 * below them. The reader that it returns throws MerkleError RANGE_INVALID for a subtree that is not complete, and
 * TILE_INVALID for a tile of another length than the size asks for.
 */
export function tileHashes(
  size: number,
  readTile: TileReader,
  cache = new TileCache(TILES_OF_A_PROOF),
): HashReader {
  return (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const row = height % TILE_HEIGHT
    const perTile = TILE_WIDTH / 2 ** row
    const tile = Math.floor(index / perTile)
    const width = tileWidth(size, level, tile)
    if (((index % perTile) + 1) * 2 ** row > width) {
      const range = `a tree of size ${size} has no complete subtree ${index} at height ${height}`
      throw new MerkleError('RANGE_INVALID', range)
    }
    return cache.rows(level, tile, width, readTile)[row]?.[index % perTile] as Uint8Array
  }
}

function rowsOf(hashes: Uint8Array[]): TileRows {
  const rows = [hashes]
  for (let row = hashes; row.length > 1; ) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < row.length; i += 2) {
      above.push(hashNode(row[i] as Uint8Array, row[i + 1] as Uint8Array))
    }
    rows.push(above)
    row = above
  }
  return rows
}
