import rateLimit from '@fastify/rate-limit'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import { type FastifyBaseLogger, type FastifyReply, fastify, LogController } from 'fastify'
import type { BlockSource } from '../content/types.ts'
import { formatForkEvidence } from '../ledger/follower/fork-evidence.ts'
import type { Witness, WitnessAnswer } from '../ledger/witness/witness.ts'
import { MAX_REQUEST_BYTES, SIZE_TYPE } from '../merkle/witness-request.ts'
import { answerClientError } from './client-error.ts'
import { Gate } from './gate.ts'
import { gatewayRoutes } from './gateway.ts'
import { DEFAULT_LIMITS } from './parts.ts'
import { problemType } from './problem-types.ts'
import { NAMED_SCHEMAS } from './schemas.ts'
import { WitnessMetrics } from './witness-metrics.ts'

/** What the server of a witness is made of. */
export interface WitnessServerParts {
  witness: Witness
  logger?: FastifyBaseLogger
  /** Of a mirror: what it holds, for anyone. */
  content?: BlockSource
  /** Requests of one client address in a minute; 0 for any number. Default: as for a node. */
  requestsPerMinute?: number
}

const TEXT = 'text/plain; charset=utf-8'
/** Longest time for a request to arrive, in milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000

/**
 * The HTTP server of a witness (C2SP tlog-witness): `POST /add-checkpoint`; for those who monitor it,
 * `GET /<hex of SHA-256(origin)>/checkpoint` and, for a log that has signed two histories, `.../evidence`; and `GET /vkey`,
 * `/health/live`, `/health/ready` and `/metrics`. It has no secrets and takes no token: what it signs depends on the
 * signature of a log that it was told of.
 */
export async function buildWitnessServer(parts: WitnessServerParts) {
  const { witness, logger } = parts
  const app = await bareServer(parts)
  const metrics = new WitnessMetrics(witness)
  app.addHook('onResponse', async (request, reply) =>
    metrics.observe(request, reply.statusCode, reply.elapsedTime),
  )
  app.addHook('onClose', async () => metrics.close())
  app.post('/add-checkpoint', async (request, reply) => {
    const body = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0)
    const answer = await witness.addCheckpoint(body)
    logger?.info(
      { status: answer.status, ...('reason' in answer && { reason: answer.reason }) },
      'add-checkpoint',
    )
    return send(reply, answer)
  })
  monitoringRoutes(app, witness)
  if (parts.content !== undefined) contentRoutes(app, parts.content)
  app.get('/vkey', async (_request, reply) => text(reply, 200, witness.verifier.vkey))
  app.get('/health/live', async (_request, reply) => text(reply, 200, 'live'))
  app.get('/health/ready', async (_request, reply) => {
    const late = witness.logsAheadOfClock()
    if (late.length === 0) return text(reply, 200, 'ready')
    return text(reply, 503, `the clock is behind what this witness has signed for ${late.join(', ')}`)
  })
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()))
  return app
}

type Server = Awaited<ReturnType<typeof bareServer>>

/** A server with its limits, and without routes. */
async function bareServer({
  logger,
  requestsPerMinute = DEFAULT_LIMITS.requestsPerMinute,
}: WitnessServerParts) {
  const app = fastify({
    ...(logger === undefined ? { logger: false } : { loggerInstance: logger }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: MAX_REQUEST_BYTES,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { maxHeaderSize: 16_384, headersTimeout: REQUEST_TIMEOUT_MS },
    clientErrorHandler: answerClientError,
  })
  if (requestsPerMinute > 0) await app.register(rateLimit, { max: requestsPerMinute, timeWindow: 60_000 })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('*', { parseAs: 'buffer' }, (_request, body, done) => done(null, body))
  app.addHook('onRequest', async (_request, reply) => {
    reply.header('x-content-type-options', 'nosniff').header('cache-control', 'no-store')
  })
  app.setErrorHandler((error, request, reply) => {
    const status = statusOf(error)
    if (status >= 500) request.log.error({ err: error }, 'a request failed')
    text(reply, status, status >= 500 ? 'the witness failed' : (error as Error).message)
  })
  app.setNotFoundHandler((_request, reply) =>
    text(reply, 404, 'there is nothing at this path for this method'),
  )
  return app
}

/** What a mirror holds can be had from it, also where the log keeps it back. */
function contentRoutes(app: Server, content: BlockSource): void {
  const limits = DEFAULT_LIMITS
  const downloads = new Gate(limits.downloads, 'downloads')
  for (const schema of NAMED_SCHEMAS) app.addSchema(schema)
  gatewayRoutes(app.withTypeProvider<TypeBoxTypeProvider>(), { content, downloads, limits })
}

function monitoringRoutes(app: Server, witness: Witness): void {
  app.get<{ Params: { origin: string } }>('/:origin/checkpoint', async ({ params }, reply) => {
    const checkpoint = witness.newest(params.origin)
    if (checkpoint === undefined) return text(reply, 404, 'no checkpoint of such a log was cosigned here')
    return reply.type(TEXT).send(checkpoint)
  })
  app.get<{ Params: { origin: string } }>('/:origin/evidence', async ({ params }, reply) => {
    const checkpoints = witness.evidence(params.origin)
    if (checkpoints === undefined) return text(reply, 404, 'there is no evidence against such a log here')
    return reply.type('application/json').send(formatForkEvidence({ checkpoints, hashes: [] }))
  })
}

/** What the routes of content throw has a code with a status of its own. */
function statusOf(error: unknown): number {
  const { statusCode, code } = error as { statusCode?: number; code?: string }
  return statusCode ?? (code === undefined ? undefined : problemType(code)?.status) ?? 500
}

function send(reply: FastifyReply, answer: WitnessAnswer): FastifyReply {
  if (answer.status === 200) return reply.type(TEXT).send(answer.cosignatures)
  if (answer.status === 409) return reply.code(409).type(SIZE_TYPE).send(`${answer.size}\n`)
  return text(reply, answer.status, answer.reason)
}

function text(reply: FastifyReply, status: number, sentence: string): FastifyReply {
  return reply.code(status).type(TEXT).send(`${sentence}\n`)
}
