import type { DIDDocument, VerificationMethod, VerificationRelationship } from 'did-resolver'
import { DidError } from '../errors.ts'
import { multikeyJwk } from './jwk.ts'
import { encodeMultikey, type Multikey, type SingleMultikey, singleKeys } from './multikey.ts'
import { x25519OfEd25519 } from './x25519.ts'

/** How a verification method carries its key (did:key, `publicKeyFormat`). */
export const PUBLIC_KEY_FORMATS = [
  'Multikey',
  'JsonWebKey',
  'JsonWebKey2020',
  'Ed25519VerificationKey2020',
] as const
export type PublicKeyFormat = (typeof PUBLIC_KEY_FORMATS)[number]

/** Options of the Document Creation Algorithm. */
export interface KeyDocumentOptions {
  /** Default Multikey. Ed25519VerificationKey2020 is for Ed25519 (and X25519KeyAgreementKey2020 for X25519) alone. */
  publicKeyFormat?: PublicKeyFormat
  /** Adds the X25519 key that can be derived from an Ed25519 key. Default false: nobody has proven it harmless. */
  enableEncryptionKeyDerivation?: boolean
}

const DID_CONTEXT = 'https://www.w3.org/ns/did/v1'
const SUITE_CONTEXTS: Readonly<Record<string, string>> = {
  Multikey: 'https://w3id.org/security/multikey/v1',
  JsonWebKey: 'https://w3id.org/security/jwk/v1',
  JsonWebKey2020: 'https://w3id.org/security/suites/jws-2020/v1',
  Ed25519VerificationKey2020: 'https://w3id.org/security/suites/ed25519-2020/v1',
  X25519KeyAgreementKey2020: 'https://w3id.org/security/suites/x25519-2020/v1',
}

const SIGNING: readonly VerificationRelationship[] = [
  'authentication',
  'assertionMethod',
  'capabilityInvocation',
  'capabilityDelegation',
]

/** What each type of key is for, as the published vectors have it. */
const PURPOSES: Readonly<Record<SingleMultikey['type'], readonly VerificationRelationship[]>> = {
  Ed25519: SIGNING,
  X25519: ['keyAgreement'],
  secp256k1: [...SIGNING, 'keyAgreement'],
  'P-256': [...SIGNING, 'keyAgreement'],
  'P-384': [...SIGNING, 'keyAgreement'],
  'P-521': [...SIGNING, 'keyAgreement'],
  'BLS12-381 G1': SIGNING,
  'BLS12-381 G2': SIGNING,
  RSA: [...SIGNING, 'keyAgreement'],
}

/**
 * The DID document of a did:key (did:key v0.7 and v0.9, Document Creation Algorithm).
 * @throws DidError KEY_POINT_INVALID, KEY_RSA_INVALID, KEY_FORMAT_UNSUPPORTED
 */
export function keyDocument(did: string, key: Multikey, options: KeyDocumentOptions): DIDDocument {
  const keys = singleKeys(key)
  // Judged in every format, so that it does not hang on the format whether a DID resolves.
  const jwks = keys.map(multikeyJwk)
  if (options.enableEncryptionKeyDerivation === true && key.type === 'Ed25519') {
    const derived: SingleMultikey = { type: 'X25519', bytes: x25519OfEd25519(key.bytes) }
    keys.push(derived)
    jwks.push(multikeyJwk(derived))
  }
  const format = options.publicKeyFormat ?? 'Multikey'
  const verificationMethod = keys.map((single, index) => {
    const multibase = encodeMultikey(single)
    const method = { id: `${did}#${multibase}`, type: methodType(single, format), controller: did }
    return usesJwk(format)
      ? { ...method, publicKeyJwk: jwks[index] }
      : { ...method, publicKeyMultibase: multibase }
  }) as VerificationMethod[]
  const suites = new Set(verificationMethod.map(({ type }) => SUITE_CONTEXTS[type] ?? ''))
  return {
    '@context': [DID_CONTEXT, ...suites],
    id: did,
    verificationMethod,
    ...relationships(did, keys),
  }
}

function relationships(
  did: string,
  keys: SingleMultikey[],
): Partial<Record<VerificationRelationship, string[]>> {
  const lists: Partial<Record<VerificationRelationship, string[]>> = {}
  for (const key of keys) {
    for (const purpose of PURPOSES[key.type]) {
      lists[purpose] = [...(lists[purpose] ?? []), `${did}#${encodeMultikey(key)}`]
    }
  }
  return lists
}

function usesJwk(format: PublicKeyFormat): boolean {
  return format === 'JsonWebKey' || format === 'JsonWebKey2020'
}

function methodType({ type }: SingleMultikey, format: PublicKeyFormat): string {
  if (format !== 'Ed25519VerificationKey2020' || type === 'Ed25519') return format
  if (type === 'X25519') return 'X25519KeyAgreementKey2020'
  throw new DidError('KEY_FORMAT_UNSUPPORTED', `${format} cannot hold a key of ${type}`)
}
