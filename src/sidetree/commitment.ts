import { sha256 } from '../codec/hash.ts'
import { encodedMultihash, encodedMultihashOfDigestIn } from '../codec/multihash.ts'
import type { PublicJwk } from '../keys/types.ts'

/**
 * The reveal value of a key: the multihash of its canonical form (Sidetree v1, Public Key Commitment Scheme).
 */
export function revealValueOf(jwk: PublicJwk): string {
  return encodedMultihash(canonicalKey(jwk))
}

/**
 * The commitment to a key: the multihash of SHA-256 over the raw SHA-256 digest of its canonical form. The
 * specification's text can be read as hashing the inner multihash; its own vectors and every implementation hash
 * the 32 bytes.
 */
export function commitmentOf(jwk: PublicJwk): string {
  return encodedMultihash(sha256(canonicalKey(jwk)))
}

/**
 * The commitment that a reveal value opens: its digest, hashed again.
 * @throws CodecError where the text is not a SHA-256 multihash in canonical spelling
 */
export function commitmentOfReveal(revealValue: string): string {
  return encodedMultihashOfDigestIn(revealValue)
}

/** The canonical form of the key: its members, all of them ASCII, in the order of their names (RFC 8785). */
function canonicalKey({ crv, kty, nonce, x, y }: PublicJwk): string {
  return JSON.stringify({ crv, kty, nonce, x, y })
}
