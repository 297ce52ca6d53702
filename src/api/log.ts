import { Type } from 'typebox'
import { MerkleError } from '../merkle/errors.ts'
import { parseTilePath, type TileId } from '../merkle/tile-path.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import type { LogReader } from './parts.ts'
import { etagOf, IMMUTABLE, sendAnswer } from './respond.ts'
import { BINARY, documented, problems } from './schemas.ts'

/** Path prefix of the log's own files (C2SP tlog-tiles, Parameters). */
const PREFIX = '/log/'

/** The embedded log, for anyone who wants to check it (C2SP tlog-tiles). */
export function logRoutes(app: ApiServer, log: LogReader): void {
  app.get(
    `${PREFIX}checkpoint`,
    {
      schema: {
        operationId: 'logCheckpoint',
        summary: 'The newest checkpoint of the log',
        tags: ['log'],
        response: {
          200: documented('A signed note (C2SP tlog-checkpoint).', Type.String(), 'text/plain'),
          ...problems(),
        },
      },
    },
    async (request, reply) => {
      const body = Buffer.from(log.checkpoint())
      if (body.length === 0) throw new ApiError('TILE_UNKNOWN', 'no checkpoint of the log has come here yet')
      return sendAnswer(request, reply, {
        body,
        contentType: 'text/plain; charset=utf-8',
        etag: etagOf(body),
        cacheControl: 'public, max-age=2, must-revalidate',
      })
    },
  )

  app.get(
    `${PREFIX}tile/*`,
    {
      schema: {
        operationId: 'logTile',
        summary: 'A tile of hashes, or a bundle of entries',
        description: 'tile/LEVEL/INDEX[.p/WIDTH] or tile/entries/INDEX[.p/WIDTH] (C2SP tlog-tiles).',
        tags: ['log'],
        params: Type.Object({ '*': Type.String({ description: 'What follows tile/.' }) }),
        response: {
          200: documented('Hashes, or entries.', BINARY, 'application/octet-stream'),
          ...problems(404),
        },
      },
    },
    async (request, reply) => {
      const body = await readTile(log, tileIn(request.raw.url ?? ''))
      if (body === undefined)
        throw new ApiError('TILE_UNKNOWN', 'the published log does not reach this tile yet')
      return sendAnswer(request, reply, {
        body,
        contentType: 'application/octet-stream',
        etag: etagOf(body),
        cacheControl: IMMUTABLE,
      })
    },
  )
}

/** The tile that a URL names: as it was sent, so that no tile has a second, percent-encoded spelling. */
function tileIn(url: string): TileId {
  try {
    return parseTilePath((url.split('?', 1)[0] ?? '').slice(PREFIX.length))
  } catch (cause) {
    if (cause instanceof MerkleError) throw new ApiError('TILE_PATH_INVALID', cause.message, { cause })
    throw cause
  }
}

async function readTile(log: LogReader, { level, index, width }: TileId): Promise<Uint8Array | undefined> {
  return level === 'entries' ? log.entries(index, width) : log.tile(level, index, width)
}
