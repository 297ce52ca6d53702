import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDidResolver, jwkDriver, keyDriver } from '../../did-methods/index.ts'
import { readIdentifier } from '../../src/api/identifier.ts'
import { problemOf } from '../../src/api/resolution-errors.ts'
import { AUTHORIZED, serverFor } from './api.ts'
import { DID } from './fake-node.ts'

const log = { checkpoint: () => 'c', tile: () => undefined, entries: async () => undefined }
const methods = { resolver: createDidResolver(keyDriver(), jwkDriver()), fetching: ['web'] }

/** Pieces that the paths, queries and headers of this server are made of, and what breaks them. */
const piece = fc.constantFrom(
  '/1.0/identifiers/',
  DID,
  'did:key:z6Mk',
  'did:jwk:e30',
  'did%3A',
  'did:web:example.com',
  '/dids/',
  '/report',
  '/history',
  '/proof',
  '/operations',
  '/operations/',
  '/log/tile/',
  '/log/checkpoint',
  'entries/',
  '0/x001/002.p/3',
  '/ipfs/',
  'QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n',
  'bafkqaaa',
  '?format=raw',
  '&format=car',
  '/transactions?after=',
  '&limit=',
  '/problems/',
  '/docs/',
  '/docs/static/',
  '/metrics',
  '/status',
  '?service=files&relativeRef=',
  '?service=script',
  '?versionId=',
  '&versionTime=2026',
  '&expandRelativeUrls=true',
  '&noCache=true',
  '%23key-1',
  '#key-1',
  '%00',
  '%0d%0a',
  '%ff',
  '%',
  '%2f..',
  '..',
  '//',
  ';',
  '?',
  '&',
  '=',
  '+',
  '[]',
  '__proto__',
  'constructor',
  '\\',
  '"',
  'é',
)
const didLike = fc.constantFrom(DID, encodeURIComponent(DID), `${DID}%23key-1`, 'did:key:z6Mk', 'did:jwk:e30')
const cidLike = fc.constantFrom('QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n', 'bafkqaaa')
const start = fc.oneof(
  didLike.map(did => `/1.0/identifiers/${did}`),
  didLike.map(did => `/dids/${did}/report`),
  didLike.map(did => `/dids/${did}/history`),
  cidLike.map(cid => `/ipfs/${cid}`),
  fc.constantFrom(
    '/',
    '/log/tile/',
    '/docs',
    '/transactions',
    '/operations/EiOperation',
    '/status',
    '/metrics',
  ),
)
const path = fc
  .tuple(start, fc.array(piece, { maxLength: 4 }))
  .map(([first, pieces]) => encodeURI(`${first}${pieces.join('')}`).replaceAll('%25', '%'))

const value = fc.oneof(
  fc.constantFrom(
    '*/*',
    'application/did',
    '*',
    '"',
    'W/"',
    'a/b;q=',
    '1',
    '0',
    'null',
    'Bearer ',
    'localhost',
  ),
  fc.string({
    unit: fc.integer({ min: 0x20, max: 0x7e }).map(code => String.fromCharCode(code)),
    maxLength: 60,
  }),
)
const headers = fc.dictionary(
  fc.constantFrom(
    'accept',
    'if-none-match',
    'content-type',
    'authorization',
    'range',
    'cache-control',
    'x-forwarded-for',
    'accept-encoding',
    'x-request-id',
  ),
  value,
)
const method = fc.oneof(
  { weight: 8, arbitrary: fc.constant('GET') },
  { weight: 1, arbitrary: fc.constantFrom('HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS') },
)

describe('whatever is sent', () => {
  it('is never a failure of the server, and shows nothing of its inside', async () => {
    const app = await serverFor({ log, methods, limits: { requestsPerMinute: 0 } })
    await fc.assert(
      fc.asyncProperty(
        path,
        headers,
        method,
        fc.uint8Array({ maxLength: 40 }),
        async (url, fields, verb, body) => {
          const payload = verb === 'GET' || verb === 'HEAD' ? {} : { payload: Buffer.from(body) }
          const request = { method: verb as 'GET', url, headers: fields, ...payload }
          const response = await app.inject(request)
          expect([request, response.statusCode < 500 || response.statusCode === 501]).toEqual([request, true])
          expect(response.body).not.toMatch(/\n {4}at |node:internal|node_modules/)
          const type = String(response.headers['content-type'] ?? '')
          if (response.statusCode >= 400 && verb !== 'HEAD') {
            expect(type).toMatch(/^application\/(problem\+json|did-resolution|did-url-dereferencing)/)
            expect(() => JSON.parse(response.body)).not.toThrow()
          }
          const location = response.headers['location']
          if (response.statusCode === 303) expect(location).toMatch(/^https:\/\/example\.com\//)
        },
      ),
    )
  })

  it('is refused or handed to the node where it is an operation', async () => {
    const app = await serverFor({ limits: { requestsPerMinute: 0 } })
    const body = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map(text => Buffer.from(text)),
    )
    await fc.assert(
      fc.asyncProperty(body, async bytes => {
        const response = await app.inject({
          method: 'POST',
          url: '/operations',
          headers: { 'content-type': 'application/json', ...AUTHORIZED },
          payload: Buffer.from(bytes),
        })
        expect([202, 400]).toContain(response.statusCode)
      }),
    )
  })
})

describe('whatever stands where a DID should', () => {
  it('is read, or refused with an error of DID Resolution', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.array(piece, { maxLength: 8 }).map(all => all.join('')),
    )
    fc.assert(
      fc.property(text, did => {
        try {
          expect(readIdentifier(`/1.0/identifiers/${did}`, '/1.0/identifiers/').did).toMatch(
            /^did:[a-z0-9]+:./,
          )
        } catch (error) {
          expect(problemOf(error)?.status).toBeGreaterThanOrEqual(400)
        }
      }),
    )
  })

  it('is read as it was before it was percent-encoded', () => {
    const suffix = fc
      .string({ unit: fc.constantFrom(...'abcXYZ019._-:'), minLength: 1 })
      .filter(id => !id.endsWith(':'))
    const fragment = fc.string({ unit: fc.constantFrom(...'ab01-._~!$&()*+,;=:@/?'), minLength: 1 })
    fc.assert(
      fc.property(suffix, fragment, (id, name) => {
        const url = `/1.0/identifiers/${encodeURIComponent(`did:example:${id}#${name}`)}`
        expect(readIdentifier(url, '/1.0/identifiers/')).toMatchObject({
          did: `did:example:${id}`,
          method: 'example',
          resource: { fragment: name },
        })
      }),
    )
  })
})
