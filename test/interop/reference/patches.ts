import fc from 'fast-check'
import type { JsonValue } from '../../../src/codec/json.ts'
import { poolKey } from './keys.ts'

const jwk = (n: number): JsonValue => ({ ...poolKey(n).jwk })
const key = (n: number, more: object = {}): JsonValue => ({
  id: `k${n}`,
  type: 'JsonWebKey2020',
  publicKeyJwk: jwk(n),
  ...more,
})
const service = (
  n: number,
  serviceEndpoint: JsonValue = `https://example.com/${n}`,
  more: object = {},
): JsonValue => ({
  id: `s${n}`,
  type: 'T',
  serviceEndpoint,
  ...more,
})
const addKey = (value: JsonValue): JsonValue => ({ action: 'add-public-keys', publicKeys: [value] })
const addService = (value: JsonValue): JsonValue => ({ action: 'add-services', services: [value] })
const replace = (document: JsonValue, more: object = {}): JsonValue => ({
  action: 'replace',
  document,
  ...more,
})

/** An object that deep. */
function nested(depth: number): JsonValue {
  return depth === 0 ? 1 : { a: nested(depth - 1) }
}

const PURPOSES = [
  'authentication',
  'keyAgreement',
  'assertionMethod',
  'capabilityDelegation',
  'capabilityInvocation',
]

/** Patches that every profile accepts. */
const plainPatches: fc.Arbitrary<JsonValue> = fc.oneof(
  fc
    .tuple(fc.subarray([0, 1, 2]), fc.subarray([0, 1, 2]), fc.subarray(PURPOSES, { minLength: 1 }))
    .map(([keys, services, purposes]) =>
      replace({ publicKeys: keys.map(n => key(n, { purposes })), services: services.map(n => service(n)) }),
    ),
  fc.subarray([0, 1, 2, 3], { minLength: 1 }).map(ids => ({
    action: 'add-public-keys',
    publicKeys: ids.map(n => key(n, { purposes: ['authentication'] })),
  })),
  fc.subarray([0, 1, 2, 3]).map(ids => ({ action: 'remove-public-keys', ids: ids.map(n => `k${n}`) })),
  fc
    .tuple(fc.subarray([0, 1, 2, 3], { minLength: 1 }), fc.constantFrom('https://example.com/x', 'urn:x:y'))
    .map(([ids, uri]) => ({ action: 'add-services', services: ids.map(n => service(n, uri)) })),
  fc.subarray([0, 1, 2, 3]).map(ids => ({ action: 'remove-services', ids: ids.map(n => `s${n}`) })),
  fc.constant(replace({})),
)

/** Patches at the edges of what is accepted, on either side. */
const oddPatches: fc.Arbitrary<JsonValue> = fc.constantFrom<JsonValue>(
  // Services
  addService(service(0, null)),
  addService(service(0, '')),
  addService(service(0, 'abc def')),
  addService(service(0, '../relative')),
  addService(service(0, 'http://[bad')),
  addService(service(0, 'https://example.com:port/')),
  addService(service(0, {})),
  addService(service(0, { a: [1, { b: null }] })),
  addService(service(0, { a: 'b"c', 'd"e': 'f' })),
  addService(service(0, { a: '\\', 'b\\': '\\\\' })),
  addService(service(0, { a: '\u0000\u001f\u007f', '\n': '\t' })),
  addService(service(0, { a: '\u2028 😀 é', é: 1, '😀': 2, '\ufb33': 3 })),
  addService(service(0, { a: ' b ', ' ': '  ', '': '' })),
  addService(service(0, { a: 0.5, b: -3, c: 1000000, d: 4.35 })),
  addService(service(0, nested(30))),
  addService(service(0, nested(60))),
  addService(service(0, nested(140))),
  addService(service(0, [])),
  addService(service(0, 7)),
  addService(service(0, true)),
  addService(service(0, 'https://example.com', { type: '' })),
  addService(service(0, 'https://example.com', { type: 't '.repeat(15) })),
  addService(service(0, 'https://example.com', { type: 't'.repeat(31) })),
  addService(service(0, 'https://example.com', { type: 5 })),
  addService(service(0, 'https://example.com', { extra: 1 })),
  addService({ id: 's0', type: 'T' }),
  addService(null),
  addService('text'),
  { action: 'add-services', services: [service(0), service(0)] },
  { action: 'add-services', services: [] },
  { action: 'add-services', services: {} },
  { action: 'add-services', services: [service(0)], extra: 1 },
  { action: 'add-services' },
  // Keys
  addKey(key(0, { purposes: [] })),
  addKey(key(0, { purposes: ['authentication', 'authentication'] })),
  addKey(key(0, { purposes: ['auth'] })),
  addKey(key(0, { purposes: 'authentication' })),
  addKey(key(0, { purposes: null })),
  addKey(key(0, { publicKeyJwk: null })),
  addKey(key(0, { publicKeyJwk: {} })),
  addKey(key(0, { publicKeyJwk: [] })),
  addKey(key(0, { publicKeyJwk: 'text' })),
  addKey(key(0, { publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: 'AA', d: 'AA' } })),
  addKey(key(0, { controller: 'did:example:1' })),
  addKey({ id: 'k0', type: 'T', publicKeyMultibase: 'z6Mk' }),
  addKey(key(0, { type: '' })),
  addKey(key(0, { type: 'a type of any length, with spaces and signs: äöü €' })),
  addKey(key(0, { type: 9 })),
  addKey(key(0, { id: '' })),
  addKey(key(0, { id: 'i'.repeat(50) })),
  addKey(key(0, { id: 'i'.repeat(51) })),
  addKey(key(0, { id: 'not base64url' })),
  addKey(key(0, { id: null })),
  addKey(key(0, { id: '__proto__' })),
  addKey(null),
  addKey([]),
  { action: 'add-public-keys', publicKeys: [key(0), key(0)] },
  { action: 'add-public-keys', publicKeys: [] },
  { action: 'add-public-keys', publicKeys: null },
  { action: 'add-public-keys', publicKeys: [key(0)], extra: 1 },
  // Removals
  { action: 'remove-public-keys', ids: ['k0', 'k0'] },
  { action: 'remove-public-keys', ids: [] },
  { action: 'remove-public-keys', ids: 'k0' },
  { action: 'remove-public-keys', ids: [1] },
  { action: 'remove-public-keys', ids: ['k0'], extra: 1 },
  { action: 'remove-services', ids: [''] },
  { action: 'remove-services' },
  // Replace
  replace([]),
  replace(null),
  replace('text'),
  replace({ publicKeys: [], services: [] }),
  replace({ publicKeys: null }),
  replace({ services: [service(0), service(0)] }),
  replace({ extra: 1 }),
  replace({ publicKeys: [key(1)] }, { extra: 1 }),
  { action: 'replace' },
  // Actions that ION does not have, and none
  { action: 'add-also-known-as', uris: ['https://example.com'] },
  { action: 'ietf-json-patch', patches: [{ op: 'add', path: '/x', value: 1 }] },
  { action: 'unknown' },
  {},
  null,
  [],
  'text',
)

/** The patches of one delta: mostly plain, sometimes odd, sometimes not a list. */
export const patchLists: fc.Arbitrary<JsonValue> = fc.oneof(
  { weight: 12, arbitrary: fc.array(plainPatches, { minLength: 1, maxLength: 3 }) },
  { weight: 3, arbitrary: fc.tuple(plainPatches, oddPatches).map(([plain, odd]) => [plain, odd]) },
  { weight: 1, arbitrary: fc.constantFrom<JsonValue>([], null, {}, 'text') },
)
