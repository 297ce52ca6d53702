import type { JsonObject, JsonValue } from '../codec/json.ts'
import type { ParsedDid } from './did.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { DidState } from './state.ts'
import type { KeyPurpose, PublicKeyEntry } from './types.ts'

/** A DID document (DID Core), with relative ids under the `@base` of its context, as Sidetree writes them. */
export interface DidDocument {
  id: string
  '@context': JsonValue[]
  alsoKnownAs?: string[]
  service?: { id: string; type: string; serviceEndpoint: JsonValue }[]
  verificationMethod?: VerificationMethod[]
  authentication?: string[]
  keyAgreement?: string[]
  assertionMethod?: string[]
  capabilityDelegation?: string[]
  capabilityInvocation?: string[]
}

export interface VerificationMethod {
  id: string
  controller: string
  type: string
  publicKeyJwk?: JsonObject
  publicKeyMultibase?: string
}

/** DID document metadata (DID Core section 7.1.3; Sidetree v1, DID Resolver Output). */
export interface DidDocumentMetadata {
  method: { published: boolean; recoveryCommitment?: string; updateCommitment?: string }
  canonicalId?: string
  equivalentId?: string[]
  deactivated?: boolean
  /** RFC 3339, UTC, whole seconds; of the transaction that anchored the create. */
  created?: string
  /** Of the last transaction that changed the DID; absent while none did. */
  updated?: string
  versionId?: string
  nextVersionId?: string
}

/** A resolution result in the form of Sidetree v1. */
export interface SidetreeResolutionResult {
  '@context': 'https://w3id.org/did-resolution/v1'
  didDocument: DidDocument
  didDocumentMetadata: DidDocumentMetadata
}

export interface ResultOptions {
  /** True where the state comes from operations on the ledger, false where from the long form. */
  published: boolean
  profile: ProtocolParameters['profile']
  nextVersionId?: string
}

/** Writes a state as its resolution result (Sidetree v1, DID Resolver Output). */
export function toResolutionResult(
  state: DidState,
  did: ParsedDid,
  options: ResultOptions,
): SidetreeResolutionResult {
  const isIon = options.profile === 'ion'
  return {
    '@context': 'https://w3id.org/did-resolution/v1',
    didDocument: toDidDocument(state, idOf(state, did, options)),
    didDocumentMetadata: isIon ? ionMetadata(state, did, options) : metadata(state, did, options),
  }
}

/**
 * The `id` of the document. A long form keeps itself as id while it is not anchored; then the short form takes its
 * place. ION's nodes keep the long form as id, but for a deactivated DID.
 */
function idOf(state: DidState, did: ParsedDid, { published, profile }: ResultOptions): string {
  const isShort = profile === 'ion' ? state.deactivated : published
  return isShort ? did.shortForm : (did.longForm ?? did.shortForm)
}

/** The DID document of a state under an id; of a deactivated DID, nothing but the id. */
export function toDidDocument(state: DidState, id: string): DidDocument {
  const document: DidDocument = {
    id,
    '@context': ['https://www.w3.org/ns/did/v1', { '@base': id }],
  }
  if (state.deactivated) return document
  const { publicKeys = [], services, alsoKnownAs = [] } = state.document
  if (alsoKnownAs.length > 0) document.alsoKnownAs = alsoKnownAs
  if (services !== undefined) {
    document.service = services.map(({ id, type, serviceEndpoint }) => ({
      id: `#${id}`,
      type,
      serviceEndpoint,
    }))
  }
  if (publicKeys.length > 0) document.verificationMethod = publicKeys.map(key => verificationMethod(key, id))
  for (const key of publicKeys) {
    for (const purpose of key.purposes ?? []) addReference(document, purpose, `#${key.id}`)
  }
  return document
}

function verificationMethod(key: PublicKeyEntry, did: string): VerificationMethod {
  const { id, type, controller = did, publicKeyJwk, publicKeyMultibase } = key
  return {
    id: `#${id}`,
    controller,
    type,
    ...(publicKeyJwk === undefined ? {} : { publicKeyJwk }),
    ...(publicKeyMultibase === undefined ? {} : { publicKeyMultibase }),
  }
}

function addReference(document: DidDocument, purpose: KeyPurpose, reference: string): void {
  const references = document[purpose]
  if (references === undefined) document[purpose] = [reference]
  else references.push(reference)
}

function metadata(state: DidState, did: ParsedDid, options: ResultOptions): DidDocumentMetadata {
  const { shortForm, longForm } = did
  const { published, nextVersionId } = options
  return {
    method: methodMetadata(state, published),
    ...(published ? { canonicalId: shortForm } : {}),
    equivalentId: published && longForm !== undefined ? [shortForm, longForm] : [shortForm],
    deactivated: state.deactivated,
    ...(published ? versionMetadata(state) : {}),
    ...(nextVersionId === undefined ? {} : { nextVersionId }),
  }
}

function methodMetadata(state: DidState, published: boolean): DidDocumentMetadata['method'] {
  const { recoveryCommitment, updateCommitment } = state
  return {
    published,
    ...(recoveryCommitment === undefined ? {} : { recoveryCommitment }),
    ...(updateCommitment === undefined ? {} : { updateCommitment }),
  }
}

function versionMetadata(state: DidState): Partial<DidDocumentMetadata> {
  return {
    created: toTimestamp(state.created.timestamp),
    ...(state.operationCount > 1 ? { updated: toTimestamp(state.updated.timestamp) } : {}),
    versionId: state.versionId,
  }
}

function toTimestamp(unixSeconds: number): string {
  return new Date(unixSeconds * 1000).toISOString().replace('.000Z', 'Z')
}

/** As ION's nodes write it: no `deactivated: false`, no canonicalId in equivalentId. */
function ionMetadata(state: DidState, did: ParsedDid, { published }: ResultOptions): DidDocumentMetadata {
  const { shortForm, longForm } = did
  const method = methodMetadata(state, published)
  if (state.deactivated) return { method, canonicalId: shortForm, deactivated: true }
  return {
    method,
    ...(longForm === undefined || published ? { canonicalId: shortForm } : {}),
    ...(longForm === undefined ? {} : { equivalentId: [shortForm] }),
  }
}
