/** What can be wrong with a log's notes, keys, tiles and proofs. */
export type MerkleErrorCode =
  | 'NOTE_INVALID'
  | 'NOTE_TOO_LARGE'
  | 'NOTE_TOO_MANY_SIGNATURES'
  /** A key that the caller knows is named, and its signature is wrong. */
  | 'NOTE_SIGNATURE_INVALID'
  /** No key that the caller asked for has signed. */
  | 'NOTE_UNVERIFIED'
  | 'VKEY_INVALID'
  /** A signature type that this software does not know. */
  | 'VKEY_UNSUPPORTED'
  /** Two different keys share a name and a key ID. */
  | 'VKEY_AMBIGUOUS'
  | 'SIGNING_KEY_INVALID'
  | 'CHECKPOINT_INVALID'
  | 'CHECKPOINT_ORIGIN_MISMATCH'
  | 'TILE_INVALID'
  | 'TILE_PATH_INVALID'
  | 'BUNDLE_INVALID'
  | 'ENTRY_TOO_LARGE'
  /** An index or a size that the tree does not have. */
  | 'RANGE_INVALID'
  | 'POLICY_INVALID'
  | 'WITNESS_REQUEST_INVALID'
  | 'TLOG_PROOF_INVALID'
  | 'MAP_PAGE_INVALID'
  /** A page that another names is not in the database. */
  | 'MAP_PAGE_MISSING'
  | 'MAP_PROOF_INVALID'

/** A note, key, tile or proof that is not what it should be. */
export class MerkleError extends Error {
  override readonly name = 'MerkleError'
  readonly code: MerkleErrorCode

  constructor(code: MerkleErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
