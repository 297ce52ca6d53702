/** JOSE algorithm names of the signatures that this project makes and verifies (RFC 7518, 8037, 8812). */
export type JwsAlgorithm = 'EdDSA' | 'ES256' | 'ES384' | 'ES256K'

/** Curves of the keys that sign (RFC 7518 section 6.2.1.1, RFC 8037, RFC 8812). */
export type KeyCurve = 'Ed25519' | 'P-256' | 'P-384' | 'secp256k1'

/** A public key as a JWK, with the members that its thumbprint is made of and no others but these. */
export interface PublicJwk {
  kty: 'OKP' | 'EC'
  crv: KeyCurve
  x: string
  y?: string
  /** base64url of 16 bytes that makes a commitment unguessable (Sidetree v1, NONCE_SIZE). */
  nonce?: string
}

/** A private key as a JWK (RFC 7517). */
export interface PrivateJwk extends PublicJwk {
  d: string
}

/**
 * Something that signs with one key. The private key may live in a file, a token, a TPM or an enclave, and need
 * not be exportable.
 */
export interface Signer {
  readonly publicJwk: PublicJwk
  readonly algorithm: JwsAlgorithm
  /** The JOSE signature of the bytes (RFC 7515): r || s for ECDSA, 64 bytes for Ed25519. */
  sign(bytes: Uint8Array): Promise<Uint8Array>
}
