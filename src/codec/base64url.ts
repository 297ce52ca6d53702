import { CodecError } from './errors.ts'

const ALPHABET = /^[A-Za-z0-9_-]*$/

/** base64url without padding (RFC 4648 section 5). */
export function encodeBase64url(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64url')
}

/**
 * Decodes base64url, strictly: no padding, no white space, no character of another alphabet, and the unused
 * bits of the last character are zero, so that each byte string has one spelling (RFC 4648 sections 3.2 to 3.5).
 * @throws CodecError BASE64URL_INVALID
 */
export function decodeBase64url(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  if (bytes.toString('base64url') === text) return bytes
  const reason = ALPHABET.test(text)
    ? 'not canonical base64url: unused bits are set or the length is wrong'
    : 'not base64url: a character outside its alphabet'
  throw new CodecError('BASE64URL_INVALID', reason)
}

/** What the last character may be, by how many there are beyond a multiple of four: its unused bits are zero. */
const LAST = ['', '', 'AQgw', 'AEIMQUYcgkosw048']

/** True if `text` is the one canonical base64url spelling of some bytes. */
export function isBase64url(text: string): boolean {
  const beyond = text.length % 4
  return ALPHABET.test(text) && (beyond === 0 || (LAST[beyond] ?? '').includes(text.charAt(text.length - 1)))
}
