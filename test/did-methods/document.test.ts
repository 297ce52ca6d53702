import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkDocument, type DocumentRules } from '../../did-methods/document.ts'
import { DidError, type DidErrorCode } from '../../did-methods/errors.ts'
import type { JsonObject } from '../../src/codec/json.ts'

const DID = 'did:web:example.com'
const STRICT: DocumentRules = { isSubject: id => id === DID, relativeUrls: 'refuse' }
const METHOD = { id: `${DID}#k`, type: 'Multikey', controller: DID, publicKeyMultibase: 'z6Mk' }
const GOOD: JsonObject = {
  '@context': ['https://www.w3.org/ns/did/v1', { x: 'https://x.example/' }],
  id: DID,
  controller: 'did:web:other.example',
  alsoKnownAs: ['https://example.com/'],
  verificationMethod: [METHOD],
  authentication: [`${DID}#k`, { ...METHOD, id: `${DID}#embedded` }],
  assertionMethod: ['did:web:other.example#k'],
  service: [{ id: `${DID}#s`, type: ['A', 'B'], serviceEndpoint: [{ uri: 'x' }, 'https://x.example'] }],
  'https://unknown.example/property': { anything: [1] },
}

function codeOf(document: JsonObject, rules = STRICT): DidErrorCode | undefined {
  try {
    expect(checkDocument(document, rules)).toBe(document)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DidError)
    return (error as DidError).code
  }
}

describe('checkDocument', () => {
  it('accepts a document of every property, and the smallest one', () => {
    expect(codeOf(GOOD)).toBeUndefined()
    expect(codeOf({ id: DID })).toBeUndefined()
    expect(codeOf({ '@context': 'https://www.w3.org/ns/did/v1.1', id: DID })).toBeUndefined()
  })

  const faults: [string, JsonObject, DidErrorCode][] = [
    ['another id', { id: 'did:web:evil.example' }, 'DOCUMENT_ID_MISMATCH'],
    ['no id', { id: null }, 'DOCUMENT_ID_MISMATCH'],
    ['a list of ids', { id: [DID] }, 'DOCUMENT_ID_MISMATCH'],
    ['another first context', { '@context': ['https://x.example'] }, 'DOCUMENT_INVALID'],
    ['an empty context', { '@context': [] }, 'DOCUMENT_INVALID'],
    ['a context of null', { '@context': null }, 'DOCUMENT_INVALID'],
    ['a controller that is a number', { controller: 1 }, 'DOCUMENT_INVALID'],
    ['controllers that are numbers', { controller: [1] }, 'DOCUMENT_INVALID'],
    ['alsoKnownAs that is a text', { alsoKnownAs: 'x' }, 'DOCUMENT_INVALID'],
    ['verificationMethod that is an object', { verificationMethod: METHOD }, 'DOCUMENT_INVALID'],
    ['a verification method that is a text', { verificationMethod: ['x'] }, 'DOCUMENT_INVALID'],
    ['a method without id', { verificationMethod: [{ ...METHOD, id: null }] }, 'DOCUMENT_INVALID'],
    ['a method whose id is no DID URL', { verificationMethod: [{ ...METHOD, id: 'k' }] }, 'DOCUMENT_INVALID'],
    ['a method without type', { verificationMethod: [{ ...METHOD, type: 1 }] }, 'DOCUMENT_INVALID'],
    [
      'a method without controller',
      { verificationMethod: [{ ...METHOD, controller: [] }] },
      'DOCUMENT_INVALID',
    ],
    ['a method of a relative id', { verificationMethod: [{ ...METHOD, id: '#k' }] }, 'DOCUMENT_RELATIVE_URL'],
    ['a relative reference', { authentication: ['#k'] }, 'DOCUMENT_RELATIVE_URL'],
    ['a reference that is no DID URL', { authentication: ['k'] }, 'DOCUMENT_INVALID'],
    ['a reference that is a number', { authentication: [1] }, 'DOCUMENT_INVALID'],
    ['the same id twice', { verificationMethod: [METHOD, METHOD] }, 'DOCUMENT_INVALID'],
    ['an embedded method of a taken id', { authentication: [METHOD] }, 'DOCUMENT_INVALID'],
    [
      'a private key',
      { verificationMethod: [{ ...METHOD, publicKeyJwk: { kty: 'OKP', crv: 'Ed25519', x: 'x', d: 'd' } }] },
      'DOCUMENT_PRIVATE_KEY',
    ],
    [
      'a symmetric key',
      { authentication: [{ ...METHOD, id: `${DID}#o`, publicKeyJwk: { kty: 'oct' } }] },
      'DOCUMENT_PRIVATE_KEY',
    ],
    [
      'a publicKeyJwk that is a text',
      { verificationMethod: [{ ...METHOD, publicKeyJwk: 'x' }] },
      'DOCUMENT_INVALID',
    ],
    ['a service without id', { service: [{ type: 'A', serviceEndpoint: 'x' }] }, 'DOCUMENT_INVALID'],
    [
      'a service of a relative id',
      { service: [{ id: '#s', type: 'A', serviceEndpoint: 'x' }] },
      'DOCUMENT_RELATIVE_URL',
    ],
    [
      'a service of a taken id',
      { service: [{ id: `${DID}#k`, type: 'A', serviceEndpoint: 'x' }] },
      'DOCUMENT_INVALID',
    ],
    [
      'a service without type',
      { service: [{ id: 'x:s', type: [], serviceEndpoint: 'x' }] },
      'DOCUMENT_INVALID',
    ],
    ['a service without endpoint', { service: [{ id: 'x:s', type: 'A' }] }, 'DOCUMENT_INVALID'],
    [
      'an endpoint that is a number',
      { service: [{ id: 'x:s', type: 'A', serviceEndpoint: [1] }] },
      'DOCUMENT_INVALID',
    ],
  ]
  it.each(faults)('refuses %s', (_name, change, code) => {
    expect(codeOf({ ...GOOD, ...change })).toBe(code)
  })

  it('accepts relative DID URLs where the method has them', () => {
    const document = {
      id: DID,
      verificationMethod: [{ ...METHOD, id: '#k' }],
      authentication: ['#k'],
      service: [{ id: '#s', type: 'A', serviceEndpoint: 'x' }],
    }
    expect(codeOf(document, { ...STRICT, relativeUrls: 'accept' })).toBeUndefined()
  })

  it('gives the document back or throws a DidError, whatever a property holds', () => {
    const name = fc.constantFrom(...Object.keys(GOOD))
    fc.assert(
      fc.property(fc.dictionary(name, fc.oneof(fc.jsonValue(), fc.array(fc.jsonValue()))), rest => {
        codeOf({ ...GOOD, ...rest } as JsonObject)
      }),
    )
  })
})
