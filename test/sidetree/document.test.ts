import { describe, expect, test } from 'vitest'
import { type ParsedDid, parseDid } from '../../src/sidetree/did.ts'
import { toDidDocument, toResolutionResult } from '../../src/sidetree/document.ts'
import { ROOTLINE } from '../../src/sidetree/parameters.ts'
import type { DidState } from '../../src/sidetree/state.ts'
import { at, keyEntry, serviceEntry } from './operations.ts'

const SUFFIX = 'EiDyOQbbZAa3aiRzeCkV7LOx3SERjjH93EXoIM3UoN4oWg'
const SHORT = `did:rootline:${SUFFIX}`
const LONG = `${SHORT}:e30`

const state: DidState = {
  suffix: SUFFIX,
  document: {
    publicKeys: [
      { ...keyEntry('a'), purposes: ['authentication', 'assertionMethod'] },
      { id: 'b', type: 'Multikey', publicKeyMultibase: 'z6Mk', controller: 'did:example:other' },
    ],
    services: [serviceEntry('s')],
    alsoKnownAs: ['https://example.com'],
  },
  updateCommitment: 'u1',
  recoveryCommitment: 'r0',
  deactivated: false,
  versionId: 'v2',
  operationCount: 2,
  created: at(1_700_000_000),
  updated: at(1_700_000_060),
  createdWithDelta: true,
  epoch: { versionId: 'v1', operationCount: 1, updated: at(1_700_000_000) },
}

function parsed(text: string): ParsedDid {
  return parseDid(text, { name: 'rootline' }, ROOTLINE)
}

describe('DID document', () => {
  test('has relative ids under @base, and the DID as controller unless another is given', () => {
    expect(toDidDocument(state, SHORT)).toEqual({
      id: SHORT,
      '@context': ['https://www.w3.org/ns/did/v1', { '@base': SHORT }],
      alsoKnownAs: ['https://example.com'],
      service: [{ id: '#s', type: 'T', serviceEndpoint: 'https://example.com/s' }],
      verificationMethod: [
        {
          id: '#a',
          type: 'JsonWebKey2020',
          controller: SHORT,
          publicKeyJwk: keyEntry('a').publicKeyJwk,
        },
        { id: '#b', type: 'Multikey', controller: 'did:example:other', publicKeyMultibase: 'z6Mk' },
      ],
      authentication: ['#a'],
      assertionMethod: ['#a'],
    })
  })

  test('of a deactivated DID is nothing but its id', () => {
    expect(toDidDocument({ ...state, deactivated: true }, SHORT)).toEqual({
      id: SHORT,
      '@context': ['https://www.w3.org/ns/did/v1', { '@base': SHORT }],
    })
  })
})

describe('resolution result in rootline', () => {
  const metadata = (text: string, published: boolean, change: Partial<DidState> = {}) =>
    toResolutionResult({ ...state, ...change }, parsed(text), { published, profile: 'rootline' })

  test('of an anchored DID by its short form', () => {
    expect(metadata(SHORT, true).didDocumentMetadata).toEqual({
      method: { published: true, recoveryCommitment: 'r0', updateCommitment: 'u1' },
      canonicalId: SHORT,
      equivalentId: [SHORT],
      deactivated: false,
      created: '2023-11-14T22:13:20Z',
      updated: '2023-11-14T22:14:20Z',
      versionId: 'v2',
    })
  })

  test('of an anchored DID by its long form has the short form as id and the long form as equivalent', () => {
    const { didDocument, didDocumentMetadata } = metadata(LONG, true)
    expect(didDocument.id).toBe(SHORT)
    expect(didDocumentMetadata).toMatchObject({ canonicalId: SHORT, equivalentId: [SHORT, LONG] })
  })

  test('of a DID that is not anchored has no canonical id, no version and no dates', () => {
    const { didDocument, didDocumentMetadata } = metadata(LONG, false)
    expect(didDocument.id).toBe(LONG)
    expect(didDocumentMetadata).toEqual({
      method: { published: false, recoveryCommitment: 'r0', updateCommitment: 'u1' },
      equivalentId: [SHORT],
      deactivated: false,
    })
  })

  test('has no `updated` before the first update', () => {
    expect(metadata(SHORT, true, { operationCount: 1 }).didDocumentMetadata).not.toHaveProperty('updated')
  })

  test('of a deactivated DID says so', () => {
    expect(metadata(LONG, true, { deactivated: true })).toMatchObject({
      didDocument: { id: SHORT },
      didDocumentMetadata: { deactivated: true, canonicalId: SHORT },
    })
  })

  test('of a version that is not the last names the next', () => {
    const options = { published: true, profile: 'rootline', nextVersionId: 'v3' } as const
    expect(toResolutionResult(state, parsed(SHORT), options).didDocumentMetadata.nextVersionId).toBe('v3')
  })
})

describe('resolution result in ion', () => {
  test('keeps the long form as id, also of an anchored DID', () => {
    const options = { published: true, profile: 'ion' } as const
    const { didDocument, didDocumentMetadata } = toResolutionResult(state, parsed(LONG), options)
    expect(didDocument.id).toBe(LONG)
    expect(didDocumentMetadata).toEqual({
      method: { published: true, recoveryCommitment: 'r0', updateCommitment: 'u1' },
      canonicalId: SHORT,
      equivalentId: [SHORT],
    })
  })
})
