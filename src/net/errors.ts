/** Why a fetch was refused or failed. */
export type NetErrorCode =
  /** The URL does not parse, or has no host. */
  | 'NET_URL_INVALID'
  /** A scheme other than https (or http, where that is allowed). */
  | 'NET_SCHEME_REFUSED'
  /** A user name or password in the URL. */
  | 'NET_CREDENTIALS_REFUSED'
  /** A port outside the caller's list. */
  | 'NET_PORT_REFUSED'
  /** The host has no address but private, loopback, link-local or reserved ones. */
  | 'NET_ADDRESS_REFUSED'
  /** The host name does not exist. */
  | 'NET_NAME_NOT_FOUND'
  /** No connection, or one that broke before the response was complete. */
  | 'NET_UNREACHABLE'
  /** The TLS handshake failed or the certificate does not verify. */
  | 'NET_TLS_FAILED'
  /** The time for the whole exchange is over. */
  | 'NET_TIMEOUT'
  /** The caller cancelled. */
  | 'NET_ABORTED'
  /** The body is larger than the bound, as sent or once decompressed. */
  | 'NET_TOO_LARGE'
  /** A content coding other than identity and gzip. */
  | 'NET_ENCODING_REFUSED'
  /** What the server sent is not HTTP, or not the gzip that it says it is. */
  | 'NET_RESPONSE_INVALID'
  /** A redirect that may not be followed: from https to http, without a target, or of a request with a body. */
  | 'NET_REDIRECT_REFUSED'
  | 'NET_TOO_MANY_REDIRECTS'

/** Failures that say nothing about what was asked for: the same request can succeed later. */
const TRANSIENT: ReadonlySet<NetErrorCode> = new Set<NetErrorCode>([
  'NET_NAME_NOT_FOUND',
  'NET_UNREACHABLE',
  'NET_TLS_FAILED',
  'NET_TIMEOUT',
  'NET_RESPONSE_INVALID',
])

/** A fetch that was refused or failed. `url` is the hop at which it ended, without credentials. */
export class NetError extends Error {
  override readonly name = 'NetError'
  readonly code: NetErrorCode
  readonly url: string
  /** True if the same request may succeed later. */
  readonly transient: boolean

  constructor(code: NetErrorCode, url: string, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    this.url = url
    this.transient = TRANSIENT.has(code)
  }
}
