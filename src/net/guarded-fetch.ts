import { promises as dns, type LookupAddress } from 'node:dns'
import { type IncomingHttpHeaders, type IncomingMessage, request as requestHttp } from 'node:http'
import { request as requestHttps } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { gunzip } from '../codec/gzip.ts'
import { classifyAddress } from './address.ts'
import { NetError, type NetErrorCode } from './errors.ts'

/** Resolves a host name to all of its addresses. */
export type HostLookup = (hostname: string) => Promise<readonly LookupAddress[]>

/** What a fetch may do; every default is the strict one. */
export interface FetchOptions {
  /** Default GET. Only GET follows redirects. */
  method?: 'GET' | 'POST'
  /** Request headers. `authorization` goes only to the origin that was asked for, never to a redirect's. */
  headers?: Readonly<Record<string, string>>
  /** Body of a POST. */
  body?: Uint8Array | string
  /** Largest body in bytes, as sent and once decompressed. Default 1,048,576. */
  maxBytes?: number
  /** Milliseconds for the whole exchange: names, connections, redirects, headers and body. Default 10,000. */
  timeoutMs?: number
  /** Most redirects that are followed. Default 3. */
  maxRedirects?: number
  /** Allows http URLs. Default false. A redirect from https to http is refused either way. */
  allowHttp?: boolean
  /** Allows any address, so also private, loopback and link-local ones. Default false. */
  allowPrivate?: boolean
  /** The ports that may be used. Default: every port. */
  ports?: readonly number[]
  /** Certificate authorities in PEM, in place of those that Node.js carries. */
  ca?: string
  /** Default: the system's resolver. Whatever it answers, the address is checked before it is connected to. */
  lookup?: HostLookup
  signal?: AbortSignal
}

/** A complete response, of any status that is not a redirect. */
export interface FetchResult {
  status: number
  /** The URL of the last hop. */
  finalUrl: string
  /** `content-type` without its parameters, in lower case; undefined if the server sent none. */
  mediaType: string | undefined
  /** Those of {@link KEPT_HEADERS} that were sent, names in lower case. */
  headers: Readonly<Record<string, string>>
  /** The body, decompressed. */
  body: Uint8Array
}

/** Response headers that are handed on. */
export const KEPT_HEADERS = [
  'cache-control',
  'content-type',
  'etag',
  'last-modified',
  'location',
  'retry-after',
] as const

const DEFAULT_MAX_BYTES = 1 << 20
const DEFAULT_TIMEOUT_MS = 10_000
const DEFAULT_MAX_REDIRECTS = 3
const REDIRECTS: ReadonlySet<number> = new Set([301, 302, 303, 307, 308])
/** What Node.js says of a request header that cannot be sent: the caller's mistake, not the network's. */
const HEADER_MISUSE: ReadonlySet<string> = new Set(['ERR_INVALID_CHAR', 'ERR_INVALID_HTTP_TOKEN'])

/**
 * Fetches a URL of foreign origin within bounds: the one way in which anything is fetched over HTTP.
 *
 * The scheme, the credentials and the port of each hop are checked; so is the address, after the name is
 * resolved and as the one that is connected to, so that a name cannot point elsewhere between check and use.
 * Size and time are bounded for the whole exchange. TLS certificates are always verified.
 * @throws NetError
 * @throws TypeError if a request header cannot be sent
 */
export async function guardedFetch(url: string, options: FetchOptions = {}): Promise<FetchResult> {
  const timeout = AbortSignal.timeout(options.timeoutMs ?? DEFAULT_TIMEOUT_MS)
  const signal = options.signal === undefined ? timeout : AbortSignal.any([timeout, options.signal])
  const start = checkUrl(url, options)
  let target = start
  for (let hops = 0; ; hops++) {
    try {
      const response = await exchange(target, target.origin === start.origin, options, signal)
      if (!REDIRECTS.has(response.status)) return response
      if (hops >= (options.maxRedirects ?? DEFAULT_MAX_REDIRECTS)) {
        throw new NetError('NET_TOO_MANY_REDIRECTS', target.href, `more than ${hops} redirects`)
      }
      target = redirectTarget(target, response, options)
    } catch (error) {
      throw asNetError(error, target.href, timeout, options.signal)
    }
  }
}

function checkUrl(text: string, options: FetchOptions): URL {
  if (!URL.canParse(text)) throw new NetError('NET_URL_INVALID', '', 'the URL does not parse')
  const url = new URL(text)
  if (url.username !== '' || url.password !== '') {
    url.username = ''
    url.password = ''
    throw new NetError('NET_CREDENTIALS_REFUSED', url.href, 'the URL holds credentials')
  }
  if (url.protocol !== 'https:' && !(url.protocol === 'http:' && options.allowHttp === true)) {
    throw new NetError('NET_SCHEME_REFUSED', url.href, `the scheme ${url.protocol} is not allowed`)
  }
  const port = url.port === '' ? (url.protocol === 'https:' ? 443 : 80) : Number(url.port)
  if (options.ports !== undefined && !options.ports.includes(port)) {
    throw new NetError('NET_PORT_REFUSED', url.href, `port ${port} is not allowed`)
  }
  // Node.js does not look up a literal address, so its check cannot wait for the lookup.
  const host = hostOf(url)
  if (isIP(host) !== 0) requireAllowed(url, host, [{ address: host, family: isIP(host) }], options)
  return url
}

function redirectTarget(from: URL, response: FetchResult, options: FetchOptions): URL {
  const location = response.headers['location']
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new NetError('NET_REDIRECT_REFUSED', from.href, `status ${response.status} without a location`)
  }
  if ((options.method ?? 'GET') !== 'GET') {
    throw new NetError('NET_REDIRECT_REFUSED', from.href, 'a request with a body is not redirected')
  }
  const target = checkUrl(new URL(location, from.href).href, options)
  if (from.protocol === 'https:' && target.protocol !== 'https:') {
    throw new NetError('NET_REDIRECT_REFUSED', from.href, 'a redirect leads from https to http')
  }
  return target
}

/** One request and its response; the body of a redirect is not read. */
async function exchange(
  url: URL,
  sameOrigin: boolean,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<FetchResult> {
  const response = await send(url, sameOrigin, options, signal)
  try {
    const headers = keepHeaders(response.headers)
    const status = response.statusCode ?? 0
    const body = REDIRECTS.has(status) ? new Uint8Array() : await readBody(url, response, options)
    const mediaType = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase()
    return { status, finalUrl: url.href, mediaType, headers, body }
  } finally {
    response.destroy()
  }
}

function send(
  url: URL,
  sameOrigin: boolean,
  options: FetchOptions,
  signal: AbortSignal,
): Promise<IncomingMessage> {
  const headers: Record<string, string> = { 'accept-encoding': 'gzip, identity' }
  for (const [name, value] of Object.entries(options.headers ?? {})) {
    if (sameOrigin || name.toLowerCase() !== 'authorization') headers[name.toLowerCase()] = value
  }
  return new Promise((resolve, reject) => {
    const request = (url.protocol === 'https:' ? requestHttps : requestHttp)(url, {
      method: options.method ?? 'GET',
      headers,
      signal,
      lookup: checkedLookup(url, options),
      // A connection of its own: one from a pool would not pass through the lookup, nor end with the deadline.
      agent: false,
      // Explicit, so that no environment variable turns verification off.
      rejectUnauthorized: true,
      ...(options.ca === undefined ? {} : { ca: options.ca }),
    })
    request.on('response', resolve)
    request.on('error', reject)
    // A switch of protocol ends the request with neither a response nor an error.
    request.on('close', () => reject(new NetError('NET_RESPONSE_INVALID', url.href, 'no response came')))
    request.end(options.body)
  })
}

/** A lookup for the socket: it sees only addresses that may be connected to. */
function checkedLookup(url: URL, options: FetchOptions): LookupFunction {
  const lookup = options.lookup ?? (hostname => dns.lookup(hostname, { all: true }))
  return (hostname, { all }, callback) => {
    lookup(hostname)
      .then(addresses => requireAllowed(url, hostname, addresses, options))
      .then(
        allowed => {
          if (all === true) callback(null, [...allowed])
          else callback(null, allowed[0].address, allowed[0].family)
        },
        (error: NodeJS.ErrnoException) => callback(error, '', 0),
      )
  }
}

function requireAllowed(
  url: URL,
  host: string,
  addresses: readonly LookupAddress[],
  options: FetchOptions,
): [LookupAddress, ...LookupAddress[]] {
  const allowed = addresses.filter(
    ({ address }) => options.allowPrivate === true || classifyAddress(address) === 'public',
  )
  const [first, ...rest] = allowed
  if (first !== undefined) return [first, ...rest]
  const kinds = [...new Set(addresses.map(({ address }) => classifyAddress(address)))].join(', ')
  throw new NetError(
    'NET_ADDRESS_REFUSED',
    url.href,
    `${host} has no public address (${kinds === '' ? 'none at all' : kinds})`,
  )
}

async function readBody(url: URL, response: IncomingMessage, options: FetchOptions): Promise<Uint8Array> {
  const maxBytes = options.maxBytes ?? DEFAULT_MAX_BYTES
  const encoding = (response.headers['content-encoding'] ?? 'identity').trim().toLowerCase()
  if (encoding !== 'identity' && encoding !== 'gzip') {
    throw new NetError('NET_ENCODING_REFUSED', url.href, 'the content coding is neither identity nor gzip')
  }
  const sent = await collect(url, response, maxBytes)
  if (encoding === 'identity' || sent.length === 0) return sent
  try {
    return gunzip(sent, { maxOutputBytes: maxBytes, members: 'many' })
  } catch (cause) {
    throw errorCode(cause) === 'GZIP_TOO_LARGE'
      ? tooLarge(url, maxBytes)
      : new NetError('NET_RESPONSE_INVALID', url.href, 'the body is not the gzip that it says it is', cause)
  }
}

async function collect(url: URL, response: IncomingMessage, maxBytes: number): Promise<Uint8Array> {
  if (Number(response.headers['content-length'] ?? 0) > maxBytes) throw tooLarge(url, maxBytes)
  const chunks: Buffer[] = []
  let length = 0
  for await (const chunk of response as AsyncIterable<Buffer>) {
    length += chunk.length
    if (length > maxBytes) throw tooLarge(url, maxBytes)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks, length)
}

function tooLarge(url: URL, maxBytes: number): NetError {
  return new NetError('NET_TOO_LARGE', url.href, `the body is larger than ${maxBytes} bytes`)
}

function keepHeaders(headers: IncomingHttpHeaders): Record<string, string> {
  const kept: Record<string, string> = {}
  for (const name of KEPT_HEADERS) {
    const value = headers[name]
    if (value !== undefined) kept[name] = value
  }
  return kept
}

/** Host of a URL, an IPv6 literal without its brackets. */
function hostOf(url: URL): string {
  return url.hostname.startsWith('[') ? url.hostname.slice(1, -1) : url.hostname
}

function asNetError(
  error: unknown,
  url: string,
  timeout: AbortSignal,
  caller: AbortSignal | undefined,
): NetError {
  if (error instanceof NetError) return error
  const code = errorCode(error)
  if (error instanceof TypeError && HEADER_MISUSE.has(code)) throw error
  if (caller?.aborted === true) return new NetError('NET_ABORTED', url, 'the caller cancelled', error)
  if (timeout.aborted) return new NetError('NET_TIMEOUT', url, 'no complete response in time', error)
  const [netCode, text] = describe(code)
  return new NetError(netCode, url, code === '' ? text : `${text} (${code})`, error)
}

function describe(code: string): [NetErrorCode, string] {
  if (code === 'ENOTFOUND') return ['NET_NAME_NOT_FOUND', 'the host name is not known']
  if (code.startsWith('HPE_')) return ['NET_RESPONSE_INVALID', 'the response is not HTTP']
  // The names of OpenSSL's verification errors, as Node.js gives them, and those of the handshake.
  if (/CERT|^ERR_(TLS|SSL)_|^UNABLE_TO_|^HOSTNAME_MISMATCH$|^INVALID_(CA|PURPOSE)$|^EPROTO$/.test(code)) {
    return ['NET_TLS_FAILED', 'the TLS connection failed']
  }
  return ['NET_UNREACHABLE', 'the host cannot be reached']
}

function errorCode(error: unknown): string {
  if (typeof error !== 'object' || error === null || !('code' in error)) return ''
  return typeof error.code === 'string' ? error.code : ''
}
