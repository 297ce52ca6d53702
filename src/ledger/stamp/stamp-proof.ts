import { decodeBase64url, encodeBase64url } from '../../codec/base64url.ts'
import { CodecError } from '../../codec/errors.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { type JsonObject, type JsonValue, parseJsonObject } from '../../codec/json.ts'
import { MerkleError } from '../../merkle/errors.ts'
import { MAX_NOTE_BYTES } from '../../merkle/note.ts'
import { formatTlogProof, parseTlogProof, type TlogProof } from '../../merkle/tlog-proof.ts'
import { HASH_BYTES, isTreeSize } from '../../merkle/tree.ts'
import { LedgerError } from '../errors.ts'

/**
 * That a digest is under a stamp on a log, to be carried away and checked by anyone (docs/spec/stamp.md). Nothing about it
 * is verified.
 */
export interface StampProof {
  /** SHA-256 of what was stamped; 32 bytes. */
  digest: Uint8Array
  /** 32 bytes. */
  salt: Uint8Array
  /** Place of the digest in the tree of the stamp. */
  index: number
  /** Digests in the tree of the stamp. */
  size: number
  /** Sibling hashes in the tree of the stamp, that of the digest first; 32 bytes each. */
  path: Uint8Array[]
  /** Bytes of the leaf of the log. */
  leaf: Uint8Array
  /** That the leaf is on the log. */
  log: TlogProof
}

/** Largest proof, in bytes: one of the largest notes, with each newline escaped, and all else. */
export const MAX_STAMP_PROOF_BYTES = 2 * MAX_NOTE_BYTES + (1 << 16)

/** Longest leaf: the longest writer, each of its bytes escaped, and all else. */
const MAX_LEAF_BYTES = 1 << 12
const MAX_HASHES = 63
const TYPE = 'stamp-proof'
const MEMBERS = 'digest index leaf path proof salt size type v'
const HEX = /^[0-9a-f]{64}$/

/** The bytes of a proof: canonical JSON (RFC 8785), so that the same proof has one spelling. */
export function encodeStampProof(proof: StampProof): Buffer {
  return Buffer.from(canonicalize(stampProofObject(proof)))
}

/** A proof as a JSON object, for an answer that holds several. */
export function stampProofObject({ digest, salt, index, size, path, leaf, log }: StampProof): JsonObject {
  return {
    v: 1,
    type: TYPE,
    digest: Buffer.from(digest).toString('hex'),
    salt: encodeBase64url(salt),
    index,
    size,
    path: path.map(encodeBase64url),
    leaf: encodeBase64url(leaf),
    proof: formatTlogProof(log),
  }
}

/**
 * Reads a proof, strictly: exactly the members of its version.
 * @throws LedgerError LEDGER_STAMP_PROOF_INVALID
 */
export function parseStampProof(bytes: Uint8Array): StampProof {
  return failing(() =>
    readStampProof(parseJsonObject(bytes, { maxBytes: MAX_STAMP_PROOF_BYTES, maxDepth: 2 })),
  )
}

/** Reads a proof that is parsed already, as {@link parseStampProof} does. @throws LedgerError LEDGER_STAMP_PROOF_INVALID */
export function readStampProof(object: JsonObject): StampProof {
  if (Object.keys(object).sort().join(' ') !== MEMBERS) throw invalid(`its members are not ${MEMBERS}`)
  const { v, type, digest, salt, index, size, path, leaf, proof } = object
  if (v !== 1 || type !== TYPE) throw invalid('it is not of this type and version')
  if (typeof digest !== 'string' || !HEX.test(digest)) throw invalid('its digest is no SHA-256')
  if (!isSize(index) || !isSize(size) || index >= size) throw invalid('its index is not below its size')
  if (!Array.isArray(path) || path.length > MAX_HASHES) {
    throw invalid(`its path is no list of at most ${MAX_HASHES} hashes`)
  }
  const leafBytes = bytesOf(leaf)
  if (leafBytes.length > MAX_LEAF_BYTES) throw invalid('its leaf is too long')
  return {
    digest: Buffer.from(digest, 'hex'),
    salt: hashOf(salt),
    index,
    size,
    path: path.map(hashOf),
    leaf: leafBytes,
    log: logProofOf(proof),
  }
}

function logProofOf(text: JsonValue | undefined): TlogProof {
  if (typeof text !== 'string') throw invalid('its proof of the leaf is no text')
  const proof = failing(() => parseTlogProof(text))
  if (proof.extra !== undefined) throw invalid('its proof of the leaf has extra data')
  return proof
}

function isSize(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && isTreeSize(value)
}

function hashOf(value: JsonValue | undefined): Uint8Array {
  const hash = bytesOf(value)
  if (hash.length !== HASH_BYTES) throw invalid('its salt or a hash has not 32 bytes')
  return hash
}

function bytesOf(value: JsonValue | undefined): Uint8Array {
  if (typeof value !== 'string') throw invalid('what should be base64url is no text')
  return failing(() => decodeBase64url(value))
}

function failing<T>(read: () => T): T {
  try {
    return read()
  } catch (cause) {
    if (cause instanceof CodecError || cause instanceof MerkleError) throw invalid(cause.message, cause)
    throw cause
  }
}

function invalid(why: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_STAMP_PROOF_INVALID', `not a proof of a stamp: ${why}`, cause)
}
