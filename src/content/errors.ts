/** Why content cannot be had or stored: each calls for another answer (retry, ask elsewhere, alarm, give up). */
export type ContentErrorCode =
  /** The store was asked and has it not, or not whole. */
  | 'CONTENT_NOT_FOUND'
  /** The store could not be asked, or did not answer. */
  | 'CONTENT_NOT_REACHABLE'
  /** It is larger than the caller takes. */
  | 'CONTENT_TOO_LARGE'
  /** What the store has under this CID is something else: it is damaged, or it lies. */
  | 'CONTENT_MISMATCH'
  /** The blocks are the right ones and do not make a file (a directory, a malformed node): no store can help. */
  | 'CONTENT_NOT_A_FILE'
  /** Not a CID, or one of a hash or codec that is not in use here. */
  | 'CONTENT_CID_INVALID'
  /** The store has no space for more. */
  | 'CONTENT_FULL'
  | 'CONTENT_CLOSED'

/** Content that cannot be had or stored. `cid` is the file or the block that it is about. */
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
