import { decodeBase64url, encodeBase64url } from '../../codec/base64url.ts'
import { CodecError } from '../../codec/errors.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { isJsonObject, type JsonObject, type JsonValue, parseJsonObject } from '../../codec/json.ts'
import { MAX_NOTE_BYTES } from '../../merkle/note.ts'
import { HASH_BYTES, isTreeSize } from '../../merkle/tree.ts'
import type { ProtocolParameters } from '../../sidetree/parameters.ts'
import { NodeError } from '../errors.ts'
import { MAX_REPORT_OPERATIONS } from '../published-report.ts'
import type { ProvenMap } from './proven-map.ts'

/**
 * What the resolution of a DID stands on, to be carried away and checked by anyone (docs/spec/resolution-proof.md).
 * Nothing about it is verified.
 */
export interface ResolutionProof {
  /** The short form. */
  did: string
  /** The rules that its maker resolves by. Whoever verifies brings his own; others than these are refused. */
  profile: ProtocolParameters['profile']
  /** The checkpoint that all transactions are shown to be under: a signed note. */
  checkpoint: string
  /** Transactions with an operation of the DID, in ledger order. */
  transactions: ProvenLeaf[]
  /** Files of their batches by the URI that names them. */
  files: ReadonlyMap<string, Uint8Array>
  /** What shows that these are all references to the DID up to the checkpoint; absent where the log has no map. */
  map?: ProvenMap
}

/** A leaf of the log, and how it is in the tree of the checkpoint. */
export interface ProvenLeaf {
  index: number
  leaf: Uint8Array
  /** Sibling hashes, that of the leaf first; 32 bytes each. */
  inclusion: Uint8Array[]
}

/** Media type of a proof. */
export const RESOLUTION_PROOF_TYPE = 'application/vnd.rootline.resolution-proof+json'

/** Longest proof of a map: 256 lines, and a key with its value. */
const MAX_MAP_PROOF = 257 * 48 + 48

/** Largest proof, in bytes, with its files in base64url. */
export const MAX_PROOF_BYTES = 128 << 20
/** Most bytes that transactions name in all: a file counts as often as it is named. */
export const MAX_NAMED_BYTES = MAX_PROOF_BYTES
/** Most transactions: a DID has one operation in each at the most, and a report reads no more than these. */
export const MAX_PROOF_TRANSACTIONS = MAX_REPORT_OPERATIONS
/** Most files, and hashes of one leaf. */
const MAX_FILES = 5 * MAX_PROOF_TRANSACTIONS
const MAX_HASHES = 63
const TYPE = 'resolution-proof'

/** The bytes of a proof: canonical JSON (RFC 8785), so that the same proof has one spelling. */
export function encodeResolutionProof(proof: ResolutionProof): Buffer {
  const { did, profile, checkpoint, transactions, files, map } = proof
  const entries = [...files].map(([uri, bytes]) => [uri, encodeBase64url(bytes)] as const)
  return Buffer.from(
    canonicalize({
      v: 1,
      type: TYPE,
      did,
      profile,
      checkpoint,
      files: Object.fromEntries(entries),
      transactions: transactions.map(({ index, leaf, inclusion }) => ({
        index,
        leaf: encodeBase64url(leaf),
        inclusion: inclusion.map(hash => encodeBase64url(hash)),
      })),
      ...(map === undefined ? {} : { map: encodeMap(map) }),
    }),
  )
}

function encodeMap({ leaf, inclusion, proof }: ProvenMap): JsonObject {
  return { leaf: encodeBase64url(leaf), inclusion: inclusion.map(hash => encodeBase64url(hash)), proof }
}

/**
 * Reads a proof, strictly: exactly the members of its version, transactions in order and each once.
 * @throws NodeError PROOF_INVALID
 */
export function parseResolutionProof(bytes: Uint8Array): ResolutionProof {
  try {
    const object = parseJsonObject(bytes, { maxBytes: MAX_PROOF_BYTES, maxDepth: 5 })
    return readProof(object)
  } catch (cause) {
    if (cause instanceof CodecError) throw proofInvalid(cause.message, cause)
    throw cause
  }
}

function readProof(object: JsonObject): ResolutionProof {
  const { map: mapped, ...others } = object
  requireMembers(others, 'checkpoint did files profile transactions type v')
  const { v, type, did, profile, checkpoint, files, transactions } = object
  if (v !== 1 || type !== TYPE) throw proofInvalid('it is not of this type and version')
  if (typeof did !== 'string' || did.length > 1024) throw proofInvalid('its DID is no short text')
  if (profile !== 'rootline' && profile !== 'ion') throw proofInvalid('its profile is not known')
  if (typeof checkpoint !== 'string' || Buffer.byteLength(checkpoint) > MAX_NOTE_BYTES) {
    throw proofInvalid('its checkpoint is no note')
  }
  if (!Array.isArray(transactions) || transactions.length > MAX_PROOF_TRANSACTIONS) {
    throw proofInvalid(`its transactions are no list of at most ${MAX_PROOF_TRANSACTIONS}`)
  }
  if (!isJsonObject(files) || Object.keys(files).length > MAX_FILES) {
    throw proofInvalid(`its files are no object of at most ${MAX_FILES} members`)
  }
  const leaves = transactions.map(readLeaf)
  for (const [i, { index }] of leaves.entries()) {
    if (index <= (leaves[i - 1]?.index ?? -1))
      throw proofInvalid('its transactions are not in the order of the log')
  }
  const read = Object.entries(files).map(([uri, text]) => [uri, bytesOf(text)] as const)
  const proof: ResolutionProof = { did, profile, checkpoint, transactions: leaves, files: new Map(read) }
  return mapped === undefined ? proof : { ...proof, map: readMap(mapped) }
}

function readMap(value: JsonValue): ProvenMap {
  if (!isJsonObject(value)) throw proofInvalid('its map is no object')
  requireMembers(value, 'inclusion leaf proof')
  const { leaf, inclusion, proof } = value
  if (typeof proof !== 'string' || proof.length > MAX_MAP_PROOF) {
    throw proofInvalid('what its map says of the DID is no short text')
  }
  return { leaf: bytesOf(leaf), inclusion: readHashes(inclusion), proof }
}

function readLeaf(value: JsonValue): ProvenLeaf {
  if (!isJsonObject(value)) throw proofInvalid('a transaction is no object')
  requireMembers(value, 'inclusion index leaf')
  const { index, leaf, inclusion } = value
  if (typeof index !== 'number' || !isTreeSize(index)) throw proofInvalid('an index is no leaf number')
  return { index, leaf: bytesOf(leaf), inclusion: readHashes(inclusion) }
}

function readHashes(value: JsonValue | undefined): Uint8Array[] {
  if (!Array.isArray(value) || value.length > MAX_HASHES) {
    throw proofInvalid(`a leaf has no list of at most ${MAX_HASHES} hashes`)
  }
  const hashes = value.map(bytesOf)
  if (hashes.some(hash => hash.length !== HASH_BYTES)) throw proofInvalid('a hash has not 32 bytes')
  return hashes
}

function bytesOf(value: JsonValue | undefined): Uint8Array {
  if (typeof value !== 'string') throw proofInvalid('what should be base64url is no text')
  return decodeBase64url(value)
}

function requireMembers(object: JsonObject, names: string): void {
  if (Object.keys(object).sort().join(' ') !== names) throw proofInvalid(`its members are not ${names}`)
}

/** The error of a proof that is none, or shows nothing of its DID. */
export function proofInvalid(why: string, cause?: unknown): NodeError {
  return new NodeError('PROOF_INVALID', `not a proof of a resolution: ${why}`, { cause })
}
