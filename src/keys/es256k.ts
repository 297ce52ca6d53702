import { createECDH, createPrivateKey, createPublicKey, sign, verify } from 'node:crypto'
import { createRequire } from 'node:module'
import { encodeBase64url } from '../codec/base64url.ts'
import { sha256 } from '../codec/hash.ts'

/** ECDSA with secp256k1 and SHA-256 (RFC 8812 section 3.2) as one library does it. */
export interface Es256k {
  readonly name: 'libsecp256k1' | 'openssl'
  /** True if 65 bytes (0x04, x, y) are a point of the curve. */
  isPoint(point: Uint8Array): boolean
  /** Whether 64 bytes r || s sign the data, with high and low s alike. False for a malformed key or signature. */
  verify(point: Uint8Array, data: Uint8Array | string, signature: Uint8Array): boolean
  /** The public key of `d` as 65 bytes; undefined where d is not 32 bytes from 1 to n - 1. */
  publicPoint(d: Uint8Array): Buffer | undefined
  /** r || s with low s. `d` is 32 bytes, 1 to n - 1, and `point` its public key. */
  sign(d: Uint8Array, point: Uint8Array, data: Uint8Array): Uint8Array
}

const HALF_ORDER = Buffer.from('7fffffffffffffffffffffffffffffff5d576e7357a4501ddfe92f46681b20a0', 'hex')
const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n

/**
 * The native library, or undefined where it has no build for this machine. The package's main module would fall
 * back to a slow one in JavaScript without a word, so only its bindings are loaded.
 */
export const libsecp256k1: Es256k | undefined = load()

/** OpenSSL, about a seventh as fast, which is there on every machine. */
export const openssl: Es256k = {
  name: 'openssl',
  isPoint(point) {
    try {
      createPublicKey({ key: toJwk(point), format: 'jwk' })
      return point.length === 65
    } catch {
      return false
    }
  },
  verify(point, data, signature) {
    if (point.length !== 65 || signature.length !== 64) return false
    try {
      const key = { key: toJwk(point), format: 'jwk', dsaEncoding: 'ieee-p1363' } as const
      return verify('sha256', typeof data === 'string' ? Buffer.from(data) : data, key, signature)
    } catch {
      return false
    }
  },
  publicPoint(d) {
    const ecdh = createECDH('secp256k1')
    try {
      ecdh.setPrivateKey(d)
      return d.length === 32 ? ecdh.getPublicKey() : undefined
    } catch {
      return undefined
    }
  },
  sign(d, point, data) {
    const key = createPrivateKey({ key: { ...toJwk(point), d: encodeBase64url(d) }, format: 'jwk' })
    return withLowS(sign('sha256', data, { key, dsaEncoding: 'ieee-p1363' }))
  },
}

/** The faster one that this machine has. */
export const es256k: Es256k = libsecp256k1 ?? openssl

function load(): Es256k | undefined {
  let native: typeof import('secp256k1')
  try {
    native = createRequire(import.meta.url)('secp256k1/bindings.js')
  } catch {
    return undefined
  }
  return {
    name: 'libsecp256k1',
    isPoint: point => point.length === 65 && native.publicKeyVerify(point),
    verify(point, data, signature) {
      if (point.length !== 65 || signature.length !== 64) return false
      try {
        // The library accepts low s only; JOSE does not ask for it. It changes the bytes in place: a copy.
        const low = isLow(signature) ? signature : native.signatureNormalize(Uint8Array.from(signature))
        return native.ecdsaVerify(low, sha256(data), point)
      } catch {
        return false
      }
    },
    publicPoint: d =>
      d.length === 32 && native.privateKeyVerify(d)
        ? Buffer.from(native.publicKeyCreate(d, false))
        : undefined,
    // Deterministic (RFC 6979), low s.
    sign: (d, _point, data) => native.ecdsaSign(sha256(data), d).signature,
  }
}

/** True for an s that is low beyond doubt, as its first byte says for nearly all. */
function isLow(signature: Uint8Array): boolean {
  return (signature[32] ?? 0xff) < 0x7f
}

function toJwk(point: Uint8Array): { kty: string; crv: string; x: string; y: string } {
  return {
    kty: 'EC',
    crv: 'secp256k1',
    x: encodeBase64url(point.subarray(1, 33)),
    y: encodeBase64url(point.subarray(33)),
  }
}

function withLowS(signature: Buffer): Buffer {
  const s = signature.subarray(32)
  if (Buffer.compare(s, HALF_ORDER) <= 0) return signature
  const low = ORDER - BigInt(`0x${s.toString('hex')}`)
  return Buffer.concat([signature.subarray(0, 32), Buffer.from(low.toString(16).padStart(64, '0'), 'hex')])
}
