import type { DIDDocument } from 'did-resolver'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { dereference } from '../../did-methods/dereference.ts'
import { DidError, type DidErrorCode } from '../../did-methods/errors.ts'

const DID = 'did:example:1'
const method = (id: string) => ({ id, type: 'Multikey', controller: DID, publicKeyMultibase: 'z6Mk' })
const DOCUMENT: DIDDocument = {
  id: DID,
  verificationMethod: [method(`${DID}#a`), method('#relative')],
  authentication: [`${DID}#a`, method(`${DID}#embedded`)],
  assertionMethod: ['#a', '#relative'],
  service: [
    { id: `${DID}#files`, type: 'Files', serviceEndpoint: 'https://files.example/base/' },
    {
      id: '#many',
      type: 'Many',
      serviceEndpoint: ['https://one.example/', { uri: 'x' }, 'https://two.example/'],
    },
    { id: '#map', type: 'Map', serviceEndpoint: { uri: 'https://map.example/' } },
    { id: '#anchored', type: 'Files', serviceEndpoint: 'https://files.example/#top' },
  ],
}

function codeOf(didUrl: string, document: DIDDocument = DOCUMENT): DidErrorCode | undefined {
  try {
    dereference(document, didUrl)
    return undefined
  } catch (error) {
    expect(error).toBeInstanceOf(DidError)
    return (error as DidError).code
  }
}

describe('dereference', () => {
  it('a DID gives the document', () => {
    expect(dereference(DOCUMENT, DID)).toEqual({ kind: 'document', document: DOCUMENT })
    expect(dereference(DOCUMENT, `${DID}?versionId=1`).kind).toBe('document')
  })

  it('a fragment gives the verification method and the relationships that list it', () => {
    expect(dereference(DOCUMENT, `${DID}#a`)).toMatchObject({
      kind: 'verificationMethod',
      verificationMethod: { id: `${DID}#a` },
      relationships: ['authentication', 'assertionMethod'],
    })
    expect(dereference(DOCUMENT, `${DID}#relative`)).toMatchObject({ relationships: ['assertionMethod'] })
  })

  it('an embedded method counts for its own relationship', () => {
    expect(dereference(DOCUMENT, `${DID}#embedded`)).toMatchObject({ relationships: ['authentication'] })
  })

  it('a fragment gives a service', () => {
    expect(dereference(DOCUMENT, `${DID}#files`)).toMatchObject({
      kind: 'service',
      service: { type: 'Files' },
    })
  })

  it('a DID of the same subject will do', () => {
    const long = `${DID}:long`
    expect(dereference(DOCUMENT, `${long}#a`, [long])).toMatchObject({ kind: 'verificationMethod' })
    expect(dereference({ ...DOCUMENT, id: long }, `${long}#a`, [DID])).toMatchObject({
      kind: 'verificationMethod',
    })
    expect(codeOf(`${long}#a`)).toBe('DID_URL_FOREIGN')
  })

  it.each([
    [`${DID}#none`, 'DID_URL_NOT_FOUND'],
    [`${DID}#`, 'DID_URL_NOT_FOUND'],
    [`${DID}/path`, 'DID_URL_NOT_FOUND'],
    [`${DID}?unknown=1`, 'DID_URL_NOT_FOUND'],
    [`${DID}?service=none`, 'DID_URL_NOT_FOUND'],
    [`${DID}?service=map`, 'DID_URL_NOT_FOUND'],
    [`${DID}?service=${DID}%23none`, 'DID_URL_NOT_FOUND'],
    ['did:example:2#a', 'DID_URL_FOREIGN'],
    ['#a', 'DID_URL_INVALID'],
    [`${DID}#a b`, 'DID_URL_INVALID'],
  ] as const)('%s: %s', (didUrl, code) => {
    expect(codeOf(didUrl)).toBe(code)
  })

  it('two resources of one name are ambiguous', () => {
    const twice = { ...DOCUMENT, verificationMethod: [method(`${DID}#a`), method('#a')] }
    expect(codeOf(`${DID}#a`, twice)).toBe('DID_URL_AMBIGUOUS')
    const both = {
      ...DOCUMENT,
      service: [{ id: `${DID}#a`, type: 'X', serviceEndpoint: 'https://x.example' }],
    }
    expect(codeOf(`${DID}#a`, both)).toBe('DID_URL_AMBIGUOUS')
  })

  it('an id of another DID is never taken for one of this document', () => {
    const foreign = {
      ...DOCUMENT,
      verificationMethod: [method('did:example:2#x'), method('x'), method('y#x')],
    }
    expect(codeOf(`${DID}#x`, foreign)).toBe('DID_URL_NOT_FOUND')
  })
})

describe('dereference of services', () => {
  it.each([
    ['?service=files', ['https://files.example/base/']],
    [`?service=${DID}%23files`, ['https://files.example/base/']],
    ['?service=files&relativeRef=a%3Fb', ['https://files.example/base/a?b']],
    ['?service=files&relativeRef=%2Froot', ['https://files.example/root']],
    ['?service=files#intro', ['https://files.example/base/#intro']],
    ['?service=many', ['https://one.example/', 'https://two.example/']],
    ['?serviceType=Many&relativeRef=x', ['https://one.example/x', 'https://two.example/x']],
    ['?serviceType=Files', ['https://files.example/base/', 'https://files.example/#top']],
  ])('%s', (query, urls) => {
    expect(dereference(DOCUMENT, DID + query)).toEqual({ kind: 'serviceEndpoints', urls })
  })

  it('refuses two fragments', () => {
    expect(codeOf(`${DID}?service=anchored#x`)).toBe('DID_URL_INVALID')
  })

  it('passes over an endpoint that is no URL when a reference is to be resolved against it', () => {
    const odd = { ...DOCUMENT, service: [{ id: '#s', type: 'S', serviceEndpoint: 'not a url' }] }
    expect(codeOf(`${DID}?service=s&relativeRef=x`, odd)).toBe('DID_URL_NOT_FOUND')
  })
})

it('a document of any shape gives a resource or a DidError', () => {
  const anything = fc.jsonValue()
  const property = fc.constantFrom(
    'verificationMethod',
    'authentication',
    'service',
    'assertionMethod',
    '@context',
  )
  fc.assert(
    fc.property(
      fc.dictionary(property, fc.oneof(anything, fc.array(anything))),
      fc.boolean(),
      (rest, service) => {
        const document = { ...rest, id: DID } as unknown as DIDDocument
        codeOf(service ? `${DID}?service=a` : `${DID}#a`, document)
      },
    ),
  )
})
