import { type JsonValue, parseJson } from '../../codec/json.ts'
import type { OperationPosition } from '../../sidetree/types.ts'
import { StoreError } from '../../store/errors.ts'
import type { Range, Store } from '../../store/store.ts'

/** The keys of the database of an operation map: each begins with one of these bytes. */
const CURSOR = Buffer.from('c')
const PAGE = Buffer.from('p')
const REFERENCE = Buffer.from('r')

/** Raised where what stands under the keys changes. */
const LAYOUT = 2

/** How far a map goes. */
export interface MapCursor {
  /** Leaves of the log that it covers. */
  size: number
  /** Hash of the last of them in hexadecimal, by which the log is known again; absent before the first. */
  lastLeaf?: string
  /** Root of the map in lower-case hexadecimal, as it was when this was written. */
  root: string
  /** True where that is a `map` leaf, so that the map is the one that a checkpoint of this size ends in. */
  whole: boolean
  /** The first `map` leaf that states another root than the anchors before it come to. */
  wrong?: WrongRoot
}

/** A `map` leaf that is not what the anchors before it come to; roots in lower-case hexadecimal. */
export interface WrongRoot {
  index: number
  stated: string
  computed: string
}

export const CURSOR_KEY: Uint8Array = CURSOR

export function pageKey(prefix: Uint8Array): Buffer {
  return Buffer.concat([PAGE, prefix])
}

/** @param key of the map, 32 bytes */
export function referenceKey(
  key: Uint8Array,
  { transactionNumber, operationIndex }: Pick<OperationPosition, 'transactionNumber' | 'operationIndex'>,
): Buffer {
  const place = Buffer.alloc(12)
  place.writeBigUInt64BE(BigInt(transactionNumber))
  place.writeUInt32BE(operationIndex, 8)
  return Buffer.concat([REFERENCE, key, place])
}

/** References to one DID, in ledger order. */
export function referencesOf(key: Uint8Array): Range {
  const from = Buffer.concat([REFERENCE, key])
  return { gte: from, lt: Buffer.concat([from, Buffer.alloc(13, 0xff)]) }
}

/** The number of the transaction in the key of a reference. */
export function transactionOf(key: Uint8Array): number {
  return Number(Buffer.from(key).readBigUInt64BE(REFERENCE.length + 32))
}

export function encodeCursor(cursor: MapCursor): string {
  return JSON.stringify({ layout: LAYOUT, ...cursor })
}

/** The cursor of a database; undefined where it is new, or of another layout, so that the map is made anew. */
export function readCursor(store: Pick<Store, 'get' | 'location'>): MapCursor | undefined {
  const bytes = store.get(CURSOR)
  if (bytes === undefined) return undefined
  const value = parseJson(bytes) as JsonValue as unknown as MapCursor & { layout: number }
  if (value.layout !== LAYOUT) return undefined
  const { layout: _, ...cursor } = value
  if (!Number.isSafeInteger(cursor.size)) {
    throw new StoreError('STORE_CORRUPT', store.location, `${store.location} says nothing of how far it goes`)
  }
  return cursor
}
