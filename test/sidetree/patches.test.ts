import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import type { JsonValue } from '../../src/codec/json.ts'
import { SidetreeError } from '../../src/sidetree/errors.ts'
import { type ProtocolParameters, ROOTLINE } from '../../src/sidetree/parameters.ts'
import { applyPatches, validatePatches } from '../../src/sidetree/patches.ts'
import type { DocumentState, Patch } from '../../src/sidetree/types.ts'
import { ION, keyEntry, privateKey, serviceEntry } from './operations.ts'

function verdict(patches: unknown, params: ProtocolParameters): string {
  try {
    validatePatches(patches as JsonValue, params)
    return 'accepted'
  } catch (error) {
    if (error instanceof SidetreeError) return error.code
    throw error
  }
}

function addKey(change: object): unknown {
  return [{ action: 'add-public-keys', publicKeys: [{ ...keyEntry('k'), ...change }] }]
}

function addService(change: object): unknown {
  return [{ action: 'add-services', services: [{ ...serviceEntry('s'), ...change }] }]
}

const NO_MATERIAL = { publicKeyJwk: undefined }
const multibase = 'z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK'
const { publicKeyJwk: _, ...keyWithoutMaterial } = keyEntry('k')

/** [what, patches, ion, rootline] */
const VERDICTS: [string, unknown, string, string][] = [
  ['no patches', [], 'accepted', 'accepted'],
  ['patches that are no array', {}, 'PATCHES_INVALID', 'PATCHES_INVALID'],
  ['a patch that is null', [null], 'PATCHES_INVALID', 'PATCHES_INVALID'],
  ['a patch that is an array', [[]], 'PATCHES_INVALID', 'PATCHES_INVALID'],
  ['an unknown action', [{ action: 'bogus' }], 'PATCH_ACTION_UNKNOWN', 'PATCH_ACTION_UNKNOWN'],
  ['an action of Object.prototype', [{ action: 'toString' }], 'PATCH_ACTION_UNKNOWN', 'PATCH_ACTION_UNKNOWN'],
  ['a key', addKey({}), 'accepted', 'accepted'],
  ['a key without purposes', addKey({ purposes: [] }), 'accepted', 'PUBLIC_KEY_PURPOSES_INVALID'],
  [
    'a purpose twice',
    addKey({ purposes: ['authentication', 'authentication'] }),
    'PUBLIC_KEY_PURPOSES_INVALID',
    'PUBLIC_KEY_PURPOSES_INVALID',
  ],
  [
    'an unknown purpose',
    addKey({ purposes: ['auth'] }),
    'PUBLIC_KEY_PURPOSES_INVALID',
    'PUBLIC_KEY_PURPOSES_INVALID',
  ],
  [
    'purposes that are null',
    addKey({ purposes: null }),
    'PUBLIC_KEY_PURPOSES_INVALID',
    'PUBLIC_KEY_PURPOSES_INVALID',
  ],
  ['an id of 50 characters', addKey({ id: 'x'.repeat(50) }), 'accepted', 'accepted'],
  ['an id of 51 characters', addKey({ id: 'x'.repeat(51) }), 'ENTRY_ID_INVALID', 'ENTRY_ID_INVALID'],
  ['an empty id', addKey({ id: '' }), 'ENTRY_ID_INVALID', 'ENTRY_ID_INVALID'],
  ['an id with a line feed', addKey({ id: 'a\n' }), 'ENTRY_ID_INVALID', 'ENTRY_ID_INVALID'],
  ['an id beyond base64url', addKey({ id: 'a.b' }), 'ENTRY_ID_INVALID', 'ENTRY_ID_INVALID'],
  ['an id that is a number', addKey({ id: 1 }), 'ENTRY_ID_INVALID', 'ENTRY_ID_INVALID'],
  [
    'two keys of one id',
    [{ action: 'add-public-keys', publicKeys: [keyEntry('k'), keyEntry('k')] }],
    'ENTRY_ID_DUPLICATE',
    'ENTRY_ID_DUPLICATE',
  ],
  ['a type that is a number', addKey({ type: 1 }), 'PUBLIC_KEY_TYPE_INVALID', 'PUBLIC_KEY_TYPE_INVALID'],
  [
    'an unknown member of a key',
    addKey({ extra: 1 }),
    'PUBLIC_KEY_MEMBERS_INVALID',
    'PUBLIC_KEY_MEMBERS_INVALID',
  ],
  ['publicKeyJwk null', addKey({ publicKeyJwk: null }), 'accepted', 'PUBLIC_KEY_JWK_INVALID'],
  ['publicKeyJwk of an unknown kind', addKey({ publicKeyJwk: { kty: 'XYZ', a: 1 } }), 'accepted', 'accepted'],
  ['publicKeyJwk without kty', addKey({ publicKeyJwk: {} }), 'accepted', 'PUBLIC_KEY_JWK_INVALID'],
  [
    'publicKeyJwk with an x that is no base64url',
    addKey({ publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: '!' } }),
    'accepted',
    'PUBLIC_KEY_JWK_INVALID',
  ],
  [
    'publicKeyJwk that is an array',
    addKey({ publicKeyJwk: [] }),
    'PUBLIC_KEY_JWK_INVALID',
    'PUBLIC_KEY_JWK_INVALID',
  ],
  ['a private key', addKey({ publicKeyJwk: privateKey('p') }), 'accepted', 'PUBLIC_KEY_PRIVATE'],
  ['a symmetric key', addKey({ publicKeyJwk: { kty: 'oct', k: 'AAAA' } }), 'accepted', 'PUBLIC_KEY_PRIVATE'],
  [
    'a multibase key',
    [{ action: 'add-public-keys', publicKeys: [{ ...keyWithoutMaterial, publicKeyMultibase: multibase }] }],
    'PUBLIC_KEY_MEMBERS_INVALID',
    'accepted',
  ],
  [
    'a multibase key in base58 with a 0',
    [{ action: 'add-public-keys', publicKeys: [{ ...keyWithoutMaterial, publicKeyMultibase: 'z0' }] }],
    'PUBLIC_KEY_MEMBERS_INVALID',
    'PUBLIC_KEY_MULTIBASE_INVALID',
  ],
  [
    'a key in two forms',
    addKey({ publicKeyMultibase: multibase }),
    'PUBLIC_KEY_MEMBERS_INVALID',
    'PUBLIC_KEY_MEMBERS_INVALID',
  ],
  [
    'a key in no form',
    [{ action: 'add-public-keys', publicKeys: [keyWithoutMaterial] }],
    'PUBLIC_KEY_MEMBERS_INVALID',
    'PUBLIC_KEY_MEMBERS_INVALID',
  ],
  ['a controller', addKey({ controller: 'did:example:abc' }), 'PUBLIC_KEY_MEMBERS_INVALID', 'accepted'],
  [
    'a controller that is no DID',
    addKey({ controller: 'abc' }),
    'PUBLIC_KEY_MEMBERS_INVALID',
    'PUBLIC_KEY_CONTROLLER_INVALID',
  ],
  [
    'an unknown member of add-public-keys',
    [{ action: 'add-public-keys', publicKeys: [], x: 1 }],
    'PATCH_MEMBERS_INVALID',
    'PATCH_MEMBERS_INVALID',
  ],
  [
    'publicKeys that are no array',
    [{ action: 'add-public-keys', publicKeys: {} }],
    'PUBLIC_KEYS_INVALID',
    'PUBLIC_KEYS_INVALID',
  ],
  ['a service', addService({}), 'accepted', 'accepted'],
  [
    'a service of an object',
    addService({ serviceEndpoint: { origins: ['https://a.example'] } }),
    'accepted',
    'accepted',
  ],
  [
    'two services of one id (sidetree#951)',
    [{ action: 'add-services', services: [serviceEntry('s'), serviceEntry('s')] }],
    'ENTRY_ID_DUPLICATE',
    'ENTRY_ID_DUPLICATE',
  ],
  ['serviceEndpoint null', addService({ serviceEndpoint: null }), 'accepted', 'SERVICE_ENDPOINT_INVALID'],
  [
    'serviceEndpoint without a scheme',
    addService({ serviceEndpoint: 'abc' }),
    'accepted',
    'SERVICE_ENDPOINT_INVALID',
  ],
  [
    'serviceEndpoint with a space',
    addService({ serviceEndpoint: 'abc def' }),
    'accepted',
    'SERVICE_ENDPOINT_INVALID',
  ],
  [
    'serviceEndpoint http://',
    addService({ serviceEndpoint: 'http://' }),
    'SERVICE_ENDPOINT_INVALID',
    'SERVICE_ENDPOINT_INVALID',
  ],
  [
    'serviceEndpoint with a broken escape',
    addService({ serviceEndpoint: 'https://a.example/%zz' }),
    'accepted',
    'SERVICE_ENDPOINT_INVALID',
  ],
  [
    'serviceEndpoint that is an array',
    addService({ serviceEndpoint: ['https://a.example'] }),
    'SERVICE_ENDPOINT_INVALID',
    'SERVICE_ENDPOINT_INVALID',
  ],
  [
    'serviceEndpoint that is a number',
    addService({ serviceEndpoint: 1 }),
    'SERVICE_ENDPOINT_INVALID',
    'SERVICE_ENDPOINT_INVALID',
  ],
  ['a service type of 30 characters', addService({ type: 'x'.repeat(30) }), 'accepted', 'accepted'],
  [
    'a service type of 31 characters',
    addService({ type: 'x'.repeat(31) }),
    'SERVICE_TYPE_INVALID',
    'SERVICE_TYPE_INVALID',
  ],
  ['a service type with a space', addService({ type: 'a b' }), 'accepted', 'SERVICE_TYPE_INVALID'],
  [
    'a fourth member of a service',
    addService({ extra: 1 }),
    'SERVICE_MEMBERS_INVALID',
    'SERVICE_MEMBERS_INVALID',
  ],
  [
    'replace',
    [{ action: 'replace', document: { publicKeys: [keyEntry('k')], services: [] } }],
    'accepted',
    'accepted',
  ],
  ['replace by an empty document', [{ action: 'replace', document: {} }], 'accepted', 'accepted'],
  ['replace by an empty array', [{ action: 'replace', document: [] }], 'accepted', 'PATCH_DOCUMENT_INVALID'],
  [
    'replace by null',
    [{ action: 'replace', document: null }],
    'PATCH_DOCUMENT_INVALID',
    'PATCH_DOCUMENT_INVALID',
  ],
  [
    'replace with a sibling of document',
    [{ action: 'replace', document: {}, x: 1 }],
    'accepted',
    'PATCH_MEMBERS_INVALID',
  ],
  [
    'replace with an unknown member of document',
    [{ action: 'replace', document: { alsoKnownAs: [] } }],
    'PATCH_DOCUMENT_INVALID',
    'PATCH_DOCUMENT_INVALID',
  ],
  ['remove-public-keys', [{ action: 'remove-public-keys', ids: ['a'] }], 'accepted', 'accepted'],
  ['remove-services', [{ action: 'remove-services', ids: [] }], 'accepted', 'accepted'],
  [
    'ids that are no array',
    [{ action: 'remove-services', ids: 'a' }],
    'PATCH_IDS_INVALID',
    'PATCH_IDS_INVALID',
  ],
  [
    'an id to remove that is none',
    [{ action: 'remove-public-keys', ids: ['a b'] }],
    'ENTRY_ID_INVALID',
    'ENTRY_ID_INVALID',
  ],
  [
    'add-also-known-as',
    [{ action: 'add-also-known-as', uris: ['did:example:1'] }],
    'PATCH_ACTION_UNKNOWN',
    'accepted',
  ],
  [
    'add-also-known-as of no URI',
    [{ action: 'add-also-known-as', uris: ['x'] }],
    'PATCH_ACTION_UNKNOWN',
    'PATCH_URIS_INVALID',
  ],
  [
    'ietf-json-patch',
    [{ action: 'ietf-json-patch', patches: [{ op: 'remove', path: '/services' }] }],
    'PATCH_ACTION_UNKNOWN',
    'accepted',
  ],
]

describe('validatePatches', () => {
  test.for(VERDICTS)('%s', ([, patches, ion, rootline]) => {
    // As from JSON: members that are undefined are not there.
    const parsed: unknown = JSON.parse(JSON.stringify(patches))
    expect({ ion: verdict(parsed, ION), rootline: verdict(parsed, ROOTLINE) }).toEqual({ ion, rootline })
  })

  test('a member named __proto__ is an unknown member', () => {
    const patch = JSON.parse('[{"action":"remove-services","ids":[],"__proto__":1}]')
    expect(verdict(patch, ROOTLINE)).toBe('PATCH_MEMBERS_INVALID')
    expect(verdict(JSON.parse(JSON.stringify(addKey(NO_MATERIAL))), ROOTLINE)).toBe(
      'PUBLIC_KEY_MEMBERS_INVALID',
    )
  })

  test('throws nothing but SidetreeError', () => {
    const actions = ROOTLINE.patchActions
    const member = fc.oneof(fc.jsonValue(), fc.constant([keyEntry('k')]), fc.constant([serviceEntry('s')]))
    const patch = fc.record(
      {
        action: fc.oneof(fc.constantFrom(...actions), fc.jsonValue()),
        publicKeys: member,
        services: member,
        document: fc.oneof(fc.jsonValue(), fc.record({ publicKeys: member, services: member })),
        ids: member,
        uris: member,
        patches: member,
      },
      { requiredKeys: ['action'] },
    )
    fc.assert(
      fc.property(fc.oneof(fc.jsonValue(), fc.array(patch)), patches => {
        expect(verdict(patches, ROOTLINE)).toMatch(/^accepted$|^[A-Z_]+$/)
        expect(verdict(patches, ION)).toMatch(/^accepted$|^[A-Z_]+$/)
      }),
    )
  })
})

describe('applyPatches', () => {
  const apply = (document: DocumentState, ...patches: Patch[]) => applyPatches(document, patches, ROOTLINE)
  const [a, b, c] = [keyEntry('a'), keyEntry('b'), keyEntry('c')]

  test('an id that exists is overwritten in its place', () => {
    const changed = { ...a, type: 'Other' }
    expect(apply({ publicKeys: [a, b] }, { action: 'add-public-keys', publicKeys: [c, changed] })).toEqual({
      publicKeys: [changed, b, c],
    })
    const s = serviceEntry('a')
    expect(
      apply(
        { services: [s, serviceEntry('b')] },
        { action: 'add-services', services: [{ ...s, type: 'Other' }] },
      ),
    ).toEqual({ services: [{ ...s, type: 'Other' }, serviceEntry('b')] })
  })

  test('removing what does not exist succeeds', () => {
    expect(apply({}, { action: 'remove-public-keys', ids: ['x'] })).toEqual({})
    expect(apply({ publicKeys: [a] }, { action: 'remove-public-keys', ids: ['x'] })).toEqual({
      publicKeys: [a],
    })
    expect(apply({}, { action: 'remove-also-known-as', uris: ['did:x:y'] })).toEqual({})
  })

  test('replace takes the place of everything', () => {
    const before = { publicKeys: [a], alsoKnownAs: ['did:x:y'] }
    expect(apply(before, { action: 'replace', document: { publicKeys: [b] } })).toEqual({ publicKeys: [b] })
    expect(before).toEqual({ publicKeys: [a], alsoKnownAs: ['did:x:y'] })
  })

  test('alsoKnownAs holds each URI once', () => {
    const added = apply(
      { alsoKnownAs: ['did:x:1'] },
      { action: 'add-also-known-as', uris: ['did:x:2', 'did:x:1', 'did:x:2'] },
    )
    expect(added).toEqual({ alsoKnownAs: ['did:x:1', 'did:x:2'] })
    expect(apply(added, { action: 'remove-also-known-as', uris: ['did:x:1'] })).toEqual({
      alsoKnownAs: ['did:x:2'],
    })
  })

  test('patches apply in their order', () => {
    expect(
      apply(
        { publicKeys: [a] },
        { action: 'remove-public-keys', ids: ['a'] },
        { action: 'add-public-keys', publicKeys: [b] },
        { action: 'add-public-keys', publicKeys: [a] },
      ),
    ).toEqual({ publicKeys: [b, a] })
  })

  test('a JSON patch must leave a valid document', () => {
    const patch = (...patches: JsonValue[]): Patch => ({ action: 'ietf-json-patch', patches })
    expect(
      apply({ publicKeys: [a] }, patch({ op: 'replace', path: '/publicKeys/0/type', value: 'Other' })),
    ).toEqual({ publicKeys: [{ ...a, type: 'Other' }] })
    for (const broken of [
      { op: 'add', path: '/other', value: 1 },
      { op: 'replace', path: '/publicKeys/0/id', value: 'not an id' },
      { op: 'copy', from: '/publicKeys/0', path: '/publicKeys/-' },
      { op: 'add', path: '/publicKeys/0/publicKeyJwk/d', value: 'secret' },
      { op: 'replace', path: '', value: [] },
    ]) {
      expect(() => apply({ publicKeys: [a] }, patch(broken))).toThrow(
        expect.objectContaining({ code: 'PATCH_FAILED' }),
      )
    }
  })
})
