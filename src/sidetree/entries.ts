import { isBase64url } from '../codec/base64url.ts'
import type { JsonObject, JsonValue } from '../codec/json.ts'
import { isJsonObject } from '../codec/json.ts'
import { SidetreeError } from './errors.ts'
import { requireArray, requireMembers, requireObject, requireString } from './input.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { KeyPurpose } from './types.ts'
import { isUri, isUriToIon } from './uri.ts'

const ID = /^[A-Za-z0-9_-]{1,50}$/
const SERVICE_TYPE = /^[A-Za-z0-9_-]{1,30}$/
const MAX_SERVICE_TYPE_LENGTH = 30
const DID = /^did:[a-z0-9]+:(?:[A-Za-z0-9._:-]|%[0-9A-Fa-f]{2})+$/
/** base58btc or base64url, the two bases of a Multikey. */
const MULTIBASE = /^(?:z[1-9A-HJ-NP-Za-km-z]+|u[A-Za-z0-9_-]+)$/
const PRIVATE_MEMBERS = ['d', 'p', 'q', 'dp', 'dq', 'qi', 'oth', 'k']

/** Members that hold the public key, of each key type that has such (RFC 7518 section 6, RFC 8037). */
const JWK_MEMBERS: { readonly [kty: string]: readonly string[] } = {
  EC: ['x', 'y'],
  OKP: ['x'],
  RSA: ['n', 'e'],
}

const PURPOSES: ReadonlySet<JsonValue> = new Set<KeyPurpose>([
  'authentication',
  'keyAgreement',
  'assertionMethod',
  'capabilityDelegation',
  'capabilityInvocation',
])

/**
 * Checks the id of a key or a service: 1 to 50 base64url characters.
 * @throws SidetreeError ENTRY_ID_INVALID
 */
export function validateId(value: JsonValue | undefined): string {
  if (typeof value !== 'string' || !ID.test(value)) {
    throw new SidetreeError('ENTRY_ID_INVALID', 'an id must be 1 to 50 base64url characters')
  }
  return value
}

/**
 * Checks the public keys of a patch or document (Sidetree v1, add-public-keys).
 * @throws SidetreeError PUBLIC_KEYS_INVALID, PUBLIC_KEY_*, ENTRY_ID_INVALID, ENTRY_ID_DUPLICATE
 */
export function validatePublicKeys(value: JsonValue | undefined, params: ProtocolParameters): void {
  const ids = new Set<string>()
  for (const item of requireArray(value, 'PUBLIC_KEYS_INVALID', 'publicKeys')) {
    const key = requireObject(item, 'PUBLIC_KEYS_INVALID', 'a public key')
    addId(ids, key['id'])
    requireString(key['type'], 'PUBLIC_KEY_TYPE_INVALID', 'type of a public key')
    requireKeyMaterial(key, params)
    if (key['purposes'] !== undefined) requirePurposes(key['purposes'], params)
  }
}

/**
 * Checks the services of a patch or document (Sidetree v1, add-services).
 * @throws SidetreeError SERVICES_INVALID, SERVICE_*, ENTRY_ID_INVALID, ENTRY_ID_DUPLICATE
 */
export function validateServices(value: JsonValue | undefined, params: ProtocolParameters): void {
  const ids = new Set<string>()
  for (const item of requireArray(value, 'SERVICES_INVALID', 'services')) {
    const service = requireObject(item, 'SERVICES_INVALID', 'a service')
    requireMembers(service, ['id', 'type', 'serviceEndpoint'], [], 'SERVICE_MEMBERS_INVALID', 'a service')
    addId(ids, service['id'])
    requireServiceType(service['type'], params)
    requireEndpoint(service['serviceEndpoint'], params)
  }
}

/**
 * Checks URIs for `alsoKnownAs`.
 * @throws SidetreeError PATCH_URIS_INVALID
 */
export function validateUris(value: JsonValue | undefined): void {
  for (const uri of requireArray(value, 'PATCH_URIS_INVALID', 'uris')) {
    if (typeof uri !== 'string' || !isUri(uri)) {
      throw new SidetreeError('PATCH_URIS_INVALID', 'each of uris must be a URI with its scheme')
    }
  }
}

function addId(ids: Set<string>, value: JsonValue | undefined): void {
  const id = validateId(value)
  if (ids.has(id)) throw new SidetreeError('ENTRY_ID_DUPLICATE', `two entries have the id ${id}`)
  ids.add(id)
}

function requireKeyMaterial(key: JsonObject, params: ProtocolParameters): void {
  const optional = params.publicKeyMultibase
    ? ['purposes', 'controller', 'publicKeyJwk', 'publicKeyMultibase']
    : ['purposes', 'publicKeyJwk']
  requireMembers(key, ['id', 'type'], optional, 'PUBLIC_KEY_MEMBERS_INVALID', 'a public key')
  const { publicKeyJwk, publicKeyMultibase, controller } = key
  if ((publicKeyJwk === undefined) === (publicKeyMultibase === undefined)) {
    throw new SidetreeError('PUBLIC_KEY_MEMBERS_INVALID', 'a public key is given in exactly one form')
  }
  if (publicKeyJwk !== undefined) requireJwk(publicKeyJwk, params)
  if (
    publicKeyMultibase !== undefined &&
    (typeof publicKeyMultibase !== 'string' || !MULTIBASE.test(publicKeyMultibase))
  ) {
    throw new SidetreeError(
      'PUBLIC_KEY_MULTIBASE_INVALID',
      'publicKeyMultibase must be base58btc (z...) or base64url (u...)',
    )
  }
  if (controller !== undefined && (typeof controller !== 'string' || !DID.test(controller))) {
    throw new SidetreeError('PUBLIC_KEY_CONTROLLER_INVALID', 'controller must be a DID')
  }
}

/** Any public key (RFC 7517); it need not be of a kind that this project can use. */
function requireJwk(value: JsonValue, params: ProtocolParameters): void {
  if (params.lenient.anyPublicKeyJwk && (value === null || isJsonObject(value))) return
  const jwk = requireObject(value, 'PUBLIC_KEY_JWK_INVALID', 'publicKeyJwk')
  const kty = requireString(jwk['kty'], 'PUBLIC_KEY_JWK_INVALID', 'kty of publicKeyJwk')
  for (const name of PRIVATE_MEMBERS) {
    if (Object.hasOwn(jwk, name)) {
      throw new SidetreeError('PUBLIC_KEY_PRIVATE', `publicKeyJwk holds a private or symmetric key (${name})`)
    }
  }
  const members = Object.hasOwn(JWK_MEMBERS, kty) ? (JWK_MEMBERS[kty] ?? []) : []
  for (const name of members) {
    const text = jwk[name]
    if (typeof text !== 'string' || text === '' || !isBase64url(text)) {
      throw new SidetreeError('PUBLIC_KEY_JWK_INVALID', `${name} of publicKeyJwk must be base64url`)
    }
  }
  if (kty === 'EC' || kty === 'OKP') {
    requireString(jwk['crv'], 'PUBLIC_KEY_JWK_INVALID', 'crv of publicKeyJwk')
  }
}

function requirePurposes(value: JsonValue, params: ProtocolParameters): void {
  const purposes = requireArray(value, 'PUBLIC_KEY_PURPOSES_INVALID', 'purposes')
  const known = purposes.every(purpose => PURPOSES.has(purpose))
  const empty = purposes.length === 0 && !params.lenient.looseEntries
  if (!known || empty || new Set(purposes).size !== purposes.length) {
    throw new SidetreeError(
      'PUBLIC_KEY_PURPOSES_INVALID',
      `purposes must be some of ${[...PURPOSES].join(', ')}, each once`,
    )
  }
}

function requireServiceType(value: JsonValue | undefined, params: ProtocolParameters): void {
  const type = requireString(value, 'SERVICE_TYPE_INVALID', 'type of a service')
  const valid = params.lenient.looseEntries ? type.length <= MAX_SERVICE_TYPE_LENGTH : SERVICE_TYPE.test(type)
  if (!valid) {
    throw new SidetreeError(
      'SERVICE_TYPE_INVALID',
      `type of a service must be 1 to ${MAX_SERVICE_TYPE_LENGTH} base64url characters`,
    )
  }
}

function requireEndpoint(value: JsonValue | undefined, params: ProtocolParameters): void {
  const { anyServiceEndpoint } = params.lenient
  const valid =
    typeof value === 'string'
      ? anyServiceEndpoint
        ? isUriToIon(value)
        : isUri(value)
      : isJsonObject(value) || (anyServiceEndpoint && value === null)
  if (!valid) {
    throw new SidetreeError(
      'SERVICE_ENDPOINT_INVALID',
      'serviceEndpoint must be a URI with its scheme, or an object',
    )
  }
}
