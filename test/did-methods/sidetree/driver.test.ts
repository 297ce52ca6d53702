import type { DIDResolutionResult } from 'did-resolver'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { VersionRequest } from '../../../did-methods/did-url.ts'
import type { DidErrorCode } from '../../../did-methods/errors.ts'
import { type SidetreeResolver, sidetreeDriver } from '../../../did-methods/sidetree/driver.ts'
import { encodeBase64url } from '../../../src/codec/base64url.ts'
import { encodedMultihash } from '../../../src/codec/multihash.ts'
import { expectFailure, expectOutcome, resolveWith } from '../resolve.ts'

const SUFFIX = encodedMultihash('a')
const LONG = encodeBase64url(Buffer.from('{"delta":{},"suffixData":{}}'))

/** A node that answers every DID with an empty document, and remembers what it was asked. */
function answering(): SidetreeResolver & { asked: [string, VersionRequest][] } {
  const asked: [string, VersionRequest][] = []
  return {
    asked,
    resolve: async (did, version): Promise<DIDResolutionResult> => {
      asked.push([did, version])
      return { didResolutionMetadata: {}, didDocument: { id: did }, didDocumentMetadata: { versionId: 'v' } }
    },
  }
}

const driverOf = (resolver: SidetreeResolver) => sidetreeDriver({ methods: ['rootline', 'ion'], resolver })

describe('sidetreeDriver', () => {
  it.each([
    `did:rootline:${SUFFIX}`,
    `did:rootline:${SUFFIX}:${LONG}`,
    `did:ion:test:${SUFFIX}`,
    `did:ion:test:${SUFFIX}:${LONG}`,
  ])('asks the node for %s', async did => {
    const node = answering()
    const result = await resolveWith(driverOf(node), did)
    expect(result).toEqual({
      didResolutionMetadata: { contentType: 'application/did' },
      didDocument: { id: did },
      didDocumentMetadata: { versionId: 'v' },
    })
    expect(node.asked).toEqual([[did, {}]])
  })

  it('hands the version on, from the options and from the DID URL', async () => {
    const node = answering()
    const did = `did:rootline:${SUFFIX}`
    await resolveWith(driverOf(node), did, { versionId: 'a' })
    await resolveWith(driverOf(node), `${did}?versionTime=2026-01-01T00:00:00Z#key`)
    expect(node.asked).toEqual([
      [did, { versionId: 'a' }],
      [did, { versionTime: '2026-01-01T00:00:00Z' }],
    ])
  })

  it.each([
    ['did:rootline:abc', 'SIDETREE_SUFFIX_INVALID'],
    [`did:rootline:${SUFFIX.slice(0, -1)}`, 'SIDETREE_SUFFIX_INVALID'],
    [`did:rootline:${SUFFIX.slice(0, -1)}=`, 'DID_INVALID'],
    [`did:rootline:${encodeBase64url(Buffer.alloc(34))}`, 'SIDETREE_SUFFIX_INVALID'],
    [`did:rootline:${SUFFIX}:a.b`, 'SIDETREE_SUFFIX_INVALID'],
    [`did:rootline:${SUFFIX}:e31`, 'SIDETREE_SUFFIX_INVALID'],
    [`did:rootline:${SUFFIX}:${LONG}:${LONG}`, 'SIDETREE_SUFFIX_INVALID'],
    [`did:other:${SUFFIX}`, 'DID_METHOD_UNSUPPORTED'],
  ] as [string, DidErrorCode][])('refuses %s without asking the node', async (did, code) => {
    const node = answering()
    expectFailure(await resolveWith(driverOf(node), did), code)
    expect(node.asked).toEqual([])
  })

  it('hands a failure of the node on as it is', async () => {
    const failure = {
      didResolutionMetadata: { error: 'notFound' },
      didDocument: null,
      didDocumentMetadata: {},
    }
    const result = await resolveWith(driverOf({ resolve: async () => failure }), `did:ion:${SUFFIX}`)
    expect(result).toBe(failure)
  })

  it('gives a document or a failure for any text', async () => {
    const part = fc.constantFrom(SUFFIX, LONG, 'test', '', 'a', SUFFIX.slice(1))
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.array(part).map(parts => parts.join(':')),
        ),
        async id => {
          expectOutcome(await resolveWith(driverOf(answering()), `did:rootline:${id}`))
        },
      ),
    )
  })
})
