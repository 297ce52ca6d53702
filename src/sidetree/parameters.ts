import type { JwsAlgorithm, KeyCurve } from '../keys/types.ts'
import type { Patch } from './types.ts'

/**
 * Where ION's nodes accept what the specification refuses. Their verdict is their consensus, so the `ion` profile
 * accepts it too; in `rootline` every one of these is false.
 */
export interface Leniences {
  /** A repeated member of a JSON object counts with its last value. */
  duplicateMembers: boolean
  /** A file may consist of several gzip members. */
  gzipMembers: boolean
  /** Proof files may have unknown members at the top level. */
  unknownProofMembers: boolean
  /** In a core proof file only the sum of recovers and deactivates must be that of the core index file. */
  proofCounts: boolean
  /** A core index file may lead to no operation at all, and may then be an empty array. */
  emptyCoreIndex: boolean
  /** Any text counts as the URI of a file, in an anchor string the empty text too. */
  casUris: boolean
  /** base64url text need not be the one canonical spelling, and a multihash may have a digest of any length. */
  looseBase64url: boolean
  /** `publicKeyJwk` may be null or any object, a private key among them. */
  anyPublicKeyJwk: boolean
  /** `serviceEndpoint` may be null, a relative reference, or text that is no URI. */
  anyServiceEndpoint: boolean
  /** A replace patch may have more members, and its document may be an empty array. */
  looseReplacePatch: boolean
  /** `purposes` may be empty, and a service type may hold characters beyond the base64url alphabet. */
  looseEntries: boolean
  /** The initial state of a long form may have more members than `delta` and `suffixData`. */
  longFormMembers: boolean
  /** A long form whose delta does not hash to `deltaHash` resolves, to an empty document. */
  longFormDeltaMismatch: boolean
}

/**
 * The rules of one version of the protocol (Sidetree v1, Default Parameters; ION, protocol-parameters.json).
 * Sizes are bytes, of compressed files where a file is meant; times are the ledger's own.
 */
export interface ProtocolParameters {
  profile: 'rootline' | 'ion'
  /** Name of this version, as a service reports it. */
  version: string
  /** First ledger time that these rules hold for. */
  genesisTime: number

  /** Multihash codes that hashes may have. */
  hashAlgorithms: readonly number[]
  signatureAlgorithms: readonly JwsAlgorithm[]
  keyCurves: readonly KeyCurve[]
  /** Size of the `nonce` of an operation key; undefined: no key may have one. */
  nonceBytes: number | undefined
  /** The protected header of signed data may name a key. */
  kid: boolean
  /** Signed data may have `anchorFrom` and `anchorUntil`. */
  anchorTimes: boolean
  /** Suffix data and a recover may have `anchorOrigin`. */
  anchorOrigin: boolean
  patchActions: readonly Patch['action'][]
  /** A public key entry may have `controller`, and `publicKeyMultibase` in place of `publicKeyJwk`. */
  publicKeyMultibase: boolean
  /** A create of which the delta is missing applies, with an empty document. */
  createWithoutDelta: boolean

  maxCoreIndexFileBytes: number
  maxProvisionalIndexFileBytes: number
  maxProofFileBytes: number
  maxChunkFileBytes: number
  maxMemoryDecompressionFactor: number
  /** What the factor multiplies: the size of the file at hand, or the largest that it may have. */
  decompressionFactorOf: 'file' | 'limit'
  maxCasUriLength: number
  /** Longest hash in a file, in characters; undefined: not checked. */
  maxOperationHashLength: number | undefined
  /** Largest delta in canonical form. */
  maxDeltaBytes: number
  maxOperationCount: number
  /** Longest `writerLockId`. */
  maxWriterLockIdBytes: number

  /** Limits of ledgers that ask a fee; undefined where none is asked. */
  fees: FeeParameters | undefined
  lenient: Leniences
}

/** Proof of fee and value time lock (Sidetree v1, Proof of Fee; ION's configuration). */
export interface FeeParameters {
  /** Batches up to this many operations need no lock. */
  maxOperationsWithoutLock: number
  maxOperationsPerTransactionTime: number
  maxTransactionsPerTransactionTime: number
  /** Least fee of an operation, as a part of the normalized fee. */
  perOperationFeeMultiplier: number
  /** Amount to lock for an operation, as a multiple of its least fee. */
  lockAmountMultiplier: number
  /** Normalized fee, in the ledger's smallest unit, until a whole window of fees is known. */
  initialNormalizedFee: number
  feeLookBackWindow: number
  feeMaxFluctuationMultiplier: number
  /** How long a value time lock lasts, in the ledger's own time. */
  lockDuration: number
}

/** Every version of the protocol on one ledger, oldest first. */
export type ProtocolVersions = readonly ProtocolParameters[]

/**
 * The rules that hold at a ledger time; undefined before the first version, where operations do not count.
 */
export function parametersAt(versions: ProtocolVersions, ledgerTime: number): ProtocolParameters | undefined {
  return versions.findLast(version => version.genesisTime <= ledgerTime)
}

/** Sizes and counts that both profiles share: the defaults of the specification. */
const SIZES = {
  hashAlgorithms: [18],
  maxCoreIndexFileBytes: 1_000_000,
  maxProvisionalIndexFileBytes: 1_000_000,
  maxProofFileBytes: 2_500_000,
  maxChunkFileBytes: 10_000_000,
  maxMemoryDecompressionFactor: 3,
  maxCasUriLength: 100,
  maxDeltaBytes: 1_000,
  maxOperationCount: 10_000,
  maxWriterLockIdBytes: 200,
} as const

/** The specification with its options (Sidetree v1). */
export const ROOTLINE: ProtocolParameters = {
  ...SIZES,
  profile: 'rootline',
  version: '1.0',
  genesisTime: 0,
  signatureAlgorithms: ['ES256K', 'ES256', 'EdDSA'],
  keyCurves: ['secp256k1', 'P-256', 'Ed25519'],
  nonceBytes: 16,
  kid: true,
  anchorTimes: true,
  anchorOrigin: true,
  patchActions: [
    'replace',
    'add-public-keys',
    'remove-public-keys',
    'add-services',
    'remove-services',
    'add-also-known-as',
    'remove-also-known-as',
    'ietf-json-patch',
  ],
  publicKeyMultibase: true,
  createWithoutDelta: true,
  // The specification says 3 times the file. Its own files break that: the deltas of 10,000 creates with one key
  // each compress by more than 3 to 1, so the factor is taken of the limit, as the reference implementation does.
  decompressionFactorOf: 'limit',
  maxOperationHashLength: 100,
  fees: undefined,
  lenient: {
    duplicateMembers: false,
    gzipMembers: false,
    unknownProofMembers: false,
    proofCounts: false,
    emptyCoreIndex: false,
    casUris: false,
    looseBase64url: false,
    anyPublicKeyJwk: false,
    anyServiceEndpoint: false,
    looseReplacePatch: false,
    looseEntries: false,
    longFormMembers: false,
    longFormDeltaMismatch: false,
  },
}

const ION_FEES = {
  maxOperationsWithoutLock: 100,
  maxOperationsPerTransactionTime: 600_000,
  maxTransactionsPerTransactionTime: 300,
  perOperationFeeMultiplier: 0.001,
  lockAmountMultiplier: 60_000,
  feeMaxFluctuationMultiplier: 0.00001,
} as const

/** As the nodes of ION's main network decide (ION 1.0.4, json/mainnet-bitcoin-versioning.json). */
export const ION_MAINNET: ProtocolParameters = {
  ...SIZES,
  profile: 'ion',
  version: '1.0',
  genesisTime: 667_000,
  signatureAlgorithms: ['ES256K'],
  keyCurves: ['secp256k1'],
  nonceBytes: undefined,
  kid: false,
  anchorTimes: false,
  anchorOrigin: false,
  patchActions: ['replace', 'add-public-keys', 'remove-public-keys', 'add-services', 'remove-services'],
  publicKeyMultibase: false,
  createWithoutDelta: false,
  decompressionFactorOf: 'limit',
  maxOperationHashLength: undefined,
  fees: { ...ION_FEES, initialNormalizedFee: 1000, feeLookBackWindow: 100, lockDuration: 4500 },
  lenient: {
    duplicateMembers: true,
    gzipMembers: true,
    unknownProofMembers: true,
    proofCounts: true,
    emptyCoreIndex: true,
    casUris: true,
    looseBase64url: true,
    anyPublicKeyJwk: true,
    anyServiceEndpoint: true,
    looseReplacePatch: true,
    looseEntries: true,
    longFormMembers: true,
    longFormDeltaMismatch: true,
  },
}

/** As the nodes of ION's test network decide. */
export const ION_TESTNET: ProtocolParameters = {
  ...ION_MAINNET,
  genesisTime: 1_900_000,
  fees: { ...ION_FEES, initialNormalizedFee: 400, feeLookBackWindow: 1000, lockDuration: 150 },
}

/** ION on a private Bitcoin network. */
export const ION_REGTEST: ProtocolParameters = { ...ION_TESTNET, genesisTime: 100 }

/** Each known set of versions, by the name that a configuration gives. */
export const PROTOCOL_VERSIONS = {
  rootline: [ROOTLINE],
  'ion-mainnet': [ION_MAINNET],
  'ion-testnet': [ION_TESTNET],
  'ion-regtest': [ION_REGTEST],
} as const satisfies { [name: string]: ProtocolVersions }
