import rateLimit from '@fastify/rate-limit'
import { type FastifyError, type FastifyReply, type FastifyRequest, fastify, LogController } from 'fastify'
import { NEEDS_SCHEMA, TRUST_REPORT_SCHEMA } from '../trust/schema.ts'
import type { ApiServer } from './api-server.ts'
import { answerClientError } from './client-error.ts'
import { describeRoutes, descriptionRoutes } from './description.ts'
import { didRoutes } from './dids.ts'
import { ApiError } from './errors.ts'
import { Gate } from './gate.ts'
import { gatewayRoutes } from './gateway.ts'
import { BrowserGuard, TokenGuard } from './guard.ts'
import { healthRoutes } from './health.ts'
import { identifierRoutes } from './identifier-routes.ts'
import { logRoutes } from './log.ts'
import { Metrics, metricsRoutes } from './metrics.ts'
import { operationRoutes } from './operations.ts'
import { type ApiLimits, type ApiParts, DEFAULT_LIMITS } from './parts.ts'
import { sendProblem } from './problem.ts'
import { NAMED_SCHEMAS } from './schemas.ts'
import { stampRoutes } from './stamps.ts'
import { submissionRoutes } from './submissions.ts'
import { transactionRoutes } from './transactions.ts'

/** Header block of a request, in bytes. */
const MAX_HEADER_BYTES = 16_384

/** For every answer: it is data and no page, and only what it says it is. The page at /docs has its own policy. */
const SECURITY_HEADERS = {
  'x-content-type-options': 'nosniff',
  'content-security-policy': "default-src 'none'; frame-ancestors 'none'",
  'referrer-policy': 'no-referrer',
  'cross-origin-resource-policy': 'same-origin',
}

/**
 * Makes the HTTP server of a node. The caller lets it listen, and closes it before the node.
 * @throws TypeError the token is empty, or there is no host
 */
export async function buildServer(parts: ApiParts): Promise<ApiServer> {
  if (parts.hosts.length === 0) throw new TypeError('no host is allowed, so that nothing could be answered')
  const limits = { ...DEFAULT_LIMITS, ...parts.limits }
  const now = parts.now ?? Date.now
  const app = createServer(parts, limits)
  const metrics = new Metrics(parts, now)
  guard(app, new BrowserGuard(parts.hosts), limits, metrics)
  await limitRate(app, limits)
  for (const schema of [NEEDS_SCHEMA, TRUST_REPORT_SCHEMA, ...NAMED_SCHEMAS]) app.addSchema(schema)
  await describeRoutes(app, parts.version)
  addRoutes(app, parts, limits, metrics, now)
  await app.ready()
  return app
}

function createServer({ logger, trustedProxies = [] }: ApiParts, limits: ApiLimits): ApiServer {
  const app = fastify({
    // One logger for all requests: a child for each would cost more than most answers.
    ...(logger === undefined
      ? { logger: false }
      : { loggerInstance: logger, childLoggerFactory: parent => parent }),
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: limits.bodyBytes,
    requestTimeout: limits.requestTimeoutMs,
    trustProxy: trustedProxies.length === 0 ? false : [...trustedProxies],
    http: { maxHeaderSize: MAX_HEADER_BYTES, headersTimeout: limits.requestTimeoutMs },
    routerOptions: { maxParamLength: MAX_HEADER_BYTES },
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true } },
    clientErrorHandler: answerClientError,
    // These come before any hook.
    frameworkErrors: (error: FastifyError, request: FastifyRequest, reply: FastifyReply) =>
      sendProblem(error, request, reply.headers(SECURITY_HEADERS)),
  })
  app.setSerializerCompiler(() => data => JSON.stringify(data))
  app.setErrorHandler((error, request, reply) => sendProblem(error, request, reply))
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  return app as unknown as ApiServer
}

/** What comes before every route, in one hook, since it is on the path of every resolution. */
function guard(app: ApiServer, browsers: BrowserGuard, limits: ApiLimits, metrics: Metrics): void {
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(SECURITY_HEADERS)
    try {
      browsers.check(request)
    } catch (error) {
      done(error as ApiError)
      return
    }
    const isLong = (request.raw.url ?? '').length > limits.urlLength
    done(
      isLong ? new ApiError('URL_TOO_LONG', `a URL has at most ${limits.urlLength} characters`) : undefined,
    )
  })
  app.addHook('onResponse', (request, reply, done) => {
    metrics.observe(request, reply.statusCode, reply.elapsedTime)
    done()
  })
  app.addHook('onClose', async () => metrics.close())
}

async function limitRate(app: ApiServer, { requestsPerMinute }: ApiLimits): Promise<void> {
  const refuse = (_request: FastifyRequest, { after }: { after: string }) =>
    new ApiError('RATE_LIMITED', `more than ${requestsPerMinute} requests in a minute; try again in ${after}`)
  const unknown = (request: FastifyRequest, reply: FastifyReply): void =>
    sendProblem(
      new ApiError('ROUTE_UNKNOWN', 'there is nothing at this path for this method'),
      request,
      reply,
    )
  if (requestsPerMinute === 0) {
    app.setNotFoundHandler(unknown)
    return
  }
  const none = { 'x-ratelimit-limit': false, 'x-ratelimit-remaining': false, 'x-ratelimit-reset': false }
  await app.register(rateLimit, {
    max: requestsPerMinute,
    timeWindow: 60_000,
    errorResponseBuilder: refuse,
    addHeadersOnExceeding: none,
    addHeaders: { ...none, 'retry-after': true },
  })
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, unknown)
}

function addRoutes(
  app: ApiServer,
  parts: ApiParts,
  limits: ApiLimits,
  metrics: Metrics,
  now: () => number,
): void {
  const { node, content, log, methods, stamp } = parts
  const token = new TokenGuard(parts.token)
  const reports = new Gate(limits.reports, 'reports and old versions')
  const foreign = new Gate(limits.foreignResolutions, 'resolutions of other methods')
  const downloads = new Gate(limits.downloads, 'downloads')
  identifierRoutes(app, { node, methods, token, reports, foreign })
  didRoutes(app, { node, reports })
  operationRoutes(app, { node, token, bodyBytes: limits.bodyBytes })
  if (log !== undefined) {
    logRoutes(app, log)
    stampRoutes(app, { stamp, token })
    submissionRoutes(app, { submissions: parts.submissions, limits, now })
  }
  gatewayRoutes(app, { content, downloads, limits })
  transactionRoutes(app, { node, token })
  healthRoutes(app, { node, limits, now, mirror: parts.contentState?.mirror })
  metricsRoutes(app, metrics)
  descriptionRoutes(app)
}
