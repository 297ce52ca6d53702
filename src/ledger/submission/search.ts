import { MerkleError } from '../../merkle/errors.ts'
import { inclusionProof } from '../../merkle/make-proof.ts'
import { tileHashes } from '../../merkle/tile.ts'
import { TILE_WIDTH, tileWidth } from '../../merkle/tile-path.ts'
import { Frontier, hashLeaf } from '../../merkle/tree.ts'
import { LedgerError } from '../errors.ts'
import type { LogSource } from '../follower/log-source.ts'
import { type AnchorLeaf, type Leaf, parseLeaf } from '../log/leaf.ts'
import type { Receipt } from './receipt.ts'

/** The leaf that a receipt promises. */
export interface FoundLeaf {
  index: number
  bytes: Uint8Array
  leaf: AnchorLeaf
}

/** What the leaves of a tree come to. */
export interface Search {
  /** The first leaf with that anchor string and writer and a time up to the deadline. */
  inTime: FoundLeaf | undefined
  /** Otherwise the first one with a later time. */
  late: FoundLeaf | undefined
  /** The latest time of a leaf that was read. */
  lastTime: number | undefined
  /** Root of the leaves that were read; undefined where the search ended with the leaf. */
  root: Uint8Array | undefined
}

/** A tree as its checkpoint names it. */
export type SignedTree = { size: number; root: Uint8Array }

/**
 * Reads the leaves of a tree until the one that a receipt promises is found, or all of them. Whether they are those of
 * the tree is for the caller to compare. Memory does not grow with the tree.
 * @throws LedgerError LEDGER_UNREACHABLE, LEDGER_SOURCE_INVALID, LEDGER_CORRUPT; StoreError
 */
export async function searchLeaf(
  source: LogSource,
  size: number,
  receipt: Receipt,
  signal: AbortSignal,
): Promise<Search> {
  const tree = new Frontier()
  const search: Search = { inTime: undefined, late: undefined, lastTime: undefined, root: undefined }
  for (let bundle = 0; bundle * TILE_WIDTH < size; bundle++) {
    const width = tileWidth(size, 'entries', bundle)
    for (const [i, bytes] of (await source.entries(bundle, width, signal)).entries()) {
      tree.append(hashLeaf(bytes))
      const leaf = readLeaf(bytes)
      if (leaf === undefined) continue
      search.lastTime = Math.max(search.lastTime ?? 0, leaf.time)
      if (!isPromised(leaf, receipt)) continue
      const found = { index: bundle * TILE_WIDTH + i, bytes, leaf }
      if (leaf.time <= receipt.deadline) return { ...search, inTime: found }
      search.late ??= found
    }
  }
  return { ...search, root: tree.root() }
}

/**
 * Sibling hashes of a leaf from the tiles of a log, its own first; nobody has verified them.
 * @throws LedgerError as {@link searchLeaf}
 */
export async function inclusionFrom(
  source: LogSource,
  size: number,
  index: number,
  signal: AbortSignal,
): Promise<Uint8Array[]> {
  const tiles = new Map<string, Uint8Array>()
  for (;;) {
    let wanted: { level: number; tile: number; width: number } | undefined
    const read = tileHashes(size, (level, tile, width) => {
      const held = tiles.get(`${level}/${tile}`)
      if (held !== undefined) return held
      wanted = { level, tile, width }
      throw new LedgerError('LEDGER_UNREACHABLE', 'a tile was not read yet')
    })
    try {
      return inclusionProof(index, size, read)
    } catch (error) {
      if (error instanceof MerkleError) throw new LedgerError('LEDGER_SOURCE_INVALID', error.message, error)
      if (wanted === undefined) throw error
    }
    const { level, tile, width } = wanted
    tiles.set(`${level}/${tile}`, Buffer.concat(await source.hashes(level, tile, width, signal)))
  }
}

function isPromised(leaf: Leaf, { anchorString, writer }: Receipt): leaf is AnchorLeaf {
  return leaf.type === 'anchor' && leaf.anchorString === anchorString && leaf.writer === writer
}

/** Undefined for a leaf of a kind that is not known here: an anchor is known. */
function readLeaf(bytes: Uint8Array): Leaf | undefined {
  try {
    return parseLeaf(bytes)
  } catch (error) {
    if (error instanceof LedgerError) return undefined
    throw error
  }
}
