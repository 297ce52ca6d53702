import type { JwsAlgorithm, KeyCurve } from './types.ts'

/** What the JOSE specifications fix for a curve. Lengths are in bytes. */
export interface Curve {
  kty: 'OKP' | 'EC'
  /** The one algorithm that signs with keys of this curve. */
  algorithm: JwsAlgorithm
  /** Length of x, y and d, each padded on the left with zeros (RFC 7518 sections 6.2.1.2 and 6.2.2.1). */
  coordinateLength: number
  /** Length of the signature: r || s, or R || S. */
  signatureLength: number
  /** The hash that the signature is made over; null where the algorithm hashes for itself. */
  hash: 'sha256' | 'sha384' | null
  /** The name that OpenSSL has for the curve. */
  openssl: string
}

/** RFC 7518 section 3.4, RFC 8037 section 3.1, RFC 8812 section 3.2. */
export const CURVES: Readonly<Record<KeyCurve, Readonly<Curve>>> = {
  Ed25519: {
    kty: 'OKP',
    algorithm: 'EdDSA',
    coordinateLength: 32,
    signatureLength: 64,
    hash: null,
    openssl: 'ed25519',
  },
  'P-256': {
    kty: 'EC',
    algorithm: 'ES256',
    coordinateLength: 32,
    signatureLength: 64,
    hash: 'sha256',
    openssl: 'prime256v1',
  },
  'P-384': {
    kty: 'EC',
    algorithm: 'ES384',
    coordinateLength: 48,
    signatureLength: 96,
    hash: 'sha384',
    openssl: 'secp384r1',
  },
  secp256k1: {
    kty: 'EC',
    algorithm: 'ES256K',
    coordinateLength: 32,
    signatureLength: 64,
    hash: 'sha256',
    openssl: 'secp256k1',
  },
}

/** True for the name of a curve in {@link CURVES}. */
export function isKeyCurve(value: unknown): value is KeyCurve {
  return typeof value === 'string' && Object.hasOwn(CURVES, value)
}
