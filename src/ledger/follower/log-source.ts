import { parseBundle } from '../../merkle/entry-bundle.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { MAX_NOTE_BYTES } from '../../merkle/note.ts'
import { parseTile } from '../../merkle/tile.ts'
import { TILE_WIDTH, type TileId, tilePath } from '../../merkle/tile-path.ts'
import { HASH_BYTES } from '../../merkle/tree.ts'
import { NetError } from '../../net/errors.ts'
import { type FetchOptions, guardedFetch } from '../../net/guarded-fetch.ts'
import { LedgerError } from '../errors.ts'

/**
 * Where the files of a log come from (C2SP tlog-tiles). Nothing that it gives is trusted: its sizes are bounded, and
 * that is all. Each throws LedgerError LEDGER_UNREACHABLE where it could not be had and LEDGER_SOURCE_INVALID where
 * what came has another size or form.
 */
export interface LogSource {
  /** The newest checkpoint: at most 512 KiB. */
  checkpoint(signal: AbortSignal): Promise<Uint8Array>
  /** The first `width` hashes of a tile. */
  hashes(level: number, index: number, width: number, signal: AbortSignal): Promise<Uint8Array[]>
  /** The first `width` entries of a bundle. */
  entries(index: number, width: number, signal: AbortSignal): Promise<Uint8Array[]>
}

/** Largest entry that is fetched, in bytes: leaves of this software have some 4,200 at most. */
export const MAX_FOLLOWED_ENTRY_BYTES = 8_192

/** Milliseconds for one file. */
const TIMEOUT_MS = 30_000

/**
 * The files of a log over HTTP.
 * @param prefix URL that the paths of checkpoint and tiles follow, ending in a slash; chosen by the operator, so that
 * it may be an address of this machine or network. Redirects are not followed, since they are not the operator's choice.
 */
export function httpLogSource(prefix: string, options: Pick<FetchOptions, 'ca'> = {}): LogSource {
  const fetchFile = async (path: string, maxBytes: number, signal: AbortSignal) => {
    try {
      const { status, body } = await guardedFetch(`${prefix}${path}`, {
        ...options,
        maxBytes,
        timeoutMs: TIMEOUT_MS,
        maxRedirects: 0,
        allowHttp: true,
        allowPrivate: true,
        signal,
      })
      return { status, body }
    } catch (cause) {
      if (!(cause instanceof NetError)) throw cause
      const invalid = cause.code === 'NET_TOO_LARGE' || cause.code === 'NET_ENCODING_REFUSED'
      throw new LedgerError(
        invalid ? 'LEDGER_SOURCE_INVALID' : 'LEDGER_UNREACHABLE',
        `${path} of the log: ${cause.message}`,
        cause,
      )
    }
  }
  /** The bytes of a tile of this width, or of the full one that has taken its place (C2SP tlog-tiles, Partial tiles). */
  const fetchTile = async (tile: TileId, bytesPerItem: number, signal: AbortSignal) => {
    const own = await fetchFile(tilePath(tile), tile.width * bytesPerItem, signal)
    if (own.status !== 404 || tile.width === TILE_WIDTH) return { width: tile.width, body: bodyOf(tile, own) }
    const full = { ...tile, width: TILE_WIDTH }
    return {
      width: TILE_WIDTH,
      body: bodyOf(full, await fetchFile(tilePath(full), TILE_WIDTH * bytesPerItem, signal)),
    }
  }
  return {
    async checkpoint(signal) {
      const { status, body } = await fetchFile('checkpoint', MAX_NOTE_BYTES, signal)
      if (status !== 200) throw unreachable('checkpoint', status)
      return body
    },
    async hashes(level, index, width, signal) {
      const tile = await fetchTile({ level, index, width }, HASH_BYTES, signal)
      return parsed(() => parseTile(tile.body, tile.width)).slice(0, width)
    },
    async entries(index, width, signal) {
      const bundle = await fetchTile({ level: 'entries', index, width }, 2 + MAX_FOLLOWED_ENTRY_BYTES, signal)
      return parsed(() => parseBundle(bundle.body, bundle.width)).slice(0, width)
    },
  }
}

function bodyOf(tile: TileId, { status, body }: { status: number; body: Uint8Array }): Uint8Array {
  if (status === 200) return body
  throw unreachable(tilePath(tile), status)
}

function parsed<T>(parse: () => T): T {
  try {
    return parse()
  } catch (cause) {
    if (!(cause instanceof MerkleError)) throw cause
    throw new LedgerError('LEDGER_SOURCE_INVALID', cause.message, cause)
  }
}

function unreachable(path: string, status: number): LedgerError {
  return new LedgerError('LEDGER_UNREACHABLE', `${path} of the log: HTTP status ${status}`)
}
