import { base58btc } from 'multiformats/bases/base58'
import { decodeBase64url, encodeBase64url } from './base64url.ts'
import { CodecError } from './errors.ts'

/** Decoding base58 takes time that grows with the square of the length, so that longer texts are refused. */
const MAX_BASE58_CHARACTERS = 4096

/** base58btc in multibase: `z` and the Bitcoin alphabet. */
export function encodeBase58btc(bytes: Uint8Array): string {
  return base58btc.encode(bytes)
}

/** base64url in multibase: `u` and base64url without padding. */
export function encodeMultibase64url(bytes: Uint8Array): string {
  return `u${encodeBase64url(bytes)}`
}

/**
 * Bytes of a multibase text in base58btc (`z`, up to 4,096 characters) or base64url (`u`), each in its one
 * spelling.
 * @throws CodecError MULTIBASE_INVALID
 */
export function decodeMultibase(text: string): Buffer {
  switch (text[0]) {
    case 'z':
      return decodeBase58btc(text)
    case 'u':
      return decodeBase64(text.slice(1))
    default:
      throw new CodecError('MULTIBASE_INVALID', 'a multibase text starts with z (base58btc) or u (base64url)')
  }
}

function decodeBase58btc(text: string): Buffer {
  if (text.length > MAX_BASE58_CHARACTERS) {
    throw new CodecError('MULTIBASE_INVALID', `base58btc of more than ${MAX_BASE58_CHARACTERS} characters`)
  }
  const bytes = fromBase58btc(text)
  // The decoder forgives white space and characters that fall outside one byte; the spelling does not.
  if (base58btc.encode(bytes) !== text) {
    throw new CodecError('MULTIBASE_INVALID', 'not the one spelling in base58btc')
  }
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

function fromBase58btc(text: string): Uint8Array {
  try {
    return base58btc.decode(text)
  } catch (cause) {
    throw new CodecError('MULTIBASE_INVALID', 'not base58btc', { cause })
  }
}

function decodeBase64(text: string): Buffer {
  try {
    return decodeBase64url(text)
  } catch (cause) {
    throw new CodecError('MULTIBASE_INVALID', 'not base64url without padding', { cause })
  }
}
