import { CodecError } from '../../codec/errors.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { type JsonObject, parseJsonObject } from '../../codec/json.ts'
import { MAX_ENTRY_BYTES } from '../../merkle/entry-bundle.ts'
import { LedgerError } from '../errors.ts'

/** A leaf that records an anchor (docs/spec/log-leaf.md). */
export interface AnchorLeaf {
  /** Other types of leaf join it later. */
  type: 'anchor'
  /** When the log took it: Unix seconds. */
  time: number
  anchorString: string
  writer: string
}

/** Longest anchor string and writer, in bytes of UTF-8. */
export const MAX_LEAF_TEXT_BYTES = 1024

/** 9999-12-31T23:59:59Z: the last second that RFC 3339 can write. */
const MAX_TIME = 253_402_300_799
const MEMBERS = 'anchorString time type v writer'

/**
 * The bytes of a leaf: canonical JSON (RFC 8785).
 * @throws LedgerError LEDGER_ANCHOR_INVALID for a text that is empty, longer than 1,024 bytes, or has control
 * characters or lone surrogates
 */
export function encodeLeaf(leaf: AnchorLeaf): Buffer {
  if (!isTime(leaf.time)) throw new TypeError('a leaf time is Unix seconds, up to the year 9999')
  for (const [name, text] of [
    ['anchor string', leaf.anchorString],
    ['writer', leaf.writer],
  ] as const) {
    if (typeof text !== 'string') throw new TypeError(`the ${name} is not a string`)
    if (!isLeafText(text)) {
      const limit = `a ${name} has from 1 to ${MAX_LEAF_TEXT_BYTES} bytes and no control characters`
      throw new LedgerError('LEDGER_ANCHOR_INVALID', limit)
    }
  }
  const { type, anchorString, time, writer } = leaf
  return Buffer.from(canonicalize({ v: 1, type, time, anchorString, writer }))
}

/**
 * Reads a leaf, strictly: exactly the members of its type, and exactly the bytes that {@link encodeLeaf} would write.
 * @throws LedgerError LEDGER_LEAF_INVALID, also for a type or version that this software does not know
 */
export function parseLeaf(bytes: Uint8Array): AnchorLeaf {
  const object = readObject(bytes)
  const { v, type, time, anchorString, writer } = object
  if (v !== 1) throw invalid('its version is not 1')
  if (type !== 'anchor') throw invalid('its type is not known')
  if (Object.keys(object).sort().join(' ') !== MEMBERS)
    throw invalid('it has other members than an anchor has')
  if (typeof time !== 'number' || !isTime(time)) throw invalid('its time is not Unix seconds')
  if (typeof anchorString !== 'string' || !isLeafText(anchorString))
    throw invalid('its anchor string is not valid')
  if (typeof writer !== 'string' || !isLeafText(writer)) throw invalid('its writer is not valid')
  const leaf: AnchorLeaf = { type, time, anchorString, writer }
  if (Buffer.compare(encodeLeaf(leaf), bytes) !== 0) throw invalid('it is not canonical')
  return leaf
}

function readObject(bytes: Uint8Array): JsonObject {
  try {
    return parseJsonObject(bytes, { maxBytes: MAX_ENTRY_BYTES, maxDepth: 2 })
  } catch (cause) {
    if (cause instanceof CodecError) throw invalid('it is not a JSON object', cause)
    throw cause
  }
}

function isTime(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0 && value <= MAX_TIME
}

function isLeafText(text: string): boolean {
  return (
    text !== '' &&
    Buffer.byteLength(text) <= MAX_LEAF_TEXT_BYTES &&
    text.isWellFormed() &&
    !/\p{Cc}/u.test(text)
  )
}

function invalid(why: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_LEAF_INVALID', `not a leaf of the log: ${why}`, cause)
}
