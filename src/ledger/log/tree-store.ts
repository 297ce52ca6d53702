import { type ChangedTile, TileBuilder, tailHashes } from '../../merkle/tile-builder.ts'
import { hashesAtLevel, TILE_WIDTH, tileWidth } from '../../merkle/tile-path.ts'
import { HASH_BYTES, hashLeaf } from '../../merkle/tree.ts'
import type { Change } from '../../store/store.ts'
import { LedgerError } from '../errors.ts'
import { type Leaf, parseLeaf } from './leaf.ts'
import { entryIndex, entryKey, type LogStore, tileKey } from './records.ts'

/**
 * The right edge of the tree of this size, from what the database holds.
 * @throws LedgerError LEDGER_CORRUPT where entries or tiles are missing
 */
export async function loadBuilder(store: LogStore, size: number): Promise<TileBuilder> {
  const rest = size % TILE_WIDTH
  const tails: Buffer[][] = [(await readEntries(store, size - rest, rest)).map(hashLeaf)]
  for (let level = 1; hashesAtLevel(size, level) > 0; level++) {
    const hashes = hashesAtLevel(size, level)
    const width = hashes % TILE_WIDTH
    const bytes =
      width === 0 ? Buffer.alloc(0) : readTile(store, level, Math.floor(hashes / TILE_WIDTH), width)
    tails.push(tailHashes(bytes))
  }
  return new TileBuilder(size, tails)
}

/** Changes that keep tiles. */
export function tileChanges(tiles: readonly ChangedTile[]): Change[] {
  return tiles.map(({ level, index, bytes }) => ({ key: tileKey(level, index), value: bytes }))
}

/**
 * The first `width` hashes of a tile that the database holds: any but the partial one of level 0. It may have grown
 * since: hashes are only ever added.
 * @throws LedgerError LEDGER_CORRUPT if it is missing or too short
 */
export function readTile(store: LogStore, level: number, index: number, width: number): Uint8Array {
  const bytes = store.get(tileKey(level, index))
  if (bytes === undefined || bytes.length < width * HASH_BYTES || bytes.length > TILE_WIDTH * HASH_BYTES) {
    throw new LedgerError(
      'LEDGER_CORRUPT',
      `tile ${index} of level ${level} is missing from the log's database`,
    )
  }
  return bytes.subarray(0, width * HASH_BYTES)
}

/**
 * The hashes of a tree of this size, as `tileHashes` wants them.
 * @param tail the partial tile of level 0, of this tree or a later one
 */
export function tileReader(store: LogStore, size: number, tail: Uint8Array) {
  return (level: number, index: number, width: number): Uint8Array =>
    level === 0 && tileWidth(size, 0, index) < TILE_WIDTH
      ? tail.subarray(0, width * HASH_BYTES)
      : readTile(store, level, index, width)
}

/**
 * Entries from `first` on.
 * @throws LedgerError LEDGER_CORRUPT where one is missing
 */
export async function readEntries(store: LogStore, first: number, count: number): Promise<Uint8Array[]> {
  const entries: Uint8Array[] = []
  if (count === 0) return entries
  for await (const [key, value] of store.entries({ gte: entryKey(first), lt: entryKey(first + count) })) {
    if (entryIndex(key) !== first + entries.length) break
    entries.push(value)
  }
  if (entries.length !== count) {
    throw new LedgerError(
      'LEDGER_CORRUPT',
      `entry ${first + entries.length} is missing from the log's database`,
    )
  }
  return entries
}

/** A leaf that the log wrote itself. @throws LedgerError LEDGER_CORRUPT */
export function ownLeaf(entry: Uint8Array): Leaf {
  try {
    return parseLeaf(entry)
  } catch (cause) {
    if (!(cause instanceof LedgerError)) throw cause
    throw new LedgerError('LEDGER_CORRUPT', "an entry in the log's database is no leaf", cause)
  }
}
