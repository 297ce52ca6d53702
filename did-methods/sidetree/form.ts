import { isBase64url } from '../../src/codec/base64url.ts'
import { isEncodedMultihash } from '../../src/codec/multihash.ts'
import { parseDid } from '../did-url.ts'
import { DidError } from '../errors.ts'

/**
 * The short form of a Sidetree DID, `did:METHOD[:network]:suffix`; a long form goes on with a colon and base64url
 * (Sidetree v1, DID URI Composition and Long-Form DID URIs). So of the last two parts, one is the suffix.
 * @throws DidError DID_INVALID, SIDETREE_SUFFIX_INVALID
 */
export function shortForm(did: string): string {
  const parts = parseDid(did).id.split(':')
  const last = parts.at(-1) ?? ''
  if (isEncodedMultihash(last)) return did
  const suffix = parts.at(-2)
  if (suffix === undefined || !isEncodedMultihash(suffix) || last === '' || !isBase64url(last)) {
    throw new DidError(
      'SIDETREE_SUFFIX_INVALID',
      'not a Sidetree DID: it has no suffix that is a SHA-256 hash',
    )
  }
  return did.slice(0, -1 - last.length)
}
