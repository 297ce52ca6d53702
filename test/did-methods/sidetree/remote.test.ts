import type { RequestListener } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { REMOTE_ERROR } from '../../../did-methods/errors.ts'
import { sidetreeDriver } from '../../../did-methods/sidetree/driver.ts'
import { type RemoteSidetreeOptions, remoteSidetree } from '../../../did-methods/sidetree/remote.ts'
import { encodeBase64url } from '../../../src/codec/base64url.ts'
import { encodedMultihash } from '../../../src/codec/multihash.ts'
import { type LocalServer, serveHttp } from '../../net/servers.ts'
import { expectFailure, resolveWith } from '../resolve.ts'

const DID = `did:rootline:${encodedMultihash('a')}`
const LONG = `${DID}:${encodeBase64url(Buffer.from('{"delta":{},"suffixData":{}}'))}`
let server: LocalServer
let answer: RequestListener = (_request, response) => response.end()

beforeAll(async () => {
  server = await serveHttp((request, response) => answer(request, response))
})
afterAll(() => server.close())

function serve(
  status: number,
  body: unknown,
): { url: string | undefined; headers: Record<string, unknown> }[] {
  const requests: { url: string | undefined; headers: Record<string, unknown> }[] = []
  answer = (request, response) => {
    requests.push({ url: request.url, headers: request.headers })
    response.writeHead(status).end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  return requests
}

function resolve(did: string, options = {}, remote: RemoteSidetreeOptions = {}, base = server.origin) {
  const resolver = remoteSidetree(base, { allowHttp: true, allowPrivate: true, ...remote })
  return resolveWith(sidetreeDriver({ methods: ['rootline'], resolver }), did, options)
}

describe('remoteSidetree', () => {
  it('marks what the other node says as its word', async () => {
    const requests = serve(200, {
      '@context': 'https://w3id.org/did-resolution/v1',
      didDocument: { id: DID, authentication: ['#k'] },
      didResolutionMetadata: { basis: 'computed', anything: 1 },
      didDocumentMetadata: { versionId: 'v', published: true },
    })
    expect(await resolve(DID)).toEqual({
      didResolutionMetadata: { contentType: 'application/did', basis: 'remote', source: server.origin },
      didDocument: { id: DID, authentication: ['#k'] },
      didDocumentMetadata: { versionId: 'v', published: true },
    })
    expect(requests[0]?.url).toBe(`/1.0/identifiers/${encodeURIComponent(DID)}`)
    expect(requests[0]?.headers['accept']).toBe('application/did-resolution')
    expect(requests[0]?.headers['authorization']).toBeUndefined()
  })

  it('asks for a version, with its token, below the path of the node', async () => {
    const requests = serve(200, { didDocument: { id: DID } })
    await resolve(
      `${DID}?versionTime=2026-01-01T00:00:00%2B01:00`,
      {},
      { token: 't' },
      `${server.origin}/node/`,
    )
    const url = new URL(requests[0]?.url ?? '', server.origin)
    expect(url.pathname).toBe(`/node/1.0/identifiers/${encodeURIComponent(DID)}`)
    expect([...url.searchParams]).toEqual([['versionTime', '2026-01-01T00:00:00+01:00']])
    expect(requests[0]?.headers['authorization']).toBe('Bearer t')
  })

  it.each([
    [DID, LONG],
    [LONG, DID],
    [LONG, LONG],
  ])('takes a document of another form of the same DID', async (did, id) => {
    serve(200, { didDocument: { id } })
    expect((await resolve(did)).didDocument?.id).toBe(id)
  })

  it('a deactivated DID has its metadata and no document', async () => {
    serve(410, { didDocument: null, didDocumentMetadata: { deactivated: true, versionId: 'v' } })
    expect(await resolve(DID)).toEqual({
      didResolutionMetadata: { basis: 'remote', source: server.origin },
      didDocument: null,
      didDocumentMetadata: { deactivated: true, versionId: 'v' },
    })
  })

  const uri = (name: string) => ({
    type: `https://www.w3.org/ns/did#${name}`,
    title: 'short',
    detail: 'said so',
  })
  it.each([
    ['a URI', 404, { didResolutionMetadata: { error: uri('NOT_FOUND') } }, 'notFound', 'said so'],
    [
      'a URI of another status',
      500,
      { didResolutionMetadata: { error: uri('INVALID_DID') } },
      'invalidDid',
      'said so',
    ],
    ['a name', 400, { didResolutionMetadata: { error: 'invalidOptions' } }, 'invalidOptions', undefined],
    ['an unknown name', 400, { didResolutionMetadata: { error: 'constructor' } }, 'invalidDid', undefined],
    ['status 404', 404, 'not here', 'notFound', undefined],
    ['status 406', 406, '', 'representationNotSupported', undefined],
    ['status 501', 501, '', 'methodNotSupported', undefined],
    ['status 503', 503, '<html>', 'internalError', undefined],
    ['status 410 without its reason', 410, {}, 'notFound', undefined],
    ['status 204', 204, '', 'internalError', undefined],
  ])('words %s', async (_name, status, body, error, detail) => {
    serve(status, body)
    const { didResolutionMetadata, didDocument } = await resolve(DID)
    expect(didDocument).toBeNull()
    expect(didResolutionMetadata).toMatchObject({
      error,
      code: REMOTE_ERROR,
      basis: 'remote',
      source: server.origin,
    })
    expect(didResolutionMetadata['errorMessage']).toBe(
      detail ?? `the other node answered with status ${status}`,
    )
    expect(didResolutionMetadata['transient']).toBe(error === 'internalError' ? true : undefined)
  })

  it.each([
    ['no JSON', '<html>', 'REMOTE_ANSWER_INVALID'],
    ['no document', { didDocument: null }, 'REMOTE_ANSWER_INVALID'],
    ['a text for a document', { didDocument: 'x' }, 'DOCUMENT_INVALID'],
    [
      'the document of another DID',
      { didDocument: { id: `did:rootline:${encodedMultihash('b')}` } },
      'DOCUMENT_ID_MISMATCH',
    ],
    ['a document of the method as a whole', { didDocument: { id: 'did:rootline' } }, 'DOCUMENT_ID_MISMATCH'],
    ['a malformed document', { didDocument: { id: DID, service: 1 } }, 'DOCUMENT_INVALID'],
  ] as const)('refuses %s', async (_name, body, code) => {
    serve(200, body)
    expectFailure(await resolve(DID), code)
  })

  it.each([
    ['plain http', { allowHttp: false }, 'FETCH_REFUSED'],
    ['a private address', { allowPrivate: false }, 'FETCH_REFUSED'],
    ['an answer beyond the bound', { maxBytes: 10 }, 'FETCH_REFUSED'],
  ] as const)('refuses %s', async (_name, remote, code) => {
    serve(200, { didDocument: { id: DID } })
    expectFailure(await resolve(DID, {}, remote), code)
  })

  it('a node that is not there may be there later', async () => {
    const gone = await serveHttp(() => {})
    await gone.close()
    const result = await resolve(DID, {}, {}, gone.origin)
    expectFailure(result, 'FETCH_FAILED')
    expect(result.didResolutionMetadata['transient']).toBe(true)
  })

  it('gives a result whatever the other node answers', async () => {
    const value = fc.oneof(
      fc.jsonValue(),
      fc.constantFrom<unknown>({ id: DID }, { deactivated: true }, { error: 'x' }),
    )
    const member = fc.constantFrom('didDocument', 'didDocumentMetadata', 'didResolutionMetadata')
    const body = fc.oneof(
      fc.string(),
      fc.dictionary(member, value).map(object => JSON.stringify(object)),
    )
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(200, 400, 404, 410, 500), async (text, status) => {
        serve(status, text)
        const { didDocument, didResolutionMetadata, didDocumentMetadata } = await resolve(DID)
        if (didDocument === null && didDocumentMetadata.deactivated !== true) {
          expect(didResolutionMetadata.error).toBeDefined()
        }
      }),
    )
  })
})
