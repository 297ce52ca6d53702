import { createECDH, createHash, createPrivateKey, type KeyObject, sign } from 'node:crypto'
import { referenceCommitment, referenceHash } from './reference.ts'

/** A secp256k1 key that operations can be made with. */
export interface PoolKey {
  jwk: { kty: 'EC'; crv: 'secp256k1'; x: string; y: string }
  privateKey: KeyObject
  /** Encoded multihash of the canonical public key. */
  reveal: string
  commitment: string
}

const ORDER = 0xfffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141n
const pool: PoolKey[] = []

/** The n-th key of a pool that is the same in every run; made when first asked for. */
export function poolKey(n: number): PoolKey {
  for (let i = pool.length; i <= n; i++) pool.push(makeKey(i))
  return pool[n] as PoolKey
}

function makeKey(n: number): PoolKey {
  const secret = createHash('sha256').update(`test key ${n}`).digest()
  const ecdh = createECDH('secp256k1')
  ecdh.setPrivateKey(secret)
  const point = ecdh.getPublicKey()
  const jwk = {
    kty: 'EC' as const,
    crv: 'secp256k1' as const,
    x: point.subarray(1, 33).toString('base64url'),
    y: point.subarray(33).toString('base64url'),
  }
  const privateKey = createPrivateKey({ key: { ...jwk, d: secret.toString('base64url') }, format: 'jwk' })
  return { jwk, privateKey, reveal: referenceHash(jwk), commitment: referenceCommitment(jwk) }
}

/** Signature r || s over the bytes, with the low s of the two that are valid, or the high one. */
export function signEs256k(key: PoolKey, bytes: Uint8Array, highS = false): Buffer {
  const signature = sign('sha256', bytes, { key: key.privateKey, dsaEncoding: 'ieee-p1363' })
  const s = BigInt(`0x${signature.toString('hex', 32)}`)
  if (s > ORDER / 2n !== highS) signature.write((ORDER - s).toString(16).padStart(64, '0'), 32, 'hex')
  return signature
}

/** A compact JWS; header and payload are given as they are to be serialised. */
export function compactJws(header: object, payload: object | string, key: PoolKey, highS = false): string {
  const encode = (part: object | string) =>
    Buffer.from(typeof part === 'string' ? part : JSON.stringify(part)).toString('base64url')
  const input = `${encode(header)}.${encode(payload)}`
  return `${input}.${signEs256k(key, Buffer.from(input), highS).toString('base64url')}`
}
