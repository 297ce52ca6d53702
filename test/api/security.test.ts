import { connect } from 'node:net'
import { describe, expect, it } from 'vitest'
import { buildServer } from '../../src/api/server.ts'
import { AUTHORIZED, serverFor, TOKEN } from './api.ts'
import { DID, FakeNode } from './fake-node.ts'

const OPERATION = { method: 'POST', url: '/operations', payload: '{"type":"create"}' } as const
const JSON_TYPE = { 'content-type': 'application/json' }

describe('the token', () => {
  it.each([
    [{}, 'TOKEN_REQUIRED'],
    [{ authorization: 'Bearer' }, 'TOKEN_REQUIRED'],
    [{ authorization: `Basic ${TOKEN}` }, 'TOKEN_REQUIRED'],
    [{ authorization: TOKEN }, 'TOKEN_REQUIRED'],
    [{ authorization: 'Bearer wrong' }, 'TOKEN_INVALID'],
    [{ authorization: `Bearer ${TOKEN}x` }, 'TOKEN_INVALID'],
    [{ authorization: `Bearer ${TOKEN} ${TOKEN}` }, 'TOKEN_REQUIRED'],
  ])('%j does not write', async (headers, code) => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    const response = await app.inject({ ...OPERATION, headers: { ...JSON_TYPE, ...headers } })
    expect(response.statusCode).toBe(401)
    expect(response.headers['www-authenticate']).toBe('Bearer realm="rootline"')
    expect(response.json().code).toBe(code)
    expect(node.asked).toEqual([])
  })

  it.each(['Bearer', 'bearer', 'BEARER  '])('is taken with the scheme %s', async scheme => {
    const app = await serverFor()
    const headers = { ...JSON_TYPE, authorization: `${scheme} ${TOKEN}` }
    expect((await app.inject({ ...OPERATION, headers })).statusCode).toBe(202)
  })

  it('is not empty', async () => {
    await expect(serverFor({ token: '' })).rejects.toThrow(TypeError)
  })
})

describe('the host', () => {
  const hosts = ['localhost', 'node.example:8443', '[::1]']
  it.each(['localhost', 'LocalHost:1', 'localhost:7777', 'node.example:8443', '[::1]', '[::1]:7777'])(
    '%s is answered',
    async host => {
      const app = await serverFor({ hosts })
      for (const _ of ['first', 'again']) {
        expect((await app.inject({ url: '/health/live', headers: { host } })).statusCode).toBe(200)
      }
    },
  )

  it.each([
    'evil.example',
    'node.example',
    'node.example:80',
    'localhost.evil.example',
    'localhost:port',
    '[::1',
  ])('%j is not answered', async host => {
    const app = await serverFor({ hosts })
    for (const path of ['/health/live', `/1.0/identifiers/${DID}`, '/docs', '/openapi.json']) {
      const response = await app.inject({ url: path, headers: { host } })
      expect([response.statusCode, response.json().code]).toEqual([421, 'HOST_NOT_ALLOWED'])
    }
  })

  it('is in a list that is not empty', async () => {
    await expect(serverFor({ hosts: [] })).rejects.toThrow(TypeError)
  })
})

describe('the origin', () => {
  it.each([
    'https://evil.example',
    'null',
    'http://localhost.evil.example',
    'chrome-extension://localhost',
    '',
  ])('a page of %j does not write', async origin => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    const response = await app.inject({ ...OPERATION, headers: { ...JSON_TYPE, ...AUTHORIZED, origin } })
    expect([response.statusCode, response.json().code]).toEqual([403, 'ORIGIN_NOT_ALLOWED'])
    expect(node.asked).toEqual([])
  })

  it('a page of this server writes', async () => {
    const app = await serverFor()
    const headers = { ...JSON_TYPE, ...AUTHORIZED, origin: 'http://localhost:7777' }
    expect((await app.inject({ ...OPERATION, headers })).statusCode).toBe(202)
  })

  it('no page of another origin is let read', async () => {
    const app = await serverFor()
    const headers = { origin: 'https://evil.example' }
    const response = await app.inject({ url: `/1.0/identifiers/${DID}`, headers })
    expect(response.headers['access-control-allow-origin']).toBeUndefined()
    expect(response.headers['cross-origin-resource-policy']).toBe('same-origin')
    const preflight = await app.inject({ method: 'OPTIONS', url: '/operations', headers })
    expect(preflight.statusCode).toBe(404)
    expect(preflight.headers['access-control-allow-origin']).toBeUndefined()
  })
})

describe('the body', () => {
  it.each([
    [{}, '{}'],
    [{ 'content-type': 'text/plain' }, '{}'],
    [{ 'content-type': 'application/x-www-form-urlencoded' }, 'a=b'],
    [{ 'content-type': 'multipart/form-data; boundary=x' }, '--x--'],
    [{ 'content-type': 'application/jsonp' }, '{}'],
    [{ 'content-type': 'application/problem+json' }, '{}'],
    [{}, undefined],
  ])('%j does not say that it is JSON', async (headers, payload) => {
    const node = new FakeNode()
    const app = await serverFor({ node })
    const response = await app.inject({
      ...OPERATION,
      headers: { ...headers, ...AUTHORIZED },
      ...(payload === undefined ? { payload: '' } : { payload }),
    })
    expect([response.statusCode, response.json().code]).toEqual([415, 'MEDIA_TYPE_UNSUPPORTED'])
    expect(node.asked).toEqual([])
  })

  it('is bounded', async () => {
    const app = await serverFor({ limits: { bodyBytes: 1000 } })
    const headers = { ...JSON_TYPE, ...AUTHORIZED }
    const fits = await app.inject({ ...OPERATION, headers, payload: `{${' '.repeat(999)}` })
    expect(fits.statusCode).toBe(202)
    const large = await app.inject({ ...OPERATION, headers, payload: `{${' '.repeat(1000)}` })
    expect([large.statusCode, large.json().code]).toEqual([413, 'BODY_TOO_LARGE'])
  })

  it('is not read before the token is', async () => {
    const app = await serverFor({ limits: { bodyBytes: 10 } })
    const response = await app.inject({ ...OPERATION, headers: JSON_TYPE, payload: '{'.repeat(1000) })
    expect(response.statusCode).toBe(401)
  })
})

describe('limits', () => {
  it('refuses a URL that is too long', async () => {
    const app = await serverFor()
    const response = await app.inject(`/1.0/identifiers/${DID}:${'a'.repeat(8192)}`)
    expect([response.statusCode, response.json().code]).toEqual([414, 'URL_TOO_LONG'])
  })

  it('refuses a client that asks too often, also for what is not there, and says when to come back', async () => {
    const app = await serverFor({ limits: { requestsPerMinute: 3 } })
    const paths = [`/1.0/identifiers/${DID}`, '/nothing', '/health/live']
    for (const path of paths) expect((await app.inject(path)).statusCode).not.toBe(429)
    for (const path of paths) {
      const response = await app.inject(path)
      expect([response.statusCode, response.json().code]).toEqual([429, 'RATE_LIMITED'])
      expect(response.headers['content-type']).toBe('application/problem+json')
      expect(Number(response.headers['retry-after'])).toBeGreaterThan(0)
    }
    const other = await app.inject({ url: '/health/live', remoteAddress: '192.0.2.7' })
    expect(other.statusCode).toBe(200)
  })

  it('takes the word of no proxy but those it trusts', async () => {
    const remoteAddress = '192.0.2.1'
    const limits = { requestsPerMinute: 1 }
    const from = (address: string) => ({
      url: '/health/live',
      remoteAddress,
      headers: { 'x-forwarded-for': address },
    })
    const open = await serverFor({ limits, trustedProxies: [remoteAddress] })
    expect((await open.inject(from('198.51.100.1'))).statusCode).toBe(200)
    expect((await open.inject(from('198.51.100.2'))).statusCode).toBe(200)
    const closed = await serverFor({ limits })
    expect((await closed.inject(from('198.51.100.1'))).statusCode).toBe(200)
    expect((await closed.inject(from('198.51.100.2'))).statusCode).toBe(429)
  })

  it('does not limit where it is told so', async () => {
    const app = await serverFor({ limits: { requestsPerMinute: 0 } })
    expect((await app.inject('/nothing')).json().code).toBe('ROUTE_UNKNOWN')
  })

  it('makes only so many reports at once', async () => {
    let release = () => {}
    const waiting = new Promise<void>(resolve => {
      release = resolve
    })
    const node = new FakeNode()
    const explain = node.explain.bind(node)
    node.explain = async (...call) => {
      await waiting
      return explain(...call)
    }
    const app = await serverFor({ node, limits: { reports: 1 } })
    const first = app.inject(`/dids/${DID}/report`)
    // Until it has entered.
    await new Promise(resolve => setImmediate(resolve))
    for (const path of [
      `/dids/${DID}/report`,
      `/dids/${DID}/history`,
      `/1.0/identifiers/${DID}?versionTime=2026-05-02T10:00:00Z`,
    ]) {
      const response = await app.inject(path)
      expect([response.statusCode, response.json().code]).toEqual([503, 'BUSY'])
      expect(response.headers['retry-after']).toBe('1')
    }
    expect((await app.inject(`/1.0/identifiers/${DID}`)).statusCode).toBe(200)
    release()
    expect((await first).statusCode).toBe(200)
    expect((await app.inject(`/dids/${DID}/history`)).statusCode).toBe(200)
  })
})

describe('what is not HTTP', () => {
  async function exchange(bytes: string): Promise<string> {
    const app = await buildServer({
      node: new FakeNode(),
      content: {} as never,
      token: TOKEN,
      hosts: ['localhost'],
      version: '0',
    })
    const { port } = new URL(await app.listen({ port: 0, host: '127.0.0.1' }))
    const answer = await new Promise<string>((resolve, reject) => {
      let text = ''
      const socket = connect(Number(port), '127.0.0.1', () => socket.write(bytes))
      socket.setEncoding('utf8')
      socket.on('data', data => {
        text += data
      })
      socket.on('close', () => resolve(text))
      socket.on('error', reject)
    })
    await app.close()
    return answer
  }

  it.each([
    ['nonsense\r\n\r\n', 400, 'REQUEST_INVALID'],
    ['GET / HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n', 400, 'REQUEST_INVALID'],
    [`GET / HTTP/1.1\r\nHost: localhost\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431, 'HEADERS_TOO_LARGE'],
    [
      'POST /operations HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n',
      400,
      'REQUEST_INVALID',
    ],
  ])('%j is answered with a problem', async (bytes, status, code) => {
    const answer = await exchange(bytes)
    expect(answer).toMatch(new RegExp(`^HTTP/1.1 ${status} `))
    expect(JSON.parse(answer.slice(answer.indexOf('\r\n\r\n') + 4))).toMatchObject({ status, code })
  })
})

describe('headers of every answer', () => {
  it.each(['/health/live', `/1.0/identifiers/${DID}`, '/nothing', '/%zz', '/docs/json'])('%s', async path => {
    const app = await serverFor()
    const { headers } = await app.inject(path)
    expect(headers['x-content-type-options']).toBe('nosniff')
    expect(headers['content-security-policy']).toMatch(/^default-src 'none'/)
    expect(headers['referrer-policy']).toBe('no-referrer')
  })
})
