import { describe, expect, it } from 'vitest'
import { createDidResolver, encodeDidJwk, jwkDriver, keyDriver } from '../../did-methods/index.ts'
import { StoreError } from '../../src/store/errors.ts'
import { AUTHORIZED, serverFor } from './api.ts'
import { DID, DOCUMENT, ENDED_DID, FakeNode, UNKNOWN_DID, VERSION_ID } from './fake-node.ts'

const PATH = '/1.0/identifiers/'
const url = (didUrl: string, query = '') => `${PATH}${encodeURIComponent(didUrl)}${query}`

async function get(
  path: string,
  headers: Record<string, string> = {},
  parts: Parameters<typeof serverFor>[0] = {},
) {
  const app = await serverFor(parts)
  return app.inject({ url: path, headers })
}

describe('representations of a resolution', () => {
  it.each([
    [undefined, 'application/did-resolution'],
    ['*/*', 'application/did-resolution'],
    ['application/*', 'application/did-resolution'],
    ['application/did-resolution', 'application/did-resolution'],
    ['application/json', 'application/json'],
    ['text/html, application/xhtml+xml, */*;q=0.8', 'application/did-resolution'],
    [
      'application/ld+json;profile="https://w3id.org/did-resolution"',
      'application/ld+json;profile="https://w3id.org/did-resolution"',
    ],
    ['application/did;q=0.5, application/did-resolution;q=0.9', 'application/did-resolution'],
  ])('Accept %s gives the whole result', async (accept, contentType) => {
    const response = await get(`${PATH}${DID}`, accept === undefined ? {} : { accept })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe(contentType)
    expect(response.headers['vary']).toBe('accept')
    expect(response.json().didDocument).toEqual(DOCUMENT)
    expect(response.json().didResolutionMetadata).toEqual({ contentType: 'application/did' })
  })

  it.each([
    ['application/did', 'application/did'],
    ['application/did+ld+json', 'application/did+ld+json'],
    ['application/did+json', 'application/did+json'],
    ['application/ld+json', 'application/ld+json'],
    ['application/did-resolution;q=0.2, application/did', 'application/did'],
    ['*/*;q=0, application/did;q=0.001', 'application/did'],
  ])('Accept %s gives the document alone', async (accept, contentType) => {
    const response = await get(`${PATH}${DID}`, { accept })
    expect(response.statusCode).toBe(200)
    expect(response.headers['content-type']).toBe(contentType)
    expect(response.json()).toEqual(DOCUMENT)
  })

  it.each(['text/html', 'application/did;q=0', '*/*;q=0', 'nonsense', ', ,', 'image/*'])(
    'Accept %s is not supported',
    async accept => {
      const response = await get(`${PATH}${DID}`, { accept })
      expect(response.statusCode).toBe(406)
      expect(response.headers['content-type']).toBe('application/did-resolution')
      expect(response.json().didResolutionMetadata.error.type).toBe(
        'https://www.w3.org/ns/did#REPRESENTATION_NOT_SUPPORTED',
      )
    },
  )

  it('makes relative ids absolute where that is asked for', async () => {
    const document = (await get(url(DID, '?expandRelativeUrls=true'))).json().didDocument
    expect(document.verificationMethod[0].id).toBe(`${DID}#key-1`)
    expect(document.authentication).toEqual([`${DID}#key-1`])
    expect(document.service[0].id).toBe(`${DID}#files`)
    expect(document['@context']).toEqual(DOCUMENT['@context'])
  })
})

describe('an answer that takes waiting', () => {
  const cases = [
    ['a DID', DID, undefined],
    ['a deactivated DID', ENDED_DID, undefined],
    ['an unknown DID', UNKNOWN_DID, undefined],
    ['what is no DID', `${DID}:e30:e30`, undefined],
    ['a DID that the client has', DID, '*'],
  ] as const
  it.each(cases)('is the same as one that is at hand: %s', async (_, did, tag) => {
    const answers = [false, true].map(async slow => {
      const node = Object.assign(new FakeNode(), { slow })
      const headers = tag === undefined ? {} : { 'if-none-match': tag }
      const app = await serverFor({ node })
      const answer = await app.inject({ url: `${PATH}${did}`, headers })
      return [answer.statusCode, { ...answer.headers, date: '' }, answer.body]
    })
    const [atOnce, later] = await Promise.all(answers)
    expect(later).toEqual(atOnce)
  })
})

describe('caching of a resolution', () => {
  it('is asked for again each time, and not sent again while it is the same', async () => {
    const app = await serverFor()
    const first = await app.inject(`${PATH}${DID}`)
    const etag = first.headers['etag'] as string
    expect(first.headers['cache-control']).toBe('no-cache')
    for (const tag of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const again = await app.inject({ url: `${PATH}${DID}`, headers: { 'if-none-match': tag } })
      expect(again.statusCode).toBe(304)
      expect(again.body).toBe('')
      expect(again.headers['etag']).toBe(etag)
    }
    const other = await app.inject({ url: `${PATH}${DID}`, headers: { 'if-none-match': '"other"' } })
    expect(other.statusCode).toBe(200)
  })

  it('gives each representation its own entity tag', async () => {
    const app = await serverFor()
    const whole = await app.inject(`${PATH}${DID}`)
    const document = await app.inject({ url: `${PATH}${DID}`, headers: { accept: 'application/did' } })
    expect(document.headers['etag']).not.toBe(whole.headers['etag'])
    const headers = { accept: 'application/did', 'if-none-match': document.headers['etag'] as string }
    expect((await app.inject({ url: `${PATH}${DID}`, headers })).statusCode).toBe(304)
  })

  it('lets only a version be kept for ever', async () => {
    const response = await get(url(DID, `?versionId=${VERSION_ID}`))
    expect(response.headers['cache-control']).toBe('public, max-age=31536000, immutable')
    const byTime = await get(url(DID, '?versionTime=2026-05-02T10:00:00Z'))
    expect(byTime.headers['cache-control']).toBe('no-cache')
  })

  it('never lets an error be kept', async () => {
    const response = await get(`${PATH}${UNKNOWN_DID}`)
    expect(response.headers['cache-control']).toBe('no-store')
  })
})

describe('a deactivated DID', () => {
  it('is 410 with the result as the body', async () => {
    const response = await get(`${PATH}${ENDED_DID}`)
    expect(response.statusCode).toBe(410)
    expect(response.headers['content-type']).toBe('application/did-resolution')
    expect(response.json().didDocumentMetadata.deactivated).toBe(true)
  })

  it('is 410 also for the document alone, and where the client has it', async () => {
    const app = await serverFor()
    const first = await app.inject(`${PATH}${ENDED_DID}`)
    const headers = { 'if-none-match': first.headers['etag'] as string }
    expect((await app.inject({ url: `${PATH}${ENDED_DID}`, headers })).statusCode).toBe(410)
    const document = await app.inject({
      url: `${PATH}${ENDED_DID}`,
      headers: { ...headers, accept: 'application/did' },
    })
    expect(document.statusCode).toBe(410)
    expect(document.json()).toEqual({ id: ENDED_DID })
  })
})

describe('options', () => {
  it.each([
    ['?versionId=EiVersion1', { versionId: 'EiVersion1' }],
    ['?versionTime=2026-05-02T10:00:00%2B02:00', { versionTime: '2026-05-02T10:00:00+02:00' }],
    ['?versionTime=2026-05-02T10:00:00+02:00', { versionTime: '2026-05-02T10:00:00+02:00' }],
    ['?noCache=true', {}],
    ['?noCache=false&expandRelativeUrls=false', {}],
    ['?', {}],
  ])('%s reaches the node', async (query, options) => {
    const node = new FakeNode()
    expect((await get(url(DID, query), {}, { node })).statusCode).toBe(200)
    expect(node.asked).toEqual([['resolve', DID, options]])
  })

  it('takes them within the encoded DID URL too', async () => {
    const node = new FakeNode()
    await get(url(`${DID}?versionId=${VERSION_ID}`), {}, { node })
    expect(node.asked).toEqual([['resolve', DID, { versionId: VERSION_ID }]])
  })

  it.each([
    [
      `?versionId=${VERSION_ID}&versionTime=2026-05-02T10:00:00Z`,
      400,
      'INVALID_OPTIONS',
      'DID_OPTION_INVALID',
    ],
    ['?noCache=yes', 400, 'INVALID_OPTIONS', 'DID_OPTION_INVALID'],
    ['?expandRelativeUrls=', 400, 'INVALID_OPTIONS', 'DID_OPTION_INVALID'],
    ['?versionTime=noon', 400, 'INVALID_OPTIONS', 'VERSION_TIME_INVALID'],
    ['?versionTime=2099-01-01T00:00:00Z', 400, 'INVALID_OPTIONS', 'VERSION_TIME_AHEAD'],
    ['?versionId=EiOther', 404, 'NOT_FOUND', 'VERSION_UNKNOWN'],
    ['?unheardOf=1', 501, 'FEATURE_NOT_SUPPORTED', 'DID_OPTION_UNSUPPORTED'],
    ['?versionId=a&versionId=b', 400, 'INVALID_DID_URL', 'DID_URL_INVALID'],
    ['?versionId=%FF', 400, 'INVALID_DID_URL', 'DID_URL_INVALID'],
  ])('%s is refused', async (query, status, type, code) => {
    const response = await get(url(DID, query))
    const { error } = response.json().didResolutionMetadata
    expect([response.statusCode, error.type, error.code]).toEqual([
      status,
      `https://www.w3.org/ns/did#${type}`,
      code,
    ])
  })
})

describe('errors of a resolution', () => {
  it.each([
    [UNKNOWN_DID, 404, 'NOT_FOUND', 'DID_UNKNOWN'],
    ['did:rootline:short', 400, 'INVALID_DID', 'DID_INVALID'],
    ['did:rootline:', 400, 'INVALID_DID', 'DID_INVALID'],
    ['notadid', 400, 'INVALID_DID', 'DID_INVALID'],
    [
      'did:rootline:test:EiBQ2FjgmF7Mf2BBiq8MxatYf0LCVwqIQJWp6Mys0PZUXA',
      501,
      'METHOD_NOT_SUPPORTED',
      'DID_NETWORK_UNKNOWN',
    ],
    ['did:example:123', 501, 'METHOD_NOT_SUPPORTED', 'DID_METHOD_UNSUPPORTED'],
    [`${DID}#absent`, 404, 'NOT_FOUND', 'DID_URL_NOT_FOUND'],
    [`${DID}/path`, 404, 'NOT_FOUND', 'DID_URL_NOT_FOUND'],
    [`${DID}#a#b`, 400, 'INVALID_DID_URL', 'DID_URL_INVALID'],
  ])('%s', async (didUrl, status, type, code) => {
    const response = await get(url(didUrl))
    const body = response.json()
    const { error } = body.didResolutionMetadata
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toBe('application/did-resolution')
    expect([error.type, error.code]).toEqual([`https://www.w3.org/ns/did#${type}`, code])
    expect(error.title).toMatch(/\.$/)
    expect(error.detail).not.toBe('')
    expect([body.didDocument, body.didDocumentMetadata]).toEqual([null, {}])
  })

  it('says why a DID is not known', async () => {
    const { error } = (await get(`${PATH}${UNKNOWN_DID}`)).json().didResolutionMetadata
    expect(error.reason).toBe('NOT_ANCHORED')
  })

  it('says nothing of a failure of the server', async () => {
    const node = new FakeNode()
    node.failure = new StoreError('STORE_CORRUPT', '/secret/place', 'damaged at /secret/place')
    const response = await get(`${PATH}${DID}`, {}, { node })
    expect(response.statusCode).toBe(500)
    expect(response.json().didResolutionMetadata.error.type).toBe('https://www.w3.org/ns/did#INTERNAL_ERROR')
    expect(response.body).not.toContain('secret')
  })

  it('answers the errors of a dereferencing as such where they are asked for', async () => {
    const response = await get(url(`${DID}#absent`), { accept: 'application/did-url-dereferencing' })
    expect(response.statusCode).toBe(404)
    expect(response.headers['content-type']).toBe('application/did-url-dereferencing')
    expect(response.json().dereferencingMetadata.error.type).toBe('https://www.w3.org/ns/did#NOT_FOUND')
  })
})

describe('DID URLs', () => {
  it('gives the part that a fragment names', async () => {
    const response = await get(url(`${DID}#key-1`))
    expect(response.statusCode).toBe(200)
    expect(response.json()).toMatchObject({ id: '#key-1', type: 'JsonWebKey2020' })
    const halfEncoded = await get(`${PATH}${DID}%23key-1`)
    expect(halfEncoded.json()).toEqual(response.json())
    const whole = await get(url(`${DID}#key-1`), { accept: 'application/did-url-dereferencing' })
    expect(whole.json()).toMatchObject({
      content: { id: '#key-1' },
      dereferencingMetadata: { contentType: 'application/json' },
      contentMetadata: { deactivated: false },
    })
  })

  it.each([
    ['?service=files', 'https://example.com/base/index'],
    ['?serviceType=Files', 'https://example.com/base/index'],
    ['?service=files&relativeRef=other', 'https://example.com/base/other'],
    ['?service=files&relativeRef=%2Froot%3Fa%3Db', 'https://example.com/root?a=b'],
    ['?service=files&relativeRef=../../../up', 'https://example.com/up'],
    ['?service=odd', 'https://example.com/a%20b%07%C3%BC'],
  ])('%s leads to the endpoint', async (query, location) => {
    for (const accept of [undefined, '*/*', 'text/uri-list']) {
      const response = await get(url(DID, query), accept === undefined ? {} : { accept })
      expect(response.statusCode).toBe(303)
      expect(response.headers['location']).toBe(location)
      expect(response.body).toBe('')
    }
  })

  it('takes the parameters within the encoded DID URL, with a fragment', async () => {
    const response = await get(url(`${DID}?service=files&relativeRef=%2Fcv.pdf#page=2`))
    expect(response.headers['location']).toBe('https://example.com/cv.pdf#page=2')
  })

  it.each([
    '//evil.example',
    'https://evil.example/',
    '/\\evil.example',
    '/\t/evil.example',
    'javascript:alert(1)',
  ])('a relative reference %j does not lead away from the endpoint', async relativeRef => {
    const response = await get(url(DID, `?service=files&relativeRef=${encodeURIComponent(relativeRef)}`))
    expect(response.statusCode).toBe(400)
    expect(response.headers['location']).toBeUndefined()
  })

  it.each(['script', 'mail'])(
    'nobody is sent to the endpoint of %s, which is given as data',
    async service => {
      const response = await get(url(DID, `?service=${service}`))
      expect(response.statusCode).toBe(501)
      expect(response.headers['location']).toBeUndefined()
      expect(response.json().didResolutionMetadata.error.code).toBe('ENDPOINT_NOT_REDIRECTED')
      const data = await get(url(DID, `?service=${service}`), { accept: 'application/did-url-dereferencing' })
      expect(data.statusCode).toBe(200)
      expect(data.json().content).toHaveLength(1)
    },
  )

  it.each(['absent', 'map'])('an endpoint of %s is not found', async service => {
    expect((await get(url(DID, `?service=${service}`))).statusCode).toBe(404)
  })

  it('an endpoint is not a document', async () => {
    expect((await get(url(DID, '?service=files'), { accept: 'application/did' })).statusCode).toBe(406)
  })

  it('nobody is sent to the endpoint of a deactivated DID', async () => {
    const response = await get(url(ENDED_DID, '?service=files'))
    expect(response.statusCode).toBe(410)
    expect(response.json().didDocumentMetadata.deactivated).toBe(true)
  })

  it('reads a long form of many characters', async () => {
    const node = new FakeNode()
    const long = `${DID}:${'a'.repeat(4000)}`
    expect((await get(`${PATH}${long}`, {}, { node })).statusCode).toBe(200)
    expect(node.asked).toEqual([['resolve', long, {}]].map(([name, did]) => [name, did, {}]))
  })
})

describe('DIDs of other methods', () => {
  const seen: string[] = []
  const web = {
    web: async (did: string) => {
      seen.push(did)
      return { didResolutionMetadata: {}, didDocument: { id: did }, didDocumentMetadata: {} }
    },
  }
  const methods = { resolver: createDidResolver(keyDriver(), jwkDriver(), web), fetching: ['web'] }
  const jwk = encodeDidJwk({ kty: 'OKP', crv: 'Ed25519', x: '11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo' })

  it.each(['did:key:z6MkhaXgBZDvotDkL5257faiztiGiC2QtKLGpbnnEGta2doK', jwk])(
    'resolves %s without the token',
    async did => {
      const response = await get(url(did), {}, { methods })
      expect(response.statusCode).toBe(200)
      expect(response.json().didDocument.id).toBe(did)
    },
  )

  it('dereferences in them', async () => {
    const response = await get(url(`${jwk}#0`), {}, { methods })
    expect(response.json().type).toMatch(/^JsonWebKey/)
  })

  it('fetches for whoever has the token, alone', async () => {
    seen.length = 0
    const refused = await get(url('did:web:example.com'), {}, { methods })
    expect(refused.statusCode).toBe(401)
    expect(refused.headers['www-authenticate']).toBe('Bearer realm="rootline"')
    expect(seen).toEqual([])
    const response = await get(url('did:web:example.com'), AUTHORIZED, { methods })
    expect(response.statusCode).toBe(200)
    // What was not encoded keeps its own percent-encoding.
    await get(`${PATH}did:web:localhost%3A3000`, AUTHORIZED, { methods })
    await get(url('did:web:localhost%3A3000'), AUTHORIZED, { methods })
    expect(seen).toEqual(['did:web:example.com', 'did:web:localhost%3A3000', 'did:web:localhost%3A3000'])
  })

  it.each([
    ['did:example:1', 501, 'METHOD_NOT_SUPPORTED', 'DID_METHOD_UNSUPPORTED'],
    ['did:constructor:1', 501, 'METHOD_NOT_SUPPORTED', 'DID_METHOD_UNSUPPORTED'],
    ['did:key:nonsense', 400, 'INVALID_DID', 'KEY_MULTIBASE_INVALID'],
    [`${jwk}?versionId=1`, 501, 'FEATURE_NOT_SUPPORTED', 'DID_VERSION_UNSUPPORTED'],
  ])('%s is refused by its driver', async (did, status, type, code) => {
    const response = await get(url(did), {}, { methods })
    const { error } = response.json().didResolutionMetadata
    expect([response.statusCode, error.type, error.code]).toEqual([
      status,
      `https://www.w3.org/ns/did#${type}`,
      code,
    ])
  })
})

describe('other methods of HTTP', () => {
  it('HEAD gives the headers of GET', async () => {
    const app = await serverFor()
    const response = await app.inject({ method: 'HEAD', url: `${PATH}${DID}` })
    const get = await app.inject(`${PATH}${DID}`)
    expect(response.statusCode).toBe(200)
    expect(response.body).toBe('')
    expect(response.headers['etag']).toBe(get.headers['etag'])
    expect(response.headers['content-length']).toBe(get.headers['content-length'])
  })
})
