import type { RequestListener, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { createServer, type Server } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { afterEach, describe, expect, it } from 'vitest'
import { NetError, type NetErrorCode } from '../../src/net/errors.ts'
import { type FetchOptions, guardedFetch } from '../../src/net/guarded-fetch.ts'
import { type LocalServer, selfSigned, serveHttp, serveHttps } from './servers.ts'

const LOCAL: FetchOptions = { allowHttp: true, allowPrivate: true }
const closing: (() => Promise<void>)[] = []

afterEach(async () => {
  for (const close of closing.splice(0)) await close()
})

async function http(listener: RequestListener): Promise<LocalServer> {
  const server = await serveHttp(listener)
  closing.push(server.close)
  return server
}

async function https(listener: RequestListener): Promise<LocalServer & { ca: string }> {
  const identity = selfSigned('localhost')
  const server = await serveHttps(identity, listener)
  closing.push(server.close)
  return { ...server, ca: identity.cert }
}

/** A server that answers each connection with the same bytes. */
async function raw(answer: string): Promise<string> {
  const server: Server = createServer(socket => {
    socket.on('error', () => {})
    socket.resume()
    socket.end(answer)
  })
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  closing.push(() => new Promise(resolve => server.close(() => resolve())))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}/`
}

async function refusal(url: string, options: FetchOptions): Promise<NetError> {
  const error = await guardedFetch(url, options).catch((thrown: unknown) => thrown)
  expect(error).toBeInstanceOf(NetError)
  return error as NetError
}

describe('guardedFetch', () => {
  it('returns status, media type, kept headers, body and final URL', async () => {
    const { origin } = await http((_request, response) => {
      response.setHeader('content-type', 'Application/JSON; charset=utf-8')
      response.setHeader('etag', '"1"')
      response.setHeader('set-cookie', 'a=b')
      response.end('{}')
    })
    const result = await guardedFetch(`${origin}/a?b`, LOCAL)
    expect(result).toMatchObject({ status: 200, mediaType: 'application/json', finalUrl: `${origin}/a?b` })
    expect(result.headers).toEqual({ 'content-type': 'Application/JSON; charset=utf-8', etag: '"1"' })
    expect(Buffer.from(result.body).toString()).toBe('{}')
  })

  it('returns an error status with its body', async () => {
    const { origin } = await http((_request, response) => {
      response.statusCode = 410
      response.end('gone')
    })
    expect(await guardedFetch(origin, LOCAL)).toMatchObject({ status: 410, body: Buffer.from('gone') })
  })

  it('posts a body', async () => {
    const { origin } = await http((request, response) => {
      request.pipe(response.setHeader('x', request.method ?? ''))
    })
    const result = await guardedFetch(origin, { ...LOCAL, method: 'POST', body: 'hello' })
    expect(Buffer.from(result.body).toString()).toBe('hello')
  })
})

describe('guardedFetch refuses before it connects', () => {
  const cases: [string, string, FetchOptions, NetErrorCode][] = [
    ['text that is no URL', 'not a url', {}, 'NET_URL_INVALID'],
    ['http', 'http://example.com/', {}, 'NET_SCHEME_REFUSED'],
    ['file', 'file:///etc/passwd', { allowHttp: true }, 'NET_SCHEME_REFUSED'],
    ['a password', 'https://user:secret@example.com/', {}, 'NET_CREDENTIALS_REFUSED'],
    ['a port outside the list', 'https://example.com:8443/', { ports: [443] }, 'NET_PORT_REFUSED'],
    ['loopback', 'https://127.0.0.1/', {}, 'NET_ADDRESS_REFUSED'],
    ['loopback in one number', 'https://2130706433/', {}, 'NET_ADDRESS_REFUSED'],
    ['loopback in octal', 'https://0177.0.0.1/', {}, 'NET_ADDRESS_REFUSED'],
    ['IPv6 loopback', 'https://[::1]/', {}, 'NET_ADDRESS_REFUSED'],
    ['IPv4-mapped IPv6', 'https://[::ffff:127.0.0.1]/', {}, 'NET_ADDRESS_REFUSED'],
    ['the metadata address', 'https://169.254.169.254/', {}, 'NET_ADDRESS_REFUSED'],
  ]
  it.each(cases)('%s', async (_name, url, options, code) => {
    const error = await refusal(url, options)
    expect(error.code).toBe(code)
    expect(`${error.url} ${error.message}`).not.toContain('secret')
  })

  it('a name of which every address is refused', async () => {
    const lookup = async () => [
      { address: '10.0.0.1', family: 4 },
      { address: '::1', family: 6 },
    ]
    const error = await refusal('https://rebind.example/', { lookup })
    expect(error).toMatchObject({ code: 'NET_ADDRESS_REFUSED', transient: false })
    expect(error.message).toContain('private, loopback')
  })

  it('a name without an address', async () => {
    expect(await refusal('https://none.example/', { lookup: async () => [] })).toMatchObject({
      code: 'NET_ADDRESS_REFUSED',
    })
  })
})

describe('guardedFetch pins the address', () => {
  it('connects to what one lookup gave, so that a second answer changes nothing', async () => {
    const { port } = await http((_request, response) => response.end('here'))
    let lookups = 0
    const lookup = async () => [{ address: ++lookups === 1 ? '127.0.0.1' : '192.0.2.1', family: 4 }]
    const result = await guardedFetch(`http://rebind.example:${port}/`, { ...LOCAL, lookup })
    expect(result.status).toBe(200)
    expect(lookups).toBe(1)
  })

  it('reports a name that does not exist as one that may exist later', async () => {
    const lookup = () => Promise.reject(Object.assign(new TypeError('no'), { code: 'ENOTFOUND' }))
    expect(await refusal('https://nowhere.example/', { lookup })).toMatchObject({
      code: 'NET_NAME_NOT_FOUND',
      transient: true,
    })
  })

  it('resolves and checks each hop', async () => {
    const { origin } = await http((_request, response) => {
      response.writeHead(302, { location: 'http://inner.example/' }).end()
    })
    const lookup = async (host: string) => (host === 'localhost' ? [{ address: '127.0.0.1', family: 4 }] : [])
    const error = await refusal(origin, { ...LOCAL, lookup })
    expect(error).toMatchObject({ code: 'NET_ADDRESS_REFUSED', url: 'http://inner.example/' })
    const ports = [Number(new URL(origin).port)]
    expect(await refusal(origin, { ...LOCAL, ports })).toMatchObject({ code: 'NET_PORT_REFUSED' })
  })
})

describe('guardedFetch bounds the size', () => {
  it('accepts a body of exactly the bound', async () => {
    const { origin } = await http((_request, response) => response.end(Buffer.alloc(1000)))
    expect((await guardedFetch(origin, { ...LOCAL, maxBytes: 1000 })).body.length).toBe(1000)
  })

  it('refuses a declared length beyond the bound', async () => {
    const { origin } = await http((_request, response) => response.end(Buffer.alloc(1001)))
    expect(await refusal(origin, { ...LOCAL, maxBytes: 1000 })).toMatchObject({ code: 'NET_TOO_LARGE' })
  })

  it('stops an endless body', async () => {
    const { origin } = await http((_request, response) => pour(response))
    expect(await refusal(origin, { ...LOCAL, maxBytes: 100_000 })).toMatchObject({ code: 'NET_TOO_LARGE' })
  })

  it('decompresses gzip', async () => {
    const { origin } = await http((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(gzipSync('hello'))
    })
    expect(Buffer.from((await guardedFetch(origin, LOCAL)).body).toString()).toBe('hello')
  })

  it('counts what gzip expands to', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000))
    const { origin } = await http((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end(bomb)
    })
    expect(bomb.length).toBeLessThan(20_000)
    expect(await refusal(origin, { ...LOCAL, maxBytes: 20_000 })).toMatchObject({ code: 'NET_TOO_LARGE' })
  })

  it.each(['br', 'deflate', 'gzip, gzip', 'zstd'])('refuses the content coding %s', async coding => {
    const { origin } = await http((_request, response) => {
      response.setHeader('content-encoding', coding)
      response.end('x')
    })
    expect(await refusal(origin, LOCAL)).toMatchObject({ code: 'NET_ENCODING_REFUSED' })
  })

  it('refuses a body that is not the gzip that it says it is', async () => {
    const { origin } = await http((_request, response) => {
      response.setHeader('content-encoding', 'gzip')
      response.end('hello')
    })
    expect(await refusal(origin, LOCAL)).toMatchObject({ code: 'NET_RESPONSE_INVALID' })
  })
})

function pour(response: ServerResponse): void {
  const chunk = Buffer.alloc(16_384)
  const more = () => {
    while (!response.destroyed && response.write(chunk));
  }
  response.on('drain', more)
  more()
}

describe('guardedFetch bounds the time', () => {
  it('of a server that never answers', async () => {
    const { origin } = await http(() => {})
    expect(await refusal(origin, { ...LOCAL, timeoutMs: 100 })).toMatchObject({ code: 'NET_TIMEOUT' })
  })

  it('of a body that comes byte by byte, each in time', async () => {
    const { origin } = await http((_request, response) => {
      const timer = setInterval(() => response.write('x'), 10)
      response.on('close', () => clearInterval(timer))
    })
    const error = await refusal(origin, { ...LOCAL, timeoutMs: 150 })
    expect(error).toMatchObject({ code: 'NET_TIMEOUT', transient: true })
  })

  it('of all redirects together', async () => {
    const { origin } = await http((_request, response) => {
      setTimeout(() => response.writeHead(302, { location: '/next' }).end(), 40)
    })
    const error = await refusal(origin, { ...LOCAL, timeoutMs: 200, maxRedirects: 1000 })
    expect(error.code).toBe('NET_TIMEOUT')
  })

  it('of a name server that never answers', async () => {
    const error = await refusal('https://slow.example/', {
      lookup: () => new Promise(() => {}),
      timeoutMs: 100,
    })
    expect(error.code).toBe('NET_TIMEOUT')
  })

  it('and ends when the caller cancels', async () => {
    const controller = new AbortController()
    const { origin } = await http(() => controller.abort())
    const error = await refusal(origin, { ...LOCAL, signal: controller.signal })
    expect(error).toMatchObject({ code: 'NET_ABORTED', transient: false })
    expect(await refusal(origin, { ...LOCAL, signal: AbortSignal.abort() })).toMatchObject({
      code: 'NET_ABORTED',
    })
  })
})

describe('guardedFetch follows redirects', () => {
  it.each([301, 302, 303, 307, 308])('of status %d, to the final URL', async status => {
    const { origin } = await http((request, response) => {
      if (request.url === '/end') response.end('end')
      else response.writeHead(status, { location: 'end' }).end()
    })
    const result = await guardedFetch(`${origin}/start`, LOCAL)
    expect(result).toMatchObject({ status: 200, finalUrl: `${origin}/end` })
  })

  it('as many as allowed, and no more', async () => {
    const { origin } = await http((request, response) => {
      const step = Number((request.url ?? '/0').slice(1))
      if (step === 2) response.end()
      else response.writeHead(302, { location: `/${step + 1}` }).end()
    })
    expect((await guardedFetch(`${origin}/0`, { ...LOCAL, maxRedirects: 2 })).status).toBe(200)
    expect(await refusal(`${origin}/0`, { ...LOCAL, maxRedirects: 1 })).toMatchObject({
      code: 'NET_TOO_MANY_REDIRECTS',
    })
  })

  it.each([undefined, 'http://', 'ftp://x/', 'http://u:p@localhost/'])('not to %s', async location => {
    const { origin } = await http((_request, response) => {
      response.writeHead(302, location === undefined ? {} : { location }).end()
    })
    const { code } = await refusal(origin, LOCAL)
    expect(['NET_REDIRECT_REFUSED', 'NET_SCHEME_REFUSED', 'NET_CREDENTIALS_REFUSED']).toContain(code)
  })

  it('not of a request with a body', async () => {
    const { origin } = await http((_request, response) => response.writeHead(307, { location: '/b' }).end())
    expect(await refusal(origin, { ...LOCAL, method: 'POST', body: 'x' })).toMatchObject({
      code: 'NET_REDIRECT_REFUSED',
    })
  })

  it('not from https to http', async () => {
    const plain = await http((_request, response) => response.end())
    const { origin, ca } = await https((_request, response) => {
      response.writeHead(302, { location: plain.origin }).end()
    })
    expect(await refusal(origin, { ...LOCAL, ca })).toMatchObject({ code: 'NET_REDIRECT_REFUSED' })
  })

  it('without the authorization header where the origin changes', async () => {
    const seen: (string | undefined)[] = []
    const other = await http((request, response) => {
      seen.push(request.headers.authorization)
      response.end()
    })
    const { origin } = await http((request, response) => {
      seen.push(request.headers.authorization)
      response.writeHead(302, { location: request.url === '/' ? '/same' : other.origin }).end()
    })
    await guardedFetch(origin, { ...LOCAL, headers: { Authorization: 'Bearer t' } })
    expect(seen).toEqual(['Bearer t', 'Bearer t', undefined])
  })
})

describe('guardedFetch over TLS', () => {
  it('trusts the given authorities', async () => {
    const { origin, ca } = await https((_request, response) => response.end('ok'))
    expect((await guardedFetch(origin, { allowPrivate: true, ca })).status).toBe(200)
  })

  it('refuses a certificate that it cannot verify, whatever the environment says', async () => {
    const { origin } = await https((_request, response) => response.end('ok'))
    process.env['NODE_TLS_REJECT_UNAUTHORIZED'] = '0'
    try {
      expect(await refusal(origin, { allowPrivate: true })).toMatchObject({ code: 'NET_TLS_FAILED' })
    } finally {
      delete process.env['NODE_TLS_REJECT_UNAUTHORIZED']
    }
  })

  it('refuses a certificate for another name', async () => {
    const { port, ca } = await https((_request, response) => response.end('ok'))
    const lookup = async () => [{ address: '127.0.0.1', family: 4 }]
    const error = await refusal(`https://other.example:${port}/`, { allowPrivate: true, ca, lookup })
    expect(error.code).toBe('NET_TLS_FAILED')
  })

  it('refuses a server that speaks no TLS', async () => {
    const { port } = await http((_request, response) => response.end())
    expect(await refusal(`https://localhost:${port}/`, { allowPrivate: true })).toMatchObject({
      code: 'NET_TLS_FAILED',
    })
  })
})

describe('guardedFetch and what is not HTTP', () => {
  it.each([
    ['nothing', ''],
    ['no status line', 'hello\r\n\r\n'],
    ['a body cut short', 'HTTP/1.1 200 OK\r\ncontent-length: 10\r\n\r\nabc'],
    ['a switch of protocol', 'HTTP/1.1 101 Switching\r\nupgrade: x\r\nconnection: upgrade\r\n\r\n'],
    ['headers without end', `HTTP/1.1 200 OK\r\n${'a: b\r\n'.repeat(20_000)}`],
    ['two lengths', 'HTTP/1.1 200 OK\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nab'],
  ])('%s fails with a code', async (_name, answer) => {
    const { code } = await refusal(await raw(answer), LOCAL)
    expect(['NET_RESPONSE_INVALID', 'NET_UNREACHABLE']).toContain(code)
  })

  it('a closed port is unreachable', async () => {
    const server = await serveHttp(() => {})
    await server.close()
    expect(await refusal(server.origin, LOCAL)).toMatchObject({ code: 'NET_UNREACHABLE', transient: true })
  })

  it('any bytes from a server give a response or a NetError', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.oneof(
          fc.string(),
          fc.string().map(text => `HTTP/1.1 ${text}`),
        ),
        async answer => {
          const outcome = await guardedFetch(await raw(answer), LOCAL).catch((error: unknown) => error)
          expect(outcome instanceof NetError || typeof outcome === 'object').toBe(true)
          if (outcome instanceof Error) expect(outcome).toBeInstanceOf(NetError)
          for (const close of closing.splice(0)) await close()
        },
      ),
    )
  })

  it('any text as a URL is fetched, refused or misses its name: nothing else is thrown', async () => {
    const lookup = async () => []
    await fc.assert(
      fc.asyncProperty(fc.oneof(fc.webUrl(), fc.string()), async url => {
        expect(await refusal(url, { lookup, allowHttp: true, timeoutMs: 1000 })).toBeInstanceOf(NetError)
      }),
    )
  })

  it('a request header that cannot be sent is a TypeError', async () => {
    await expect(guardedFetch('https://example.com/', { headers: { accept: 'a\nb' } })).rejects.toThrow(
      TypeError,
    )
  })
})
