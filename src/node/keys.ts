import { sha256 } from '../codec/hash.ts'
import { isEncodedMultihash } from '../codec/multihash.ts'

/**
 * Layout of the node's database. One letter names the kind of record; numbers are big-endian, so that key order
 * is the order of the ledger and of the queue. A hash (suffix, commitment, operation id) takes 34 bytes: see
 * `writeHash`.
 *
 *   o <suffix> <commitment> operations of a DID that open that commitment (34 zero bytes: its creates)
 *   s <suffix>              resolved state of a DID, and what its operations open
 *   t <number u64>          transaction that was applied or refused
 *   b <number u64>          suffixes of a transaction's operations, for a reorganisation
 *   u <number u64>          transaction whose files could not be had yet
 *   n <suffix> <number u64> such a transaction's readable index names this DID
 *   m <suffix>              such a transaction names it, or once did
 *   m                       such a transaction names some DID, or once did
 *   c                       cursor: the last transaction taken from the ledger
 *   q <sequence u64>        operation that waits for a batch
 *   x <operation id>        what became of an operation that was accepted here
 *   w                       batch that is being anchored
 *   v                       layout version and identity of the ledger
 */
const KIND = {
  operation: 'o',
  state: 's',
  transaction: 't',
  suffixes: 'b',
  unresolvable: 'u',
  named: 'n',
  everNamed: 'm',
  queued: 'q',
  status: 'x',
}

export const CURSOR = Buffer.from('c')
export const INTENT = Buffer.from('w')
export const IDENTITY = Buffer.from('v')
export const EVER_NAMED = Buffer.from('m')

/** Bytes of a hash in a key. */
const HASH = 34

/**
 * Writes an encoded hash as 34 bytes: a SHA-256 multihash in its canonical spelling as it is, 0x12 0x20 and the digest;
 * any other text as 0x01 0x20 and its SHA-256, since the `ion` profile takes more than one spelling and compares texts.
 */
function writeHash(key: Buffer, offset: number, text: string): void {
  if (isEncodedMultihash(text)) {
    key.write(text, offset, 'base64url')
    return
  }
  key[offset] = 0x01
  key[offset + 1] = 0x20
  key.set(sha256(text), offset + 2)
}

/** A key of one kind about one hash. */
function hashed(kind: string, text: string): Buffer {
  const key = Buffer.allocUnsafe(1 + HASH)
  key[0] = kind.charCodeAt(0)
  writeHash(key, 1, text)
  return key
}

/** Key of the operations of a DID that open `commitment` (undefined: its creates). */
export function operationKey(suffix: string, commitment: string | undefined): Buffer {
  const key = Buffer.allocUnsafe(1 + 2 * HASH)
  key[0] = KIND.operation.charCodeAt(0)
  writeHash(key, 1, suffix)
  if (commitment === undefined) key.fill(0, 1 + HASH)
  else writeHash(key, 1 + HASH, commitment)
  return key
}

/** Keys of all operations of a DID. */
export function operationRange(suffix: string): { gte: Buffer; lt: Buffer } {
  return prefixRange(hashed(KIND.operation, suffix))
}

export function didKey(suffix: string): Buffer {
  return hashed(KIND.state, suffix)
}

/** What is kept of all DIDs, in the order of their suffix digests. */
export function didRange(): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.from(KIND.state))
}

export function transactionKey(number: number): Buffer {
  return numbered(KIND.transaction, number)
}

export function transactionRange(after: number | undefined): { gte: Buffer; lt: Buffer } {
  const range = prefixRange(Buffer.from(KIND.transaction))
  return after === undefined ? range : { gte: transactionKey(after + 1), lt: range.lt }
}

export function suffixesKey(number: number): Buffer {
  return numbered(KIND.suffixes, number)
}

export function unresolvableKey(number: number): Buffer {
  return numbered(KIND.unresolvable, number)
}

export function unresolvableRange(after?: number): { gte: Buffer; lt: Buffer } {
  const range = prefixRange(Buffer.from(KIND.unresolvable))
  return after === undefined ? range : { gte: unresolvableKey(after + 1), lt: range.lt }
}

export function namedKey(suffix: string, number: number): Buffer {
  return Buffer.concat([hashed(KIND.named, suffix), u64(number)])
}

export function namedRange(suffix: string): { gte: Buffer; lt: Buffer } {
  return prefixRange(hashed(KIND.named, suffix))
}

export function everNamedKey(suffix: string): Buffer {
  return hashed(KIND.everNamed, suffix)
}

export function queuedKey(sequence: number): Buffer {
  return numbered(KIND.queued, sequence)
}

export function queuedRange(): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.from(KIND.queued))
}

export function statusKey(operationId: string): Buffer {
  return hashed(KIND.status, operationId)
}

/** The number at the end of a key of a numbered kind. */
export function numberOf(key: Uint8Array): number {
  const view = Buffer.from(key.buffer, key.byteOffset, key.byteLength)
  return Number(view.readBigUInt64BE(view.length - 8))
}

function numbered(kind: string, number: number): Buffer {
  return Buffer.concat([Buffer.from(kind), u64(number)])
}

function u64(number: number): Buffer {
  const bytes = Buffer.allocUnsafe(8)
  bytes.writeUInt32BE(Math.floor(number / 2 ** 32), 0)
  bytes.writeUInt32BE(number % 2 ** 32, 4)
  return bytes
}

/** All keys that begin with `prefix`: up to the prefix with its last byte one higher (no prefix here ends in 0xff.. only). */
function prefixRange(prefix: Buffer): { gte: Buffer; lt: Buffer } {
  const lt = Buffer.from(prefix)
  let i = lt.length - 1
  while (i > 0 && lt[i] === 0xff) i--
  lt.writeUInt8(lt.readUInt8(i) + 1, i)
  return { gte: prefix, lt: lt.subarray(0, i + 1) }
}
