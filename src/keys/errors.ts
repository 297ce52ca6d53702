/** What can be wrong with a key, a JWS or the keystore file. */
export type KeyErrorCode =
  /** Not a JWK of its kind: a member is missing, of the wrong type or length, or not a point of the curve. */
  | 'KEY_INVALID'
  /** A JWK of a key type or curve that this project does not sign with. */
  | 'KEY_UNSUPPORTED'
  /** A private key where a public one belongs. */
  | 'KEY_PRIVATE'
  /** The keystore holds no key of that thumbprint. */
  | 'KEY_NOT_FOUND'
  /** The keystore holds that key already. */
  | 'KEY_EXISTS'
  | 'JWS_INVALID'
  | 'JWS_TOO_LARGE'
  | 'KEYSTORE_NOT_FOUND'
  | 'KEYSTORE_EXISTS'
  /** Others than the owner can read or write the file. */
  | 'KEYSTORE_PERMISSIONS'
  | 'KEYSTORE_PASSPHRASE'
  /** The bytes are not those that were written. */
  | 'KEYSTORE_DAMAGED'
  /** Whole, but encrypted in a way that is not accepted, such as with too many iterations. */
  | 'KEYSTORE_UNSUPPORTED'
  | 'KEYSTORE_TOO_LARGE'
  /** Another process is writing, or one died while it wrote. */
  | 'KEYSTORE_LOCKED'
  /** The operating system could not read or write it; `cause` says why. */
  | 'KEYSTORE_UNAVAILABLE'

/** Where an error stands: a member of the JWK, or a file. */
export interface KeyErrorDetails {
  member?: string
  path?: string
  cause?: unknown
}

/** A key, a JWS or a keystore that cannot be used. `member` names the JWK member, `path` the file. */
export class KeyError extends Error {
  override readonly name = 'KeyError'
  readonly code: KeyErrorCode
  readonly member: string | undefined
  readonly path: string | undefined

  constructor(code: KeyErrorCode, message: string, details: KeyErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause })
    this.code = code
    this.member = details.member
    this.path = details.path
  }
}
