import { isIP } from 'node:net'
import { DidError } from '../errors.ts'

const LABEL = /^[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?$/
const HOST_AND_PORT = /^([^%]+)(?:%3[Aa]([1-9][0-9]{0,4}))?$/
const MAX_HOST_LENGTH = 253
const MAX_PORT = 65_535

/**
 * The URL of a did:web's document (did:web, Read, steps 1 to 5).
 * @param id method-specific identifier, which the grammar of DID Core allows
 * @throws DidError WEB_HOST_INVALID, WEB_PATH_INVALID
 */
export function didWebUrl(id: string): URL {
  const [host = '', ...segments] = id.split(':')
  const origin = `https://${hostAndPort(host)}`
  for (const segment of segments) checkSegment(segment)
  const path = segments.length === 0 ? '/.well-known/did.json' : `/${segments.join('/')}/did.json`
  const url = URL.canParse(path, origin) ? new URL(path, origin) : undefined
  // What the URL parser would rewrite is no path that the DID names.
  if (url?.pathname !== path)
    throw new DidError('WEB_PATH_INVALID', 'the path is not one that a URL can have')
  return url
}

/** The host is a domain name, never an address (did:web, Method-specific identifier). */
function hostAndPort(text: string): string {
  const [, host = '', port] = HOST_AND_PORT.exec(text) ?? []
  const labels = host.split('.')
  // A URL whose last label is a number is read as an IPv4 address (WHATWG URL, ends-in-a-number checker).
  const numeric = /^(?:[0-9]+|0[xX][0-9A-Fa-f]*)$/.test(labels.at(-1) ?? '')
  if (
    host.length > MAX_HOST_LENGTH ||
    isIP(host) !== 0 ||
    numeric ||
    !labels.every(label => LABEL.test(label))
  ) {
    throw new DidError('WEB_HOST_INVALID', 'the host of a did:web is a domain name')
  }
  if (port !== undefined && Number(port) > MAX_PORT) {
    throw new DidError('WEB_HOST_INVALID', `port ${port} does not exist`)
  }
  return port === undefined ? host : `${host}:${port}`
}

function checkSegment(segment: string): void {
  const decoded = decodeSegment(segment)
  if (decoded === '' || decoded === '.' || decoded === '..') throw segmentError()
  for (const character of decoded) {
    const code = character.charCodeAt(0)
    if (code < 0x20 || code === 0x7f || character === '/' || character === '\\') throw segmentError()
  }
}

function decodeSegment(segment: string): string {
  try {
    return decodeURIComponent(segment)
  } catch (cause) {
    throw new DidError('WEB_PATH_INVALID', 'a percent-encoded part of the path is not UTF-8', cause)
  }
}

function segmentError(): DidError {
  return new DidError(
    'WEB_PATH_INVALID',
    'a path segment is empty, leads upwards, or holds an encoded slash or control character',
  )
}
