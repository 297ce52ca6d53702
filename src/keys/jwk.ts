import { createECDH, createPrivateKey, createPublicKey } from 'node:crypto'
import { decodeBase64url, encodeBase64url } from '../codec/base64url.ts'
import { CodecError } from '../codec/errors.ts'
import { encodedSha256 } from '../codec/hash.ts'
import { canonicalize } from '../codec/jcs.ts'
import { isJsonObject, type JsonObject } from '../codec/json.ts'
import { CURVES, isKeyCurve } from './curves.ts'
import { isEd25519PublicKey } from './ed25519-point.ts'
import { KeyError } from './errors.ts'
import { es256k } from './es256k.ts'
import type { KeyCurve, PrivateJwk, PublicJwk } from './types.ts'

/** Bytes of the member `nonce` (Sidetree v1, NONCE_SIZE). */
const NONCE_LENGTH = 16

/** How a foreign JWK is read. */
export interface JwkOptions {
  /** What to do with members such as `kid`, `alg` and `use`, which are not judged here. Default 'refuse'. */
  unknownMembers?: 'refuse' | 'strip'
}

/**
 * A public key of foreign origin, checked: coordinates are canonical base64url of the curve's full length (not
 * shorter where they begin with zero bytes) and name a point of the curve, and no private member is present.
 * Returns a new object. RFC 7517, RFC 7518 section 6.2.1, RFC 8037 section 2.
 * @throws KeyError KEY_INVALID, KEY_UNSUPPORTED, KEY_PRIVATE
 */
export function parsePublicJwk(value: unknown, options: JwkOptions = {}): PublicJwk {
  const source = requireObject(value)
  if (Object.hasOwn(source, 'd')) {
    throw new KeyError('KEY_PRIVATE', 'the JWK holds a private key (member "d")', { member: 'd' })
  }
  return readPublicMembers(source, options, false)
}

/**
 * A private key of foreign origin, checked like a public one, and that `d` belongs to it.
 * @throws KeyError KEY_INVALID, KEY_UNSUPPORTED
 */
export function parsePrivateJwk(value: unknown, options: JwkOptions = {}): PrivateJwk {
  const source = requireObject(value)
  const jwk = { ...readPublicMembers(source, options, true), d: requireString(source, 'd') }
  const d = requireBytes(source, 'd', CURVES[jwk.crv].coordinateLength)
  if (!publicKeyOf(jwk.crv, d)?.equals(requirePoint(jwk))) {
    throw new KeyError('KEY_INVALID', '"d" is not the private key of this public key', { member: 'd' })
  }
  return jwk
}

/** The public part of a private JWK. */
export function publicJwkOf(jwk: PrivateJwk): PublicJwk {
  const { d: _, ...publicJwk } = jwk
  return publicJwk
}

/** The SHA-256 thumbprint of a key, in base64url (RFC 7638; RFC 8037 section 2 for Ed25519). */
export function thumbprint(jwk: PublicJwk): string {
  const { kty, crv, x, y } = jwk
  return encodedSha256(canonicalize(y === undefined ? { kty, crv, x } : { kty, crv, x, y }))
}

/**
 * The key as bytes: 0x04 || x || y for EC, x for Ed25519. Undefined where a coordinate is not canonical
 * base64url of the curve's length; that the point is on the curve is not looked at.
 */
export function encodePoint(jwk: PublicJwk): Buffer | undefined {
  const { kty, coordinateLength } = CURVES[jwk.crv]
  if (kty === 'OKP') return decodeBytes(jwk.x, coordinateLength)
  const point = Buffer.allocUnsafe(1 + 2 * coordinateLength)
  point[0] = 4
  return [jwk.x, jwk.y].every((text, i) =>
    writeBytes(point, 1 + i * coordinateLength, text, coordinateLength),
  )
    ? point
    : undefined
}

/** Writes what a canonical base64url text of so many bytes stands for; false where it is none. */
function writeBytes(target: Buffer, offset: number, text: string | undefined, length: number): boolean {
  if (text === undefined || target.write(text, offset, length, 'base64url') !== length) return false
  return target.toString('base64url', offset, offset + length) === text
}

function readPublicMembers(source: JsonObject, options: JwkOptions, isPrivate: boolean): PublicJwk {
  const crv = requireCurve(source)
  const { kty, coordinateLength } = CURVES[crv]
  if (options.unknownMembers !== 'strip') refuseUnknown(source, kty, isPrivate)
  const jwk: PublicJwk = { kty, crv, x: requireString(source, 'x') }
  requireBytes(source, 'x', coordinateLength)
  if (kty === 'EC') {
    jwk.y = requireString(source, 'y')
    requireBytes(source, 'y', coordinateLength)
  }
  if (Object.hasOwn(source, 'nonce')) {
    jwk.nonce = requireString(source, 'nonce')
    requireBytes(source, 'nonce', NONCE_LENGTH)
  }
  if (!isOnCurve(jwk)) throw new KeyError('KEY_INVALID', `the coordinates are not a public key of ${crv}`)
  return jwk
}

function requireObject(value: unknown): JsonObject {
  if (isJsonObject(value)) return value
  throw new KeyError('KEY_INVALID', 'a JWK is a JSON object')
}

function requireCurve(source: JsonObject): KeyCurve {
  const kty = requireString(source, 'kty')
  if (kty !== 'EC' && kty !== 'OKP') {
    throw new KeyError('KEY_UNSUPPORTED', 'the key type is neither "EC" nor "OKP"', { member: 'kty' })
  }
  const crv = requireString(source, 'crv')
  if (!isKeyCurve(crv)) {
    const names = Object.keys(CURVES).join(', ')
    throw new KeyError('KEY_UNSUPPORTED', `the curve is not one of ${names}`, { member: 'crv' })
  }
  if (CURVES[crv].kty !== kty) {
    throw new KeyError('KEY_INVALID', `a key of ${crv} has "kty" "${CURVES[crv].kty}"`, { member: 'kty' })
  }
  return crv
}

function refuseUnknown(source: JsonObject, kty: PublicJwk['kty'], isPrivate: boolean): void {
  for (const member of Object.keys(source)) {
    if (member === 'kty' || member === 'crv' || member === 'x' || member === 'nonce') continue
    if ((member === 'y' && kty === 'EC') || (member === 'd' && isPrivate)) continue
    throw new KeyError(
      'KEY_INVALID',
      `the JWK has a member that does not belong in it: ${JSON.stringify(member)}`,
      {
        member,
      },
    )
  }
}

function requireString(source: JsonObject, member: string): string {
  const value = Object.hasOwn(source, member) ? source[member] : undefined
  if (typeof value === 'string') return value
  throw new KeyError('KEY_INVALID', `"${member}" is missing or not a string`, { member })
}

function requireBytes(source: JsonObject, member: string, length: number): Buffer {
  const bytes = decodeBytes(source[member], length)
  if (bytes !== undefined) return bytes
  throw new KeyError('KEY_INVALID', `"${member}" is not the base64url of ${length} bytes`, { member })
}

function requirePoint(jwk: PublicJwk): Buffer {
  const point = encodePoint(jwk)
  if (point === undefined) throw new KeyError('KEY_INVALID', 'a coordinate has the wrong length')
  return point
}

function decodeBytes(text: unknown, length: number): Buffer | undefined {
  if (typeof text !== 'string' || text.length !== Math.ceil((length * 4) / 3)) return undefined
  try {
    return decodeBase64url(text)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}

function isOnCurve(jwk: PublicJwk): boolean {
  const point = requirePoint(jwk)
  if (jwk.crv === 'Ed25519') return isEd25519PublicKey(point)
  if (jwk.crv === 'secp256k1') return es256k.isPoint(point)
  try {
    createPublicKey({ key: { ...jwk }, format: 'jwk' })
    return true
  } catch {
    return false
  }
}

/** The public key of `d` as {@link encodePoint} writes it; undefined where d is zero or not below the order. */
function publicKeyOf(crv: KeyCurve, d: Buffer): Buffer | undefined {
  if (crv === 'Ed25519') {
    const key = createPrivateKey({
      key: { kty: 'OKP', crv, x: encodeBase64url(d), d: encodeBase64url(d) },
      format: 'jwk',
    })
    return Buffer.from(createPublicKey(key).export({ format: 'jwk' }).x ?? '', 'base64url')
  }
  if (crv === 'secp256k1') return es256k.publicPoint(d)
  const ecdh = createECDH(CURVES[crv].openssl)
  try {
    ecdh.setPrivateKey(d)
    return ecdh.getPublicKey()
  } catch {
    return undefined
  }
}
