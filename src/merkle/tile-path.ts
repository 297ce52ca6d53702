import { MerkleError } from './errors.ts'
import { isTreeSize } from './tree.ts'

/** Hashes in a full tile, and entries in a full bundle (C2SP tlog-tiles). */
export const TILE_WIDTH = 256

/** Levels of the tree between one level of tiles and the next. */
export const TILE_HEIGHT = 8

/** Which tile: of hashes, at a level from 0 (leaf hashes) on, or of the entries themselves. */
export interface TileId {
  level: number | 'entries'
  index: number
  /** Hashes or entries in it, from 1 to 256; less than 256 for a partial tile. */
  width: number
}

/** C2SP tlog-tiles: "<L> is the level of the tile ... between 0 and 63". */
const MAX_LEVEL = 63
const PATH = /^tile\/(entries|0|[1-9][0-9]?)\/((?:x[0-9]{3}\/)*[0-9]{3})(?:\.p\/([1-9][0-9]{0,2}))?$/

/** Path of a tile below the log's prefix (C2SP tlog-tiles, Merkle tree and log entries). */
export function tilePath(tile: TileId): string {
  const digits = String(tile.index)
  const padded = digits.padStart(Math.ceil(digits.length / 3) * 3, '0')
  const groups = padded.match(/.../g) ?? []
  const index = groups.map((group, i) => (i < groups.length - 1 ? `x${group}` : group)).join('/')
  return `tile/${tile.level}/${index}${tile.width === TILE_WIDTH ? '' : `.p/${tile.width}`}`
}

/** Reads a tile's path, in its one spelling. @throws MerkleError TILE_PATH_INVALID */
export function parseTilePath(path: string): TileId {
  const [, level, groups, width] = (path.length <= 64 ? PATH.exec(path) : null) ?? []
  if (level === undefined || groups === undefined) throw pathError()
  const tile: TileId = {
    level: level === 'entries' ? 'entries' : Number(level),
    index: Number(groups.replaceAll(/[x/]/g, '')),
    width: width === undefined ? TILE_WIDTH : Number(width),
  }
  if (tile.level !== 'entries' && tile.level > MAX_LEVEL) throw pathError()
  if (!isTreeSize(tile.index) || (width !== undefined && tile.width >= TILE_WIDTH)) throw pathError()
  // Leading groups of zeros would name one tile twice.
  if (tilePath(tile) !== path) throw pathError()
  return tile
}

/** Number of hashes at a level of tiles, in a tree of this size: floor(size / 256^level). */
export function hashesAtLevel(size: number, level: number): number {
  return Math.floor(size / TILE_WIDTH ** level)
}

/** Width of a tile in a tree of this size: 256 if it is full, 0 if the tree has no such tile. */
export function tileWidth(size: number, level: number | 'entries', index: number): number {
  const hashes = hashesAtLevel(size, level === 'entries' ? 0 : level) - index * TILE_WIDTH
  return Math.max(0, Math.min(TILE_WIDTH, hashes))
}

function pathError(): MerkleError {
  return new MerkleError('TILE_PATH_INVALID', 'not the path of a tile (tile/<level>/<index>[.p/<width>])')
}
