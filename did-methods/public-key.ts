import { createPublicKey, type JsonWebKey, type KeyObject } from 'node:crypto'
import { decodeBase64url } from '../src/codec/base64url.ts'
import { CodecError } from '../src/codec/errors.ts'
import type { JsonObject } from '../src/codec/json.ts'
import { isKeyCurve } from '../src/keys/curves.ts'
import { KeyError } from '../src/keys/errors.ts'
import { parsePublicJwk } from '../src/keys/jwk.ts'
import { DidError } from './errors.ts'

/** RSA moduli that are accepted, in bits: RFC 7518 section 3.3 demands 2,048; more than 8,192 only takes time. */
export const RSA_BITS = { min: 2048, max: 8192 }

/** Curves beyond those that this project signs with, with the length of a coordinate in bytes (RFC 7518, 8037). */
const OTHER_CURVES: Readonly<Record<string, { kty: 'EC' | 'OKP'; length: number }>> = {
  'P-521': { kty: 'EC', length: 66 },
  X25519: { kty: 'OKP', length: 32 },
  Ed448: { kty: 'OKP', length: 57 },
  X448: { kty: 'OKP', length: 56 },
}

/** Members that hold a private or a symmetric key (RFC 7518 sections 6.2.2, 6.3.2 and 6.4). */
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** True if a JWK holds a private or symmetric key, of whatever type it says it is. */
export function holdsPrivateKey(jwk: JsonObject): boolean {
  return jwk['kty'] === 'oct' || PRIVATE_MEMBERS.some(member => Object.hasOwn(jwk, member))
}

/**
 * Checks a JWK of foreign origin that is to be published in a DID document: it is a public key of a known kind, its
 * numbers are in their one spelling, and it can be a key of its curve. Other members are not looked at.
 * @throws DidError KEY_PRIVATE, JWK_TYPE_UNSUPPORTED, JWK_INVALID, KEY_RSA_INVALID
 */
export function checkPublicJwk(jwk: JsonObject): void {
  const { kty, crv } = jwk
  if (holdsPrivateKey(jwk)) {
    throw new DidError('KEY_PRIVATE', 'the JWK holds a private or symmetric key, which is thereby public')
  }
  if (typeof kty !== 'string') throw invalid('kty is missing')
  if (kty === 'RSA') checkRsaJwk(jwk)
  else if (kty !== 'EC' && kty !== 'OKP') throw unsupported('the key type is none of EC, OKP and RSA')
  else if (typeof crv !== 'string') throw invalid('crv is missing')
  else if (isKeyCurve(crv)) checkSigningKey(jwk)
  else checkOtherCurve(jwk, kty, crv)
}

/** An RSA public key, once its numbers are known to be sound. @throws DidError KEY_RSA_INVALID */
export function checkRsaKey(key: KeyObject): void {
  const { modulusLength = 0, publicExponent = 0n } = key.asymmetricKeyDetails ?? {}
  if (modulusLength < RSA_BITS.min || modulusLength > RSA_BITS.max) {
    throw new DidError('KEY_RSA_INVALID', `an RSA key has ${RSA_BITS.min} to ${RSA_BITS.max} bits`)
  }
  const modulus = Buffer.from(key.export({ format: 'jwk' }).n ?? '', 'base64url')
  // An even modulus is no product of two large primes; exponents are odd, 3 or more (RFC 8017 section 3.1).
  if (((modulus.at(-1) ?? 0) & 1) === 0 || publicExponent < 3n || (publicExponent & 1n) === 0n) {
    throw new DidError('KEY_RSA_INVALID', 'the modulus or the exponent is not that of an RSA key')
  }
}

function checkRsaJwk({ n, e }: JsonObject): void {
  for (const [name, value] of [
    ['n', n],
    ['e', e],
  ] as const) {
    if (requireBytes(name, value)[0] === 0) throw invalid(`${name} begins with a zero byte`)
  }
  checkRsaKey(importJwk({ kty: 'RSA', n, e }))
}

function checkSigningKey({ kty, crv, x, y }: JsonObject): void {
  try {
    // Only what the key is made of: the rest, such as kid, is none of this check's business.
    parsePublicJwk(y === undefined ? { kty, crv, x } : { kty, crv, x, y })
  } catch (error) {
    if (error instanceof KeyError) throw new DidError('JWK_INVALID', error.message, error)
    throw error
  }
}

function checkOtherCurve(jwk: JsonObject, kty: 'EC' | 'OKP', crv: string): void {
  const curve = Object.hasOwn(OTHER_CURVES, crv) ? OTHER_CURVES[crv] : undefined
  if (curve === undefined) throw unsupported('the curve is not known')
  if (curve.kty !== kty) throw invalid(`a key of ${crv} has kty ${curve.kty}`)
  const { x, y } = jwk
  if (kty === 'OKP' && y !== undefined) throw invalid(`a key of ${crv} has no y`)
  for (const [name, value] of kty === 'EC'
    ? ([
        ['x', x],
        ['y', y],
      ] as const)
    : ([['x', x]] as const)) {
    if (requireBytes(name, value).length !== curve.length)
      throw invalid(`${name} has not ${curve.length} bytes`)
  }
  importJwk(kty === 'EC' ? { kty, crv, x, y } : { kty, crv, x })
}

function requireBytes(name: string, value: unknown): Buffer {
  if (typeof value !== 'string') throw invalid(`${name} is missing or no text`)
  try {
    return decodeBase64url(value)
  } catch (error) {
    if (error instanceof CodecError) throw new DidError('JWK_INVALID', `${name}: ${error.message}`, error)
    throw error
  }
}

function importJwk(jwk: JsonObject | Record<string, unknown>): KeyObject {
  try {
    return createPublicKey({ key: jwk as JsonWebKey, format: 'jwk' })
  } catch (cause) {
    throw new DidError('JWK_INVALID', 'the numbers are not those of a public key', cause)
  }
}

function invalid(message: string): DidError {
  return new DidError('JWK_INVALID', message)
}

function unsupported(message: string): DidError {
  return new DidError('JWK_TYPE_UNSUPPORTED', message)
}
