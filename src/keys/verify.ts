import { createPublicKey, type KeyObject, verify } from 'node:crypto'
import { CURVES, isKeyCurve } from './curves.ts'
import { es256k } from './es256k.ts'
import { encodePoint } from './jwk.ts'
import type { JwsAlgorithm, PublicJwk } from './types.ts'

/** Keys of OpenSSL that were used last: to import one costs a third of a verification. */
const MAX_IMPORTED = 256
const imported = new Map<string, KeyObject>()

/**
 * Whether `signature` is the key's signature of `data` under the algorithm (RFC 7515 section 5.2). False, never
 * an error, where the algorithm is not that of the key's curve, or the key or signature is malformed. In ES256K
 * high and low s are both valid, as in RFC 8812.
 * @param data a text stands for its UTF-8 bytes
 */
export function verifySignature(
  jwk: PublicJwk,
  algorithm: JwsAlgorithm,
  data: Uint8Array | string,
  signature: Uint8Array,
): boolean {
  if (!isKeyCurve(jwk.crv)) return false
  const curve = CURVES[jwk.crv]
  if (curve.kty !== jwk.kty || curve.algorithm !== algorithm) return false
  if (signature.length !== curve.signatureLength) return false
  if (algorithm === 'ES256K') {
    const point = encodePoint(jwk)
    return point !== undefined && es256k.verify(point, data, signature)
  }
  const key = importKey(jwk)
  if (key === undefined) return false
  const bytes = typeof data === 'string' ? Buffer.from(data) : data
  return curve.hash === null
    ? verify(null, bytes, key, signature)
    : verify(curve.hash, bytes, { key, dsaEncoding: 'ieee-p1363' }, signature)
}

function importKey(jwk: PublicJwk): KeyObject | undefined {
  const { kty, crv, x, y } = jwk
  const name = `${crv}.${x}.${y}`
  const known = imported.get(name)
  if (known !== undefined) return known
  if (encodePoint(jwk) === undefined) return undefined
  let key: KeyObject
  try {
    key = createPublicKey({ key: y === undefined ? { kty, crv, x } : { kty, crv, x, y }, format: 'jwk' })
  } catch {
    return undefined // Not a point of the curve.
  }
  if (imported.size >= MAX_IMPORTED) imported.delete(imported.keys().next().value ?? '')
  imported.set(name, key)
  return key
}
