import type { RequestListener } from 'node:http'
import fc from 'fast-check'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { DidErrorCode } from '../../../did-methods/errors.ts'
import { type WebDriverOptions, webDriver } from '../../../did-methods/web/driver.ts'
import { type LocalServer, selfSigned, serveHttps } from '../../net/servers.ts'
import { expectFailure, expectOutcome, resolveWith } from '../resolve.ts'

const identity = selfSigned('localhost')
let server: LocalServer
let answer: RequestListener = (_request, response) => response.end()
const local = (): WebDriverOptions => ({ allowPrivate: true, ca: identity.cert })
const did = (path = '') => `did:web:localhost%3A${server.port}${path}`

beforeAll(async () => {
  server = await serveHttps(identity, (request, response) => answer(request, response))
})
afterAll(() => server.close())

/** Serves a body at every path, and remembers the paths that were asked for. */
function serve(body: string | object, status = 200, type = 'application/json'): string[] {
  const paths: string[] = []
  answer = (request, response) => {
    paths.push(request.url ?? '')
    response
      .writeHead(status, { 'content-type': type })
      .end(typeof body === 'string' ? body : JSON.stringify(body))
  }
  return paths
}

const resolve = (subject: string, options = {}) => resolveWith(webDriver(local()), subject, options)

describe('did:web', () => {
  it.each([
    ['', '/.well-known/did.json'],
    [':user:alice', '/user/alice/did.json'],
    [':a%20b', '/a%20b/did.json'],
  ])('%j is fetched from %s', async (path, expected) => {
    const document = { '@context': 'https://www.w3.org/ns/did/v1', id: did(path) }
    const paths = serve(document)
    const result = await resolve(did(path))
    expect(result.didDocument).toEqual(document)
    expect(result.didResolutionMetadata).toEqual({
      contentType: 'application/did',
      basis: 'remote',
      source: `${server.origin}${expected}`,
    })
    expect(paths).toEqual([expected])
  })

  it.each(['application/did+ld+json', 'text/plain', 'application/octet-stream'])(
    'takes a document served as %s',
    async type => {
      serve({ id: did() }, 200, type)
      expect((await resolve(did())).didDocument).toEqual({ id: did() })
    },
  )

  it('names the URL that a redirect led to', async () => {
    answer = (request, response) => {
      if (request.url === '/moved.json') response.end(JSON.stringify({ id: did() }))
      else response.writeHead(301, { location: '/moved.json' }).end()
    }
    const { didResolutionMetadata } = await resolve(did())
    expect(didResolutionMetadata['source']).toBe(`${server.origin}/moved.json`)
  })

  it.each([
    ['status 404', 404, {}, 'WEB_NOT_FOUND'],
    ['status 410', 410, {}, 'WEB_NOT_FOUND'],
    ['status 500', 500, {}, 'WEB_STATUS'],
    ['status 403', 403, {}, 'WEB_STATUS'],
    ['status 206', 206, {}, 'WEB_STATUS'],
    ['a page', 200, '<!doctype html>', 'WEB_NOT_JSON'],
    ['nothing', 200, '', 'WEB_NOT_JSON'],
    ['a list', 200, '[]', 'WEB_NOT_JSON'],
    ['a repeated member', 200, '{"id":"a","id":"b"}', 'WEB_NOT_JSON'],
    ['the document of another DID', 200, { id: 'did:web:example.com' }, 'DOCUMENT_ID_MISMATCH'],
    ['a document without id', 200, {}, 'DOCUMENT_ID_MISMATCH'],
  ] as const)('fails on %s', async (_name, status, body, code) => {
    serve(body, status)
    expectFailure(await resolve(did()), code)
  })

  it('fails on a document whose id differs only in case', async () => {
    serve({ id: did().replace('localhost', 'LOCALHOST') })
    expectFailure(await resolve(did()), 'DOCUMENT_ID_MISMATCH')
  })

  it('fails on relative DID URLs, which did:web forbids', async () => {
    serve({ id: did(), authentication: ['#k'] })
    expectFailure(await resolve(did()), 'DOCUMENT_RELATIVE_URL')
  })

  it('fails on a document beyond the bound', async () => {
    serve({ id: did(), x: 'x'.repeat(300_000) })
    const result = await resolve(did())
    expectFailure(result, 'FETCH_REFUSED')
    expect(result.didResolutionMetadata['errorMessage']).toMatch(/^NET_TOO_LARGE/)
  })

  it.each([
    ['a private address', () => ({ ca: identity.cert }), 'FETCH_REFUSED', undefined],
    ['a certificate that is not trusted', () => ({ allowPrivate: true }), 'FETCH_FAILED', true],
    ['an answer that does not come in time', () => ({ ...local(), timeoutMs: 50 }), 'FETCH_FAILED', true],
  ] as const)('fails on %s', async (_name, options, code, transient) => {
    answer = () => {}
    const result = await resolveWith(webDriver(options()), did())
    expectFailure(result, code)
    expect(result.didResolutionMetadata['transient']).toBe(transient)
  })

  it.each([
    ['did:web:127.0.0.1', {}, 'WEB_HOST_INVALID'],
    ['did:web:example.com:..', {}, 'WEB_PATH_INVALID'],
    ['did:web:example.com?versionId=1', {}, 'DID_VERSION_UNSUPPORTED'],
    ['did:web:example.com', { accept: 'text/html' }, 'DID_REPRESENTATION_UNSUPPORTED'],
  ] as [string, object, DidErrorCode][])(
    'refuses %s with %j before it fetches',
    async (subject, options, code) => {
      const lookup = () => Promise.reject(new RangeError('a look-up was made'))
      expectFailure(await resolveWith(webDriver({ lookup }), subject, options), code)
    },
  )

  it('gives a document or a failure whatever the host answers', async () => {
    const body = fc.oneof(
      fc.string(),
      fc.json(),
      fc
        .dictionary(fc.constantFrom('service', 'verificationMethod', 'authentication'), fc.jsonValue())
        .map(rest => JSON.stringify({ ...rest, id: did() })),
    )
    await fc.assert(
      fc.asyncProperty(body, fc.constantFrom(200, 200, 204, 404, 503), async (text, status) => {
        serve(text, status)
        expectOutcome(await resolve(did()))
      }),
    )
  })
})
