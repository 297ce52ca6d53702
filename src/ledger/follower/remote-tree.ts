import { tileHashes } from '../../merkle/tile.ts'
import { TILE_HEIGHT, TILE_WIDTH, tileWidth } from '../../merkle/tile-path.ts'
import { LedgerError } from '../errors.ts'
import type { LogSource } from './log-source.ts'
import { rootsOfSplit, type Subtree, splitSubtrees } from './subtrees.ts'

/** A tree cut in two, by hashes that lead to its root. */
export interface TreeSplit {
  /** Root of its first leaves. */
  prefixRoot: Uint8Array
  /** Of the complete subtrees before the cut, then of those after it. */
  hashes: Uint8Array[]
}

/** The tree that a log has signed, read from its tiles as far as it is needed; nothing is believed but its root. */
export class RemoteTree {
  readonly #source: LogSource
  readonly #size: number
  readonly #root: Uint8Array
  /** Tiles that were read, by level and index; few of level 0. */
  readonly #tiles = new Map<string, Uint8Array>()

  /** @param root which the log has signed for `size` leaves */
  constructor(source: LogSource, { size, root }: { size: number; root: Uint8Array }) {
    this.#source = source
    this.#size = size
    this.#root = root
  }

  /**
   * Cuts the tree after its first `prefix` leaves, of which there is at least one.
   * @throws LedgerError LEDGER_SOURCE_INVALID where the tiles are not those of the root; LEDGER_UNREACHABLE
   */
  async split(prefix: number, signal: AbortSignal): Promise<TreeSplit> {
    const { before, after } = splitSubtrees(prefix, this.#size)
    const hashes = await this.#hashesOf([...before, ...after], signal)
    const roots = rootsOfSplit(prefix, this.#size, hashes)
    if (roots === undefined || Buffer.compare(roots.root, this.#root) !== 0) {
      throw new LedgerError(
        'LEDGER_SOURCE_INVALID',
        `the tiles that were sent do not have the root of the checkpoint of size ${this.#size}`,
      )
    }
    return { prefixRoot: roots.prefixRoot, hashes }
  }

  async #hashesOf(subtrees: readonly Subtree[], signal: AbortSignal): Promise<Uint8Array[]> {
    const tiles = this.#tiles
    for (const subtree of subtrees) {
      const { level, index } = tileOf(subtree)
      const id = `${level}/${index}`
      if (tiles.has(id)) continue
      const hashes = await this.#source.hashes(level, index, tileWidth(this.#size, level, index), signal)
      tiles.set(id, Buffer.concat(hashes))
    }
    const read = tileHashes(this.#size, (level, index) => tiles.get(`${level}/${index}`) as Uint8Array)
    return subtrees.map(({ height, index }) => read(height, index))
  }
}

/** The tile that a subtree's hash is read from. */
function tileOf({ height, index }: Subtree): { level: number; index: number } {
  const row = height % TILE_HEIGHT
  return { level: Math.floor(height / TILE_HEIGHT), index: Math.floor((index * 2 ** row) / TILE_WIDTH) }
}
