/** What can be wrong with foreign bytes or text. */
export type CodecErrorCode =
  | 'BASE64URL_INVALID'
  | 'JSON_INVALID'
  | 'JSON_DUPLICATE_MEMBER'
  | 'JSON_TOO_DEEP'
  | 'JSON_TOO_LARGE'
  | 'JSON_LONE_SURROGATE'
  | 'UTF8_INVALID'
  | 'JCS_UNSUPPORTED_VALUE'
  | 'MULTIHASH_INVALID'
  | 'MULTIHASH_UNSUPPORTED'
  | 'CID_INVALID'
  | 'CID_UNSUPPORTED'
  | 'CID_MISMATCH'
  | 'UNIXFS_INVALID'
  | 'UNIXFS_TOO_LARGE'
  | 'GZIP_INVALID'
  | 'GZIP_TOO_LARGE'
  | 'GZIP_TRAILING_DATA'
  | 'MULTIBASE_INVALID'

/** Foreign bytes that are not what they should be. `offset` is a byte or character offset where one is known. */
export class CodecError extends Error {
  override readonly name = 'CodecError'
  readonly code: CodecErrorCode
  readonly offset: number | undefined

  constructor(code: CodecErrorCode, message: string, details: { offset?: number; cause?: unknown } = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.offset = details.offset
  }
}
