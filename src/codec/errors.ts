/** What can be wrong with foreign bytes or text. */
export type CodecErrorCode =
  /** Not base64url, or not the one spelling of its bytes. */
  | 'BASE64URL_INVALID'
  /** Neither base58btc (z) nor base64url (u), or not the one spelling of its bytes. */
  | 'MULTIBASE_INVALID'
  | 'UTF8_INVALID'
  /** Not JSON, or not of the type that was asked for. */
  | 'JSON_INVALID'
  | 'JSON_DUPLICATE_MEMBER'
  | 'JSON_TOO_DEEP'
  | 'JSON_TOO_LARGE'
  | 'JSON_TOO_MANY_VALUES'
  | 'JSON_LONE_SURROGATE'
  /** A number that a double cannot hold. */
  | 'JSON_NUMBER_RANGE'
  /** A value without a canonical form. */
  | 'JCS_UNSUPPORTED_VALUE'
  | 'VARINT_INVALID'
  | 'MULTIHASH_INVALID'
  /** A multihash of another hash than SHA-256. */
  | 'MULTIHASH_UNSUPPORTED'
  /** Not a CID, or not its canonical text. */
  | 'CID_INVALID'
  /** A CID of another hash than SHA-256, or of another codec than dag-pb and raw. */
  | 'CID_UNSUPPORTED'
  /** A block that does not hash to its CID. */
  | 'CID_MISMATCH'
  /** Blocks that hash to their CIDs and yet are not a file. */
  | 'UNIXFS_INVALID'
  /** A file above the caller's bound, or one in more or larger blocks than a file of that size needs. */
  | 'UNIXFS_TOO_LARGE'
  /** Not a CAR of the one form that is read here. */
  | 'CAR_INVALID'
  /** Not gzip, cut short, or damaged. */
  | 'GZIP_INVALID'
  /** Expands beyond the caller's bound. */
  | 'GZIP_TOO_LARGE'
  /** Something follows the one gzip member. */
  | 'GZIP_TRAILING_DATA'

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
