import { MerkleError } from './errors.ts'
import type { HashReader } from './make-proof.ts'
import { TILE_HEIGHT, TILE_WIDTH, tileWidth } from './tile-path.ts'
import { HASH_BYTES, hashNode } from './tree.ts'

/** Bytes of a tile that has at least `width` hashes. Throws what the caller's storage throws. */
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

/**
 * Reads the hashes of a tree of this size from its tiles; the levels between tiles are computed from the tile
 * below them. The reader that it returns throws MerkleError RANGE_INVALID for a subtree that is not complete, and
 * TILE_INVALID for a tile of another length than the size asks for.
 */
export function tileHashes(size: number, readTile: TileReader): HashReader {
  return (height, index) => {
    const level = Math.floor(height / TILE_HEIGHT)
    const span = 2 ** (height % TILE_HEIGHT)
    const tile = Math.floor((index * span) / TILE_WIDTH)
    const first = (index * span) % TILE_WIDTH
    const width = tileWidth(size, level, tile)
    if (first + span > width) {
      throw new MerkleError(
        'RANGE_INVALID',
        `a tree of size ${size} has no complete subtree ${index} at height ${height}`,
      )
    }
    return fold(parseTile(readTile(level, tile, width), width).slice(first, first + span))
  }
}

/** Root over a power of two of hashes. */
function fold(hashes: Uint8Array[]): Uint8Array {
  let row = hashes
  while (row.length > 1) {
    const above: Uint8Array[] = []
    for (let i = 0; i + 1 < row.length; i += 2)
      above.push(hashNode(row[i] as Uint8Array, row[i + 1] as Uint8Array))
    row = above
  }
  return row[0] as Uint8Array
}
