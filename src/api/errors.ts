import type { ResolutionErrorName } from '../../did-methods/index.ts'

/** What the HTTP interface itself refuses or fails at; `docs/errors.md` lists each with its HTTP status. */
export type ApiErrorCode =
  /** The request is not HTTP as this server reads it. */
  | 'REQUEST_INVALID'
  | 'REQUEST_TIMEOUT'
  | 'URL_TOO_LONG'
  | 'HEADERS_TOO_LARGE'
  | 'BODY_TOO_LARGE'
  /** The body is not said to be JSON. */
  | 'MEDIA_TYPE_UNSUPPORTED'
  /** No representation that the client accepts. */
  | 'NOT_ACCEPTABLE'
  | 'HOST_NOT_ALLOWED'
  | 'ORIGIN_NOT_ALLOWED'
  | 'TOKEN_REQUIRED'
  | 'TOKEN_INVALID'
  /** The token is that of a writer whom the operator of the log has revoked. */
  | 'WRITER_REVOKED'
  | 'ROUTE_UNKNOWN'
  | 'PARAMETER_INVALID'
  /** An option of DID Resolution that is not known here. */
  | 'DID_OPTION_UNSUPPORTED'
  /** The endpoint of a service is nothing that a client is sent to. */
  | 'ENDPOINT_NOT_REDIRECTED'
  | 'CURSOR_INVALID'
  | 'PROBLEM_UNKNOWN'
  | 'TILE_PATH_INVALID'
  /** The published tree has no such tile. */
  | 'TILE_UNKNOWN'
  /** The body is no list of digests to stamp. */
  | 'STAMP_REQUEST_INVALID'
  /** A parameter of the trustless gateway that is not served here. */
  | 'GATEWAY_OPTION_UNSUPPORTED'
  | 'GATEWAY_FORMAT_MISSING'
  /** The client has made more requests than its limit. */
  | 'RATE_LIMITED'
  /** Too many requests of a costly kind are under way. */
  | 'BUSY'
  /** A health check found a reason not to send traffic here. */
  | 'NOT_READY'
  | 'INTERNAL_ERROR'

/** A request that the HTTP interface refuses. */
export class ApiError extends Error {
  override readonly name = 'ApiError'
  readonly code: ApiErrorCode
  /** Members of the problem document beside those of RFC 9457. */
  readonly extra: Record<string, unknown>

  constructor(
    code: ApiErrorCode,
    message: string,
    details: { cause?: unknown; extra?: Record<string, unknown> } = {},
  ) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.extra = details.extra ?? {}
  }
}

/** A resolution of DID Resolution v1 that failed: `error` is its own name for that, `code` this project's. */
export class ResolutionError extends Error {
  override readonly name = 'ResolutionError'
  readonly code: string
  readonly error: ResolutionErrorName

  constructor(error: ResolutionErrorName, code: string, message: string) {
    super(message)
    this.error = error
    this.code = code
  }
}
