import { parseTile } from '../../merkle/tile.ts'
import { TILE_WIDTH } from '../../merkle/tile-path.ts'
import { hashLeaf } from '../../merkle/tree.ts'
import type { LogStore } from '../log/records.ts'
import { readEntries, readTile } from '../log/tree-store.ts'
import type { LogSource } from './log-source.ts'

/**
 * The files of a log from the database of the log itself or of a follower, which no process has open.
 * @param note the newest checkpoint that was published, or applied
 */
export function storedLog(store: LogStore, note: string): LogSource {
  const entries = (index: number, width: number) => readEntries(store, index * TILE_WIDTH, width)
  return {
    checkpoint: async () => Buffer.from(note),
    hashes: async (level, index, width) =>
      level === 0
        ? (await entries(index, width)).map(hashLeaf)
        : parseTile(readTile(store, level, index, width), width),
    entries,
  }
}
