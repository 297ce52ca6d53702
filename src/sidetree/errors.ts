/** What an operation, a patch, a delta or a DID can be refused for, or why resolution leaves an operation out. */
export type OperationErrorCode =
  // Requests and anchored operations
  | 'REQUEST_JSON_INVALID'
  | 'REQUEST_TOO_LARGE'
  | 'REQUEST_MEMBERS_INVALID'
  | 'OPERATION_TYPE_UNKNOWN'
  | 'DID_SUFFIX_INVALID'
  | 'DID_SUFFIX_MISMATCH'
  | 'REVEAL_VALUE_INVALID'
  // Suffix data
  | 'SUFFIX_DATA_INVALID'
  | 'SUFFIX_DATA_MEMBERS_INVALID'
  | 'SUFFIX_DATA_TYPE_INVALID'
  | 'DELTA_HASH_INVALID'
  | 'RECOVERY_COMMITMENT_INVALID'
  // Delta and patches
  | 'DELTA_UNAVAILABLE'
  | 'DELTA_INVALID'
  | 'DELTA_MEMBERS_INVALID'
  | 'DELTA_TOO_LARGE'
  | 'DELTA_HASH_MISMATCH'
  | 'UPDATE_COMMITMENT_INVALID'
  | 'PATCHES_INVALID'
  | 'PATCH_ACTION_UNKNOWN'
  | 'PATCH_MEMBERS_INVALID'
  | 'PATCH_DOCUMENT_INVALID'
  | 'PATCH_IDS_INVALID'
  | 'PATCH_URIS_INVALID'
  | 'PATCH_JSON_INVALID'
  | 'PATCH_FAILED'
  | 'ENTRY_ID_INVALID'
  | 'ENTRY_ID_DUPLICATE'
  | 'PUBLIC_KEYS_INVALID'
  | 'PUBLIC_KEY_MEMBERS_INVALID'
  | 'PUBLIC_KEY_TYPE_INVALID'
  | 'PUBLIC_KEY_CONTROLLER_INVALID'
  | 'PUBLIC_KEY_JWK_INVALID'
  | 'PUBLIC_KEY_PRIVATE'
  | 'PUBLIC_KEY_MULTIBASE_INVALID'
  | 'PUBLIC_KEY_PURPOSES_INVALID'
  | 'SERVICES_INVALID'
  | 'SERVICE_MEMBERS_INVALID'
  | 'SERVICE_TYPE_INVALID'
  | 'SERVICE_ENDPOINT_INVALID'
  // Signed data
  | 'SIGNED_DATA_INVALID'
  | 'SIGNED_DATA_HEADER_INVALID'
  | 'SIGNED_DATA_ALGORITHM_INVALID'
  | 'SIGNED_DATA_MEMBERS_INVALID'
  | 'SIGNED_DATA_SUFFIX_MISMATCH'
  | 'OPERATION_KEY_INVALID'
  | 'OPERATION_KEY_NONCE_INVALID'
  | 'REVEAL_VALUE_MISMATCH'
  | 'SIGNATURE_INVALID'
  | 'ANCHOR_TIME_INVALID'
  // Resolution: why an operation is left out
  | 'DID_NOT_CREATED'
  | 'CREATE_SUPERSEDED'
  | 'COMMITMENT_UNKNOWN'
  | 'COMMITMENT_SPENT'
  | 'COMMITMENT_REUSED'
  | 'COMMITMENT_REPLACED'
  | 'COMMITMENTS_EQUAL'
  | 'ANCHORED_TOO_EARLY'
  | 'ANCHORED_TOO_LATE'
  | 'BEFORE_GENESIS'
  | 'DID_DEACTIVATED'
  // DIDs
  | 'DID_INVALID'
  | 'DID_METHOD_UNKNOWN'
  | 'DID_NETWORK_UNKNOWN'
  | 'LONG_FORM_INVALID'
  | 'LONG_FORM_NOT_CANONICAL'
  | 'LONG_FORM_MEMBERS_INVALID'

/** What a batch file, an anchor string, a fee or a lock can be refused for. */
export type BatchErrorCode =
  // Anchor strings
  | 'ANCHOR_STRING_MALFORMED'
  | 'ANCHOR_STRING_COUNT_INVALID'
  | 'ANCHOR_STRING_COUNT_TOO_LARGE'
  | 'ANCHOR_STRING_URI_INVALID'
  // Any file of a batch
  | 'FILE_UNUSABLE'
  | 'FILE_TOO_LARGE'
  | 'FILE_NOT_GZIP'
  | 'FILE_EXPANDS_TOO_FAR'
  | 'FILE_NOT_JSON'
  | 'FILE_MEMBER_REPEATED'
  | 'FILE_TOO_DEEP'
  | 'FILE_NOT_OBJECT'
  | 'FILE_MEMBER_UNKNOWN'
  | 'FILE_OPERATIONS_INVALID'
  | 'FILE_LIST_INVALID'
  | 'FILE_ENTRY_INVALID'
  | 'FILE_URI_INVALID'
  | 'FILE_DID_REPEATED'
  | 'FILE_WITHOUT_PROOFS'
  // One kind of file
  | 'WRITER_LOCK_ID_INVALID'
  | 'WRITER_LOCK_ID_TOO_LONG'
  | 'CORE_PROOF_URI_MISSING'
  | 'CORE_PROOF_URI_NOT_ALLOWED'
  | 'PROVISIONAL_INDEX_URI_MISSING'
  | 'PROVISIONAL_INDEX_URI_NOT_ALLOWED'
  | 'PROVISIONAL_PROOF_URI_MISSING'
  | 'PROVISIONAL_PROOF_URI_NOT_ALLOWED'
  | 'CHUNKS_INVALID'
  // The files of a batch together
  | 'BATCH_COUNT_EXCEEDED'
  | 'BATCH_COUNT_MISMATCH'
  | 'BATCH_DID_REPEATED'
  // Writing a batch
  | 'OPERATION_TOO_LARGE'
  // Fees and value time locks
  | 'FEE_BELOW_NORMALIZED'
  | 'FEE_PER_OPERATION_TOO_LOW'
  | 'LOCK_OWNER_MISMATCH'
  | 'LOCK_NOT_IN_FORCE'
  | 'LOCK_TOO_SMALL'

/** Why an operation, a file, an anchor string or a DID is refused. */
export type SidetreeErrorCode = OperationErrorCode | BatchErrorCode

/** Foreign data that breaks a rule of the protocol. */
export class SidetreeError extends Error {
  override readonly name = 'SidetreeError'
  readonly code: SidetreeErrorCode

  constructor(code: SidetreeErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
  }
}
