import { decodeBase64url } from './base64url.ts'
import { CodecError } from './errors.ts'
import { sha256Into } from './hash.ts'

/** Multihash code of SHA-256 (multicodec table). */
export const SHA2_256 = 0x12

/** The multihash of a SHA-256 digest: 0x12 0x20 and the 32 bytes. */
export function multihashOfDigest(digest: Uint8Array): Buffer {
  if (digest.length !== 32) throw new TypeError('a SHA-256 digest has 32 bytes')
  const multihash = Buffer.allocUnsafe(34)
  multihash[0] = SHA2_256
  multihash[1] = 32
  multihash.set(digest, 2)
  return multihash
}

/** Where multihashes are made that leave as text; the next call writes over it. */
const SCRATCH = multihashOfDigest(Buffer.alloc(32))
const DIGEST = SCRATCH.subarray(2)

/** base64url of the multihash of SHA-256(data): 46 characters that start with "Ei". */
export function encodedMultihash(data: Uint8Array | string): string {
  sha256Into(DIGEST, data)
  return SCRATCH.toString('base64url')
}

/**
 * base64url of the multihash of SHA-256 over the digest inside an encoded SHA-256 multihash.
 * @throws CodecError as {@link decodeMultihash}
 */
export function encodedMultihashOfDigestIn(text: string): string {
  if (!isEncodedMultihash(text)) return encodedMultihash(decodeMultihash(text))
  SCRATCH.write(text, 0, 'base64url')
  return encodedMultihash(DIGEST)
}

/**
 * The 32-byte digest inside an encoded SHA-256 multihash, in its one canonical spelling.
 * @throws CodecError BASE64URL_INVALID, MULTIHASH_INVALID (length), MULTIHASH_UNSUPPORTED (another hash)
 */
export function decodeMultihash(text: string): Buffer {
  const bytes = decodeBase64url(text)
  if (bytes.length < 2)
    throw new CodecError('MULTIHASH_INVALID', 'a multihash has a code, a length and a digest')
  if (bytes[0] !== SHA2_256) {
    throw new CodecError('MULTIHASH_UNSUPPORTED', `multihash code ${bytes[0]} is not SHA-256 (18)`)
  }
  if (bytes[1] !== 32 || bytes.length !== 34) {
    throw new CodecError('MULTIHASH_INVALID', 'a SHA-256 multihash has a digest of 32 bytes')
  }
  return bytes.subarray(2)
}

/**
 * The canonical spellings of 0x12 0x20 and 32 bytes: 46 characters, of which the last has its four unused bits
 * clear (sidetree#873).
 */
const ENCODED = /^Ei[A-D][A-Za-z0-9_-]{42}[AQgw]$/

/** True if `text` is an encoded SHA-256 multihash in canonical spelling. */
export function isEncodedMultihash(text: string): boolean {
  return ENCODED.test(text)
}
