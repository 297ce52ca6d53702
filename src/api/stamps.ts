import { randomBytes } from 'node:crypto'
import { Type } from 'typebox'
import { CodecError } from '../codec/errors.ts'
import { type JsonObject, parseJsonObject } from '../codec/json.ts'
import { LedgerError } from '../ledger/errors.ts'
import { MAX_STAMP_DIGESTS, type StampingParts, stampDigests } from '../ledger/stamp/make-stamp.ts'
import { stampProofObject } from '../ledger/stamp/stamp-proof.ts'
import type { ApiServer } from './api-server.ts'
import { ApiError } from './errors.ts'
import type { TokenGuard } from './guard.ts'
import { json, problems } from './schemas.ts'

/** Largest body: that many digests in hexadecimal, each in quotation marks and on a line of its own. */
const BODY_BYTES = 80 * MAX_STAMP_DIGESTS
const DIGEST = /^[0-9a-f]{64}$/

/** Stamping digests on the log (docs/spec/stamp.md). */
export function stampRoutes(
  app: ApiServer,
  { stamp, token }: { stamp: StampingParts['stamp'] | undefined; token: TokenGuard },
): void {
  app.post(
    '/log/stamps',
    {
      bodyLimit: BODY_BYTES,
      schema: {
        operationId: 'stampDigests',
        summary: 'Stamp digests on the log',
        description:
          'Answers once the stamp is durable and its checkpoint is published, with a proof for each digest that it was ' +
          'there before. The same digests again make another stamp. "rootline log verify-stamp" checks a proof with no ' +
          'network; docs/spec/stamp.md has the format.',
        tags: ['log'],
        security: [{ token: [] }],
        body: Type.Ref('StampRequest'),
        response: {
          200: json('The proofs, in the order of the digests.', 'StampProofs'),
          ...problems(401, 403, 413, 415, 507),
        },
      },
      onRequest: async request => token.require(request),
      // The body is bytes, which are read strictly.
      validatorCompiler: () => () => true,
    },
    async (request, reply) => {
      const digests = digestsIn(request.body)
      if (stamp === undefined) {
        throw new LedgerError(
          'LEDGER_READ_ONLY',
          'this node follows the log of another: stamps are made by the node of that log',
        )
      }
      const proofs = await stampDigests(digests, { stamp, randomBytes })
      return reply
        .header('cache-control', 'no-store')
        .header('content-type', 'application/json; charset=utf-8')
        .send(JSON.stringify({ proofs: proofs.map(stampProofObject) }))
    },
  )
}

/** @throws ApiError MEDIA_TYPE_UNSUPPORTED, STAMP_REQUEST_INVALID */
function digestsIn(body: unknown): Buffer[] {
  if (!(body instanceof Uint8Array)) {
    throw new ApiError('MEDIA_TYPE_UNSUPPORTED', 'send the digests as a body of type application/json')
  }
  const { digests, ...others } = readObject(body)
  if (!Array.isArray(digests) || Object.keys(others).length > 0) {
    throw invalid('the body has one member, "digests", a list')
  }
  if (digests.length === 0 || digests.length > MAX_STAMP_DIGESTS) {
    throw invalid(`a stamp is of 1 to ${MAX_STAMP_DIGESTS} digests`)
  }
  return digests.map(digest => {
    if (typeof digest === 'string' && DIGEST.test(digest)) return Buffer.from(digest, 'hex')
    throw invalid('a digest is SHA-256 in lower-case hexadecimal')
  })
}

function readObject(body: Uint8Array): JsonObject {
  try {
    return parseJsonObject(body, { maxBytes: BODY_BYTES, maxDepth: 2 })
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid(`the body is no JSON object: ${cause.message}`, cause)
    throw cause
  }
}

function invalid(why: string, cause?: unknown): ApiError {
  return new ApiError('STAMP_REQUEST_INVALID', why, { cause })
}
