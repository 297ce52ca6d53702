import type { DIDDocument, DIDResolver, JsonWebKey, VerificationRelationship } from 'did-resolver'
import { decodeBase64url, encodeBase64url } from '../../src/codec/base64url.ts'
import { CodecError } from '../../src/codec/errors.ts'
import { canonicalize } from '../../src/codec/jcs.ts'
import { type JsonObject, parseJsonObject } from '../../src/codec/json.ts'
import type { PublicJwk } from '../../src/keys/types.ts'
import { RELATIONSHIPS } from '../dereference.ts'
import { parseDid, refuseVersions } from '../did-url.ts'
import { DidError } from '../errors.ts'
import { checkPublicJwk } from '../public-key.ts'
import { found, negotiate, resolving } from '../result.ts'

/** Nesting of a JWK; its registered members need two levels. */
const MAX_DEPTH = 8

/** Resolves did:jwk (did:jwk DID Method Specification). Failures are in the result, see `DID_ERRORS`. */
export function jwkDriver(): Record<'jwk', DIDResolver> {
  return {
    jwk: (did, parsed, _resolver, options) =>
      resolving(() => {
        const contentType = negotiate(options)
        refuseVersions(parsed, options)
        return found(jwkDocument(did, decodeJwk(parseDid(did).id)), contentType, { basis: 'computed' })
      }),
  }
}

/** The did:jwk of a public key: of its canonical JSON, so that the same key always gives the same DID. */
export function encodeDidJwk({ kty, crv, x, y }: PublicJwk): string {
  return `did:jwk:${encodeBase64url(Buffer.from(canonicalize(y === undefined ? { kty, crv, x } : { kty, crv, x, y })))}`
}

/** @throws DidError JWK_ENCODING_INVALID, and as {@link checkPublicJwk} */
function decodeJwk(text: string): JsonObject {
  const jwk = parse(text)
  checkPublicJwk(jwk)
  if (jwk['use'] !== undefined && typeof jwk['use'] !== 'string') {
    throw new DidError('JWK_INVALID', 'use is not a text')
  }
  return jwk
}

function parse(text: string): JsonObject {
  try {
    return parseJsonObject(decodeBase64url(text), { maxDepth: MAX_DEPTH })
  } catch (error) {
    if (error instanceof CodecError) throw new DidError('JWK_ENCODING_INVALID', error.message, error)
    throw error
  }
}

/** did:jwk, Create: the document has one key, `#0`, with every relationship that its `use` leaves. */
function jwkDocument(did: string, jwk: JsonObject): DIDDocument {
  const id = `${did}#0`
  const relationships = RELATIONSHIPS.filter(name => allows(jwk['use'], name)).map(name => [name, [id]])
  return {
    '@context': ['https://www.w3.org/ns/did/v1', 'https://w3id.org/security/suites/jws-2020/v1'],
    id: did,
    verificationMethod: [
      { id, type: 'JsonWebKey2020', controller: did, publicKeyJwk: jwk as unknown as JsonWebKey },
    ],
    ...Object.fromEntries(relationships),
  }
}

function allows(use: unknown, relationship: VerificationRelationship): boolean {
  if (use === 'sig') return relationship !== 'keyAgreement'
  return use !== 'enc' || relationship === 'keyAgreement'
}
