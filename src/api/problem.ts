import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { ContentError } from '../content/errors.ts'
import { LedgerError } from '../ledger/errors.ts'
import { NodeError } from '../node/errors.ts'
import { SidetreeError } from '../sidetree/errors.ts'
import { StoreError } from '../store/errors.ts'
import { ApiError, type ApiErrorCode } from './errors.ts'
import { problemType } from './problem-types.ts'

export const PROBLEM_MEDIA_TYPE = 'application/problem+json'

/** Path that describes a type of problem; with the code after it, the problem's `type`. */
export const PROBLEMS_PATH = '/problems/'

/** A problem document (RFC 9457) with this project's `code`. */
export interface Problem {
  type: string
  title: string
  status: number
  detail: string
  code: string
  [extension: string]: unknown
}

/** What an error is answered with. */
export interface ProblemAnswer {
  problem: Problem
  retryAfter: number | undefined
}

/** What Fastify itself refuses, by its code (https://fastify.dev/docs/latest/Reference/Errors/). */
const FASTIFY_CODES: Readonly<Record<string, ApiErrorCode>> = {
  FST_ERR_VALIDATION: 'PARAMETER_INVALID',
  FST_ERR_CTP_INVALID_MEDIA_TYPE: 'MEDIA_TYPE_UNSUPPORTED',
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: 'REQUEST_INVALID',
  FST_ERR_CTP_BODY_TOO_LARGE: 'BODY_TOO_LARGE',
  FST_ERR_BAD_URL: 'REQUEST_INVALID',
  FST_ERR_NOT_FOUND: 'ROUTE_UNKNOWN',
  FST_ERR_MAX_PARAM_LENGTH: 'URL_TOO_LONG',
}

/** Words an error of this project or of Fastify as a problem. What is not known is an INTERNAL_ERROR. */
export function answerTo(error: unknown): ProblemAnswer {
  const code = codeOf(error)
  const type = problemType(code) ?? INTERNAL
  const sentence = type.internal === true || !(error instanceof Error) ? type.title : error.message
  return {
    problem: {
      type: `${PROBLEMS_PATH}${code}`,
      title: type.title,
      status: type.status,
      detail: sentence,
      code,
      ...(error instanceof NodeError && error.reason !== undefined ? { reason: error.reason } : {}),
      ...(error instanceof ApiError ? error.extra : {}),
      ...(error instanceof LedgerError ? refusalOf(error) : {}),
    },
    retryAfter: type.retryAfter,
  }
}

/** Why a batch is not admitted, and which operations of it do not apply. */
function refusalOf({ reason, refusals }: LedgerError): Record<string, unknown> {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(refusals.length === 0 ? {} : { refusals }),
  }
}

const INTERNAL = { status: 500, title: 'The server failed.', internal: true, retryAfter: undefined } as const

function codeOf(error: unknown): string {
  const known =
    error instanceof ApiError ||
    error instanceof NodeError ||
    error instanceof SidetreeError ||
    error instanceof ContentError ||
    error instanceof StoreError ||
    error instanceof LedgerError
  if (known) return problemType(error.code) === undefined ? 'INTERNAL_ERROR' : error.code
  const { code, statusCode } = (
    typeof error === 'object' && error !== null ? error : {}
  ) as Partial<FastifyError>
  const named = code === undefined ? undefined : FASTIFY_CODES[code]
  if (named !== undefined) return named
  return statusCode !== undefined && statusCode >= 400 && statusCode < 500
    ? 'REQUEST_INVALID'
    : 'INTERNAL_ERROR'
}

/** Answers with the problem that an error is; failures of the server go to the log, and nothing of them out. */
export function sendProblem(error: unknown, request: FastifyRequest, reply: FastifyReply): void {
  const { problem, retryAfter } = answerTo(error)
  logFailure(problem.status, error, request)
  if (problem.status === 401) reply.header('www-authenticate', 'Bearer realm="rootline"')
  if (retryAfter !== undefined) reply.header('retry-after', String(retryAfter))
  reply
    .code(problem.status)
    .header('content-type', PROBLEM_MEDIA_TYPE)
    .header('cache-control', 'no-store')
    .send(Buffer.from(JSON.stringify(problem)))
}

/** Writes a failure of the server to the log, with the request that it happened to. */
export function logFailure(status: number, error: unknown, request: FastifyRequest): void {
  const isHungUp = error instanceof Error && error.name === 'AbortError' && request.raw.socket.destroyed
  if (status < 500 || isHungUp) return
  const entry = { err: error, request: request.id, method: request.method, route: request.routeOptions.url }
  if (error instanceof ApiError && error.code !== 'INTERNAL_ERROR') request.log.warn(entry, error.message)
  else request.log.error(entry, 'a request failed')
}
