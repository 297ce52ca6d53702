import type { JsonValue } from '../codec/json.ts'
import type { JwsAlgorithm, PublicJwk } from '../keys/types.ts'

export type OperationType = 'create' | 'update' | 'recover' | 'deactivate'

/** `publicKeys` and the rest of a DID's state, in Sidetree's own form (Sidetree v1, Standard Patches). */
export interface DocumentState {
  publicKeys?: PublicKeyEntry[]
  services?: ServiceEntry[]
  alsoKnownAs?: string[]
}

/** Verification relationships that a key may be given for. */
export type KeyPurpose =
  | 'authentication'
  | 'keyAgreement'
  | 'assertionMethod'
  | 'capabilityDelegation'
  | 'capabilityInvocation'

export interface PublicKeyEntry {
  id: string
  type: string
  controller?: string
  publicKeyJwk?: { [name: string]: JsonValue }
  publicKeyMultibase?: string
  purposes?: KeyPurpose[]
}

export interface ServiceEntry {
  id: string
  type: string
  serviceEndpoint: JsonValue
}

export type Patch =
  | { action: 'replace'; document: DocumentState }
  | { action: 'add-public-keys'; publicKeys: PublicKeyEntry[] }
  | { action: 'remove-public-keys'; ids: string[] }
  | { action: 'add-services'; services: ServiceEntry[] }
  | { action: 'remove-services'; ids: string[] }
  | { action: 'add-also-known-as'; uris: string[] }
  | { action: 'remove-also-known-as'; uris: string[] }
  | { action: 'ietf-json-patch'; patches: JsonValue[] }

/** Sidetree v1, Create. The DID suffix is the hash of its canonical form. */
export interface SuffixData {
  deltaHash: string
  recoveryCommitment: string
  type?: string
  anchorOrigin?: JsonValue
}

export interface Delta {
  patches: Patch[]
  updateCommitment: string
}

/** Bodies of requests to the operations endpoint (Sidetree v1, REST API). */
export type OperationRequest = CreateRequest | UpdateRequest | RecoverRequest | DeactivateRequest

export interface CreateRequest {
  type: 'create'
  suffixData: SuffixData
  delta: Delta
}

export interface UpdateRequest {
  type: 'update'
  didSuffix: string
  revealValue: string
  delta: Delta
  signedData: string
}

export interface RecoverRequest {
  type: 'recover'
  didSuffix: string
  revealValue: string
  delta: Delta
  signedData: string
}

export interface DeactivateRequest {
  type: 'deactivate'
  didSuffix: string
  revealValue: string
  signedData: string
}

/** Where an operation stands on the ledger. */
export interface OperationPosition {
  /** Number of its transaction. */
  transactionNumber: number
  /** Position in its batch: creates, recovers, deactivates, updates, each as its file lists them. */
  operationIndex: number
  /** Ledger time of the transaction (seconds on the log, height on Bitcoin). */
  transactionTime: number
  /** UTC time of the transaction, Unix seconds. */
  timestamp: number
}

/**
 * An operation as its batch's files give it. `delta` is undefined where the chunk file is missing or invalid
 * (and null never): the operation is then applied as far as it goes (Sidetree v1, Resolution).
 */
export interface AnchoredOperation {
  type: OperationType
  didSuffix: string
  suffixData?: SuffixData
  revealValue?: string
  signedData?: string
  delta?: Delta
  /**
   * The delta in canonical form, given by whoever has checked it under the rules of its time already (the reader of
   * a chunk file), so that it is neither checked nor canonicalised again.
   */
  canonicalDelta?: string
}

/** Payload of `signedData`, checked for shape, signature, and that its key hashes to the reveal value. */
export interface SignedData {
  /** updateKey or recoveryKey. */
  key: PublicJwk
  algorithm: JwsAlgorithm
  deltaHash?: string
  recoveryCommitment?: string
  anchorOrigin?: JsonValue
  anchorFrom?: number
  anchorUntil?: number
}

/**
 * All that an operation says by itself, after every check that needs no state of its DID. Resolution works on
 * these, so signatures are verified once, when an operation is first seen.
 */
export interface CheckedOperation {
  type: OperationType
  didSuffix: string
  /** The commitment that this operation's reveal value opens; absent for a create. */
  reveals?: string
  /** Why the operation can never apply (bad signature, wrong key, bad shape); absent if it can. */
  problem?: SidetreeCode
  /** Why the delta counts for nothing (missing, other hash, invalid); absent if it counts. */
  deltaProblem?: SidetreeCode
  /** From the suffix data (create) or the signed data (recover). */
  nextRecoveryCommitment?: string
  /** From a delta that counts. */
  nextUpdateCommitment?: string
  patches?: Patch[]
  anchorOrigin?: JsonValue
  anchorFrom?: number
  anchorUntil?: number
  /** base64url of SHA-256(JCS(operation as anchored, delta null where it is undefined)). */
  digest: string
}

/** Why an operation, a file, an anchor string or a DID is refused; `errors.ts` gives the meaning of each. */
export type SidetreeCode = import('./errors.ts').SidetreeErrorCode
