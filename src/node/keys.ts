import { sha256 } from '../codec/hash.ts'

/**
 * Layout of the node's database. One letter names the kind of record; numbers are big-endian, so that key order
 * is the order of the ledger and of the queue. Suffixes, commitments and operation ids are foreign text, so that
 * their SHA-256 stands for them: 32 bytes, whatever the text.
 *
 *   o <suffix 32> <commitment 32>   operations of a DID that open that commitment (32 zero bytes: its creates)
 *   s <suffix 32>                   resolved state of a DID
 *   t <number u64>                  transaction that was applied or refused
 *   b <number u64>                  suffixes of a transaction's operations, for a reorganisation
 *   u <number u64>                  transaction whose files could not be had yet
 *   n <suffix 32> <number u64>      such a transaction's readable index names this DID
 *   c                               cursor: the last transaction taken from the ledger
 *   q <sequence u64>                operation that waits for a batch
 *   x <operation id 32>             what became of an operation that was accepted here
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

const NO_COMMITMENT = Buffer.alloc(32)

/** Key of the operations of a DID that open `commitment` (undefined: its creates). */
export function operationKey(suffix: string, commitment: string | undefined): Buffer {
  const digest = commitment === undefined ? NO_COMMITMENT : sha256(commitment)
  return Buffer.concat([Buffer.from(KIND.operation), sha256(suffix), digest])
}

/** Keys of all operations of a DID. */
export function operationRange(suffix: string): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.concat([Buffer.from(KIND.operation), sha256(suffix)]))
}

export function stateKey(suffix: string): Buffer {
  return Buffer.concat([Buffer.from(KIND.state), sha256(suffix)])
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
  return Buffer.concat([Buffer.from(KIND.named), sha256(suffix), u64(number)])
}

export function namedRange(suffix: string): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.concat([Buffer.from(KIND.named), sha256(suffix)]))
}

export function queuedKey(sequence: number): Buffer {
  return numbered(KIND.queued, sequence)
}

export function queuedRange(): { gte: Buffer; lt: Buffer } {
  return prefixRange(Buffer.from(KIND.queued))
}

export function statusKey(operationId: string): Buffer {
  return Buffer.concat([Buffer.from(KIND.status), sha256(operationId)])
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
  bytes.writeBigUInt64BE(BigInt(number))
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
