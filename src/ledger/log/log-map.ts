import type { IndexedLeaf, LeafSource } from './leaf-source.ts'

/**
 * The map over what the anchors of a log hold, whose root its `map` leaves state (docs/spec/operation-map.md). What is
 * in it is the protocol's business and not the log's.
 */
export interface LogMap {
  /**
   * Takes the leaves that it has not taken yet, up to the first `size` of the log: of a long log this takes long.
   * @param signal ends it between two steps; what was taken by then stays
   * @throws LedgerError LEDGER_FILES_UNAVAILABLE; StoreError; the signal's reason
   */
  catchUp(source: LeafSource, size: number, signal?: AbortSignal): Promise<void>
  /**
   * Works out what leaves to come make of it. Takes nothing: until `take` it is as if it had not been asked.
   * @param leaves the next of the log, the first at the size that it has taken
   * @throws LedgerError LEDGER_FILES_UNAVAILABLE; StoreError
   */
  extend(leaves: readonly IndexedLeaf[]): Promise<MapExtension>
}

/** What a map would be. */
export interface MapExtension {
  /** 32 bytes. */
  root: Uint8Array
  /** Takes the leaves, and the map leaf behind them: they are durable. */
  take(mapLeaf: IndexedLeaf): Promise<void>
}
