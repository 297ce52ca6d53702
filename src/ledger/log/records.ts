import { CodecError } from '../../codec/errors.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { type JsonObject, parseJsonObject } from '../../codec/json.ts'
import { isTreeSize } from '../../merkle/tree.ts'
import type { Store } from '../../store/store.ts'
import { LedgerError } from '../errors.ts'

/** What the log needs of its database. */
export type LogStore = Pick<Store, 'get' | 'entries' | 'commit'>

/**
 * Layout of the log's database. Numbers are big-endian, so that key order is the order of the log.
 *
 *   e <index u64>               entry: the bytes of a leaf
 *   t <level u8> <index u64>    tile of hashes. At level 0 only full ones: the rest follows from the entries, and would
 *                               have to be written again with every leaf. Above, also the partial one
 *   h                           head
 *   w                           policy of the witnesses that it was opened with last (kept-policy.ts)
 *   s <SHA-256>                 promise of a leaf, by what was handed in
 *   p <SHA-256>                 such a promise is still to be kept
 */
export const HEAD_KEY = Buffer.from('h')
export const POLICY_KEY = Buffer.from('w')

/** The state of the log that is durable. To replace it is the commit point of every change. */
export interface LogHead {
  /** Counts openings, so that a log that lost its database to another notices. */
  epoch: number
  size: number
  /** Root of the tree, in hex. */
  root: string
  /** Time of the last leaf: Unix seconds; absent while there is none. */
  time?: number
  origin: string
  vkey: string
}

export function entryKey(index: number): Buffer {
  const key = Buffer.allocUnsafe(9)
  key.write('e')
  key.writeBigUInt64BE(BigInt(index), 1)
  return key
}

/** Index of the entry with this key. */
export function entryIndex(key: Uint8Array): number {
  return Number(Buffer.from(key.buffer, key.byteOffset, key.byteLength).readBigUInt64BE(1))
}

export function tileKey(level: number, index: number): Buffer {
  const key = Buffer.allocUnsafe(10)
  key.write('t')
  key.writeUInt8(level, 1)
  key.writeBigUInt64BE(BigInt(index), 2)
  return key
}

export function encodeHead(head: LogHead): Buffer {
  return Buffer.from(canonicalize({ ...head }))
}

/** The head in the database, or undefined where it is new. @throws LedgerError LEDGER_CORRUPT; StoreError */
export function readHead(store: LogStore): LogHead | undefined {
  const bytes = store.get(HEAD_KEY)
  if (bytes === undefined) return undefined
  const { epoch, size, root, time, origin, vkey } = parseRecord(bytes, corrupt)
  const whole = (value: unknown): value is number => typeof value === 'number' && isTreeSize(value)
  const text = (value: unknown): value is string => typeof value === 'string'
  if (!whole(epoch) || !whole(size) || !text(root) || !text(origin) || !text(vkey)) throw corrupt()
  if (size === 0 ? time !== undefined : !whole(time)) throw corrupt()
  return { epoch, size, root, ...(whole(time) && { time }), origin, vkey }
}

/**
 * A record of the log's database that is a flat JSON object.
 * @param corrupt makes the error of one that is none
 */
export function parseRecord(bytes: Uint8Array, corrupt: (cause: unknown) => LedgerError): JsonObject {
  try {
    return parseJsonObject(bytes, { maxDepth: 1 })
  } catch (cause) {
    if (cause instanceof CodecError) throw corrupt(cause)
    throw cause
  }
}

function corrupt(cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_CORRUPT', "the log's head record cannot be read", cause)
}
