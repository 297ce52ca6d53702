/** Four different failures of a read, and two of use: they call for different answers (retry, alarm, give up). */
export type ContentErrorCode =
  | 'CONTENT_NOT_FOUND'
  | 'CONTENT_NOT_REACHABLE'
  | 'CONTENT_TOO_LARGE'
  | 'CONTENT_MISMATCH'
  | 'CONTENT_CID_INVALID'
  | 'CONTENT_CLOSED'

/** Content that cannot be had or stored. */
export class ContentError extends Error {
  override readonly name = 'ContentError'
  readonly code: ContentErrorCode
  readonly cid: string | undefined

  constructor(code: ContentErrorCode, message: string, details: { cid?: string; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.cid = details.cid
  }
}
