import { isBase64url } from '../codec/base64url.ts'
import type { JsonObject, JsonValue } from '../codec/json.ts'
import { isJsonObject } from '../codec/json.ts'
import { CURVES, isKeyCurve } from '../keys/curves.ts'
import type { PublicJwk } from '../keys/types.ts'
import { SidetreeError } from './errors.ts'
import type { ProtocolParameters } from './parameters.ts'

/**
 * Checks a key that signs operations (Sidetree v1, Operation Key): the curves of the profile, exactly the members of
 * its kind, coordinates of full length (a coordinate with leading zeros is padded, ion-tools#23), and a `nonce`
 * of the profile's size where it allows one.
 * @throws SidetreeError OPERATION_KEY_INVALID, OPERATION_KEY_NONCE_INVALID
 */
export function validateOperationKey(value: JsonValue | undefined, params: ProtocolParameters): PublicJwk {
  if (!isJsonObject(value)) throw invalid('the operation key must be a JWK')
  const curve = value['crv']
  if (!isKeyCurve(curve) || !params.keyCurves.includes(curve)) {
    throw invalid(`the operation key must be on one of these curves: ${params.keyCurves.join(', ')}`)
  }
  const { kty, coordinateLength } = CURVES[curve]
  if (value['kty'] !== kty) throw invalid(`an operation key on ${curve} must have kty ${kty}`)
  const length = base64urlLength(coordinateLength)
  const loose = params.lenient.looseBase64url
  requireCoordinate(value, 'x', length, loose)
  if (kty === 'EC') requireCoordinate(value, 'y', length, loose)
  let members = kty === 'EC' ? 4 : 3
  if (value['nonce'] !== undefined) {
    requireNonce(value['nonce'], params)
    members++
  }
  if (Object.keys(value).length !== members) throw invalid('the operation key has an unknown member')
  return value as unknown as PublicJwk
}

function requireCoordinate(jwk: JsonObject, name: 'x' | 'y', length: number, loose: boolean): void {
  const text = jwk[name]
  if (typeof text !== 'string' || text.length !== length || !(loose || isBase64url(text))) {
    throw invalid(`${name} of the operation key must be ${length} base64url characters`)
  }
}

function requireNonce(nonce: JsonValue, { nonceBytes }: ProtocolParameters): void {
  if (nonceBytes === undefined) throw invalid('the operation key must have no nonce')
  if (typeof nonce !== 'string' || nonce.length !== base64urlLength(nonceBytes) || !isBase64url(nonce)) {
    throw new SidetreeError('OPERATION_KEY_NONCE_INVALID', `nonce must be base64url of ${nonceBytes} bytes`)
  }
}

/** Characters of base64url that so many bytes take. */
function base64urlLength(bytes: number): number {
  return Math.ceil((bytes * 8) / 6)
}

function invalid(message: string): SidetreeError {
  return new SidetreeError('OPERATION_KEY_INVALID', message)
}
