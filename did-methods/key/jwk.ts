import { createPublicKey, ECDH, type KeyObject } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../../src/codec/base64url.ts'
import type { JsonObject } from '../../src/codec/json.ts'
import { isEd25519PublicKey } from '../../src/keys/ed25519-point.ts'
import type { PublicJwk } from '../../src/keys/types.ts'
import { DidError } from '../errors.ts'
import { checkRsaKey } from '../public-key.ts'
import { isBlsPoint } from './bls12-381.ts'
import type { SingleMultikey } from './multikey.ts'

/** Names that OpenSSL has for the curves of compressed points. */
const OPENSSL_CURVES = {
  secp256k1: 'secp256k1',
  'P-256': 'prime256v1',
  'P-384': 'secp384r1',
  'P-521': 'secp521r1',
} as const

/**
 * The JWK of a key (did:key, Encode JWK). Building it is also the check that the bytes are a sound public key.
 *
 * BLS12-381 keys have the form of the published vectors (kty EC, the compressed point as x).
 * @throws DidError KEY_POINT_INVALID, KEY_RSA_INVALID
 */
export function multikeyJwk({ type, bytes }: SingleMultikey): JsonObject {
  switch (type) {
    case 'Ed25519':
      if (!isEd25519PublicKey(bytes)) throw notAPoint(type)
      return { kty: 'OKP', crv: type, x: encodeBase64url(bytes) }
    case 'X25519':
      // Any 32 bytes are a key (RFC 7748 section 5).
      return { kty: 'OKP', crv: type, x: encodeBase64url(bytes) }
    case 'secp256k1':
    case 'P-256':
    case 'P-384':
    case 'P-521':
      return ecJwk(type, bytes)
    case 'BLS12-381 G1':
    case 'BLS12-381 G2':
      if (!isBlsPoint(bytes)) throw notAPoint(type)
      return {
        kty: 'EC',
        crv: type === 'BLS12-381 G1' ? 'BLS12381_G1' : 'BLS12381_G2',
        x: encodeBase64url(bytes),
      }
    case 'RSA':
      return rsaJwk(bytes)
  }
}

/** The key of a JWK of one of the curves that this project signs with. */
export function multikeyOfJwk({ crv, x, y }: PublicJwk): SingleMultikey {
  const bytes = decodeBase64url(x)
  if (crv === 'Ed25519') return { type: crv, bytes }
  const sign = ((decodeBase64url(y ?? '').at(-1) ?? 0) & 1) === 0 ? 2 : 3
  return { type: crv, bytes: Buffer.concat([Buffer.from([sign]), bytes]) }
}

/** Decompresses a point (SEC 1 section 2.3.4). */
function ecJwk(crv: keyof typeof OPENSSL_CURVES, bytes: Uint8Array): JsonObject {
  const point = decompress(crv, bytes)
  const middle = 1 + (point.length - 1) / 2
  return {
    kty: 'EC',
    crv,
    x: encodeBase64url(point.subarray(1, middle)),
    y: encodeBase64url(point.subarray(middle)),
  }
}

function decompress(crv: keyof typeof OPENSSL_CURVES, bytes: Uint8Array): Buffer {
  try {
    const point = ECDH.convertKey(bytes, OPENSSL_CURVES[crv], undefined, undefined, 'uncompressed')
    return Buffer.isBuffer(point) ? point : Buffer.from(point, 'latin1')
  } catch (cause) {
    throw notAPoint(crv, cause)
  }
}

/** An RSA public key in DER (RFC 8017 appendix A.1.1); DER is canonical, so it must be what would be written. */
function rsaJwk(bytes: Uint8Array): JsonObject {
  const imported = importRsa(Buffer.from(bytes))
  checkRsaKey(imported)
  const { n = '', e = '' } = imported.export({ format: 'jwk' })
  const jwk = { kty: 'RSA', n, e }
  // By way of the JWK: Node.js 24 cannot export to PKCS#1 what it imported from PKCS#1.
  const written = createPublicKey({ key: jwk, format: 'jwk' }).export({ type: 'pkcs1', format: 'der' })
  if (!written.equals(bytes)) {
    throw new DidError('KEY_RSA_INVALID', 'not the DER of an RSA public key, or something follows it')
  }
  return jwk
}

function importRsa(der: Buffer): KeyObject {
  try {
    return createPublicKey({ key: der, format: 'der', type: 'pkcs1' })
  } catch (cause) {
    throw new DidError('KEY_RSA_INVALID', 'not the DER of an RSA public key', cause)
  }
}

function notAPoint(type: string, cause?: unknown): DidError {
  return new DidError('KEY_POINT_INVALID', `the bytes are not a public key of ${type}`, cause)
}
