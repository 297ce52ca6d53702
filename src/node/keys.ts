import { sha256 } from '../codec/hash.ts'

/**
 * Layout of the node's database. One letter names the kind of record; numbers are big-endian, so that key order
 * is the order of the ledger and of the queue. A hash (suffix, commitment, operation id) takes 34 bytes: see
 * `hashBytes`.
 *
 *   o <suffix> <commitment>   operations of a DID that open that commitment (34 zero bytes: its creates)
 *   s <suffix>                   resolved state of a DID
 *   t <number u64>                  transaction that was applied or refused
 *   b <number u64>                  suffixes of a transaction's operations, for a reorganisation
 *   u <number u64>                  transaction whose files could not be had yet
 *   n <suffix> <number u64>      such a transaction's readable index names this DID
 *   c                               cursor: the last transaction taken from the ledger
 *   q <sequence u64>                operation that waits for a batch
 *   x <operation id>             what became of an operation that was accepted here
 *   w                               batch that is being anchored
 *   v                               layout version and identity of the ledger
 */
const KIND = {
  operation: 'o',
  state: 's',
  transaction: 't',
  suffixes: 'b',
  unresolvable: 'u',
  named: 'n',
  queued: 'q',
  status: 'x',
}

export const CURSOR = Buffer.from('c')
export const INTENT = Buffer.from('w')
export const IDENTITY = Buffer.from('v')

const OPERATION = Buffer.from(KIND.operation)
const STATE = Buffer.from(KIND.state)
const NO_COMMITMENT = Buffer.alloc(34)

/**
 * An encoded hash as 34 bytes: a SHA-256 multihash in its canonical spelling as it is, 0x12 0x20 and the digest; any
 * other text as 0x01 0x20 and its SHA-256, since the `ion` profile takes more than one spelling and compares texts.
 */
function hashBytes(text: string): Buffer {
  const bytes = Buffer.from(text, 'base64url')
  const isMultihash = bytes.length === 34 && bytes[0] === 0x12 && bytes[1] === 0x20
  if (isMultihash && bytes.toString('base64url') === text) return bytes
  return Buffer.concat([OTHER_TEXT, sha256(text)])
}

const OTHER_TEXT = Buffer.from([0x01, 0x20])

/** Key of the operations of a DID that open `commitment` (undefined: its creates). */
export function operationKey(suffix: string, commitment: string | undefined): Buffer {
  const digest = commitment === undefined ? NO_COMMITMENT : hashBytes(commitment)
  return Buffer.concat([OPERATION, hashBytes(suffix), digest])
}

/** Keys of all operations of a DID. */
export function operationRange(suffix: string): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.concat([Buffer.from(KIND.operation), hashBytes(suffix)]))
}

export function stateKey(suffix: string): Buffer {
  return Buffer.concat([STATE, hashBytes(suffix)])
}

/** All states, in the order of their suffix digests. */
export function stateRange(): { gte: Buffer; lt: Buffer } {
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
  return Buffer.concat([Buffer.from(KIND.named), hashBytes(suffix), u64(number)])
}

export function namedRange(suffix: string): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.concat([Buffer.from(KIND.named), hashBytes(suffix)]))
}

export function queuedKey(sequence: number): Buffer {
  return numbered(KIND.queued, sequence)
}

export function queuedRange(): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.from(KIND.queued))
}

export function statusKey(operationId: string): Buffer {
  return Buffer.concat([Buffer.from(KIND.status), hashBytes(operationId)])
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
