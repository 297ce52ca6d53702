/** Errors of DID Resolution v1 (section Errors), as did-resolver spells them in `didResolutionMetadata.error`. */
export type ResolutionErrorName =
  | 'invalidDid'
  | 'invalidDidUrl'
  | 'invalidDidDocument'
  | 'invalidOptions'
  | 'notFound'
  | 'representationNotSupported'
  | 'methodNotSupported'
  | 'featureNotSupported'
  | 'internalError'

/**
 * What a driver can find wrong, by its stable code, with the error of DID Resolution v1 that it is reported as.
 * `transient` marks what says nothing about the DID: the same resolution can succeed later.
 */
export const DID_ERRORS = {
  /** Not a DID by the grammar of DID Core, or longer than the bound. */
  DID_INVALID: { error: 'invalidDid' },
  DID_METHOD_UNSUPPORTED: { error: 'methodNotSupported' },
  DID_REPRESENTATION_UNSUPPORTED: { error: 'representationNotSupported' },
  /** A version was asked for, of a DID whose method has none. */
  DID_VERSION_UNSUPPORTED: { error: 'featureNotSupported' },
  /** An option of the wrong type, or two that contradict each other. */
  DID_OPTION_INVALID: { error: 'invalidOptions' },

  /** Not a DID URL by the grammar of DID Core, or a parameter that is not UTF-8 or is given twice. */
  DID_URL_INVALID: { error: 'invalidDidUrl' },
  /** The DID URL is about another DID than the document. */
  DID_URL_FOREIGN: { error: 'invalidDidUrl' },
  /** The document holds no such resource. */
  DID_URL_NOT_FOUND: { error: 'notFound' },
  /** The document holds several resources of that name. */
  DID_URL_AMBIGUOUS: { error: 'invalidDidDocument' },

  /** Not a DID document: a property has the wrong shape. */
  DOCUMENT_INVALID: { error: 'invalidDidDocument' },
  /** The document is about another DID than the one that was asked for. */
  DOCUMENT_ID_MISMATCH: { error: 'invalidDidDocument' },
  /** A relative DID URL where the method demands absolute ones. */
  DOCUMENT_RELATIVE_URL: { error: 'invalidDidDocument' },
  /** A private key in a document. */
  DOCUMENT_PRIVATE_KEY: { error: 'invalidDidDocument' },

  /** Not base58btc in multibase. */
  KEY_MULTIBASE_INVALID: { error: 'invalidDid' },
  /** The multicodec header is cut short or not in its shortest form. */
  KEY_MULTICODEC_INVALID: { error: 'invalidDid' },
  /** The multicodec names no public key that is supported. */
  KEY_TYPE_UNSUPPORTED: { error: 'featureNotSupported' },
  /** The DID or the JWK holds a private or symmetric key, which is thereby public. */
  KEY_PRIVATE: { error: 'invalidDid' },
  KEY_LENGTH_INVALID: { error: 'invalidDid' },
  /** The bytes are no point of the curve, or one that cannot be a public key. */
  KEY_POINT_INVALID: { error: 'invalidDid' },
  /** Not the DER of an RSA public key, or one too small, too large or not sound. */
  KEY_RSA_INVALID: { error: 'invalidDid' },
  /** `publicKeyFormat` is not known, or cannot hold a key of this type. */
  KEY_FORMAT_UNSUPPORTED: { error: 'invalidOptions' },

  /** Not canonical base64url of one JSON object without repeated members. */
  JWK_ENCODING_INVALID: { error: 'invalidDid' },
  /** A member is missing, has the wrong shape, or names no point of the curve. */
  JWK_INVALID: { error: 'invalidDid' },
  /** A key type or curve that is not supported. */
  JWK_TYPE_UNSUPPORTED: { error: 'featureNotSupported' },

  /** The host is not a domain name with an optional port. */
  WEB_HOST_INVALID: { error: 'invalidDid' },
  /** A path segment that is empty, leads upwards, or holds an encoded slash or control character. */
  WEB_PATH_INVALID: { error: 'invalidDid' },
  /** The host answers that there is no such document. */
  WEB_NOT_FOUND: { error: 'notFound' },
  /** The host answers with another status than 200, 404 or 410. */
  WEB_STATUS: { error: 'internalError', transient: true },
  /** The answer is not JSON as this project reads it. */
  WEB_NOT_JSON: { error: 'invalidDidDocument' },
  /** The fetch was refused; `cause` is the NetError. */
  FETCH_REFUSED: { error: 'internalError' },
  /** The fetch failed; `cause` is the NetError. */
  FETCH_FAILED: { error: 'internalError', transient: true },

  /** Not a Sidetree DID: it has no suffix that is the hash of something. */
  SIDETREE_SUFFIX_INVALID: { error: 'invalidDid' },
  /** The other node answers with something that is no resolution result. */
  REMOTE_ANSWER_INVALID: { error: 'internalError', transient: true },
} as const satisfies Record<string, { error: ResolutionErrorName; transient?: boolean }>

export type DidErrorCode = keyof typeof DID_ERRORS

/** The code in results that carry the error which another node answered with, whatever error that is. */
export const REMOTE_ERROR = 'REMOTE_ERROR'

/** A DID, a DID URL, a document or an option that is refused, or a document that cannot be had. */
export class DidError extends Error {
  override readonly name = 'DidError'
  readonly code: DidErrorCode
  /** True if the same resolution may succeed later. */
  readonly transient: boolean

  constructor(code: DidErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause })
    this.code = code
    const kind: { error: ResolutionErrorName; transient?: boolean } = DID_ERRORS[code]
    this.transient = kind.transient === true
  }

  /** The error of DID Resolution v1 that it is reported as. */
  get resolutionError(): ResolutionErrorName {
    return DID_ERRORS[this.code].error
  }
}
