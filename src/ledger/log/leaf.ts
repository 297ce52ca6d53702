import { CodecError } from '../../codec/errors.ts'
import { canonicalize } from '../../codec/jcs.ts'
import { type JsonObject, parseJsonObject } from '../../codec/json.ts'
import { MAX_ENTRY_BYTES } from '../../merkle/entry-bundle.ts'
import { LedgerError, type LedgerErrorCode } from '../errors.ts'

/** A leaf that records an anchor (docs/spec/log-leaf.md). */
export interface AnchorLeaf {
  type: 'anchor'
  /** When the log took it: Unix seconds. */
  time: number
  anchorString: string
  writer: string
}

/** A leaf that records the root of a tree over digests, which were there before it (docs/spec/stamp.md). */
export interface StampLeaf {
  type: 'stamp'
  /** When the log took it: Unix seconds. */
  time: number
  /** 32 bytes in lower-case hexadecimal. */
  root: string
  writer: string
}

/** A leaf that states the root of the map over the operations that all leaves before it anchor (docs/spec/operation-map.md). */
export interface MapLeaf {
  type: 'map'
  /** When the log took it: Unix seconds. */
  time: number
  /** 32 bytes in lower-case hexadecimal. */
  root: string
}

/** What a log holds at an index. */
export type Leaf = AnchorLeaf | StampLeaf | MapLeaf

/** A leaf as a writer hands it in: the log sets its time. */
export type LeafContent = Omit<AnchorLeaf, 'time'> | Omit<StampLeaf, 'time'>

/** Operations that an anchor declares, to bound work by before it is read: what is no number counts as none. */
export function declaredOperations(leaf: LeafContent | Leaf): number {
  return leaf.type === 'anchor' ? Number.parseInt(leaf.anchorString, 10) || 0 : 0
}

/** Longest anchor string and writer, in bytes of UTF-8. */
export const MAX_LEAF_TEXT_BYTES = 1024

/** 9999-12-31T23:59:59Z: the last second that RFC 3339 can write. */
export const MAX_LEAF_TIME = 253_402_300_799

/** What a member of a leaf can be. */
interface Rule {
  holds(text: string): boolean
  /** The end of a sentence that begins with the member. */
  text: string
}

const TEXT: Rule = {
  holds: text =>
    text !== '' &&
    Buffer.byteLength(text) <= MAX_LEAF_TEXT_BYTES &&
    text.isWellFormed() &&
    !/\p{Cc}/u.test(text),
  text: `has from 1 to ${MAX_LEAF_TEXT_BYTES} bytes and no control characters`,
}
const HASH: Rule = {
  holds: text => /^[0-9a-f]{64}$/.test(text),
  text: 'is 32 bytes in lower-case hexadecimal',
}

/** The types of leaf: their members beside `v`, `type` and `time`, all of them texts; and the code of one that is none. */
const TYPES = {
  anchor: { members: { anchorString: TEXT, writer: TEXT }, invalid: 'LEDGER_ANCHOR_INVALID' },
  stamp: { members: { root: HASH, writer: TEXT }, invalid: 'LEDGER_STAMP_INVALID' },
  map: { members: { root: HASH }, invalid: 'LEDGER_LEAF_INVALID' },
} as const satisfies {
  [T in Leaf['type']]: {
    members: Record<Exclude<keyof Extract<Leaf, { type: T }>, 'type' | 'time'>, Rule>
    invalid: LedgerErrorCode
  }
}

/**
 * The bytes of a leaf: canonical JSON (RFC 8785).
 * @throws LedgerError LEDGER_ANCHOR_INVALID, LEDGER_STAMP_INVALID, LEDGER_LEAF_INVALID for a member that a leaf of its type cannot have
 */
export function encodeLeaf(leaf: Leaf): Buffer {
  if (!isTime(leaf.time)) throw new TypeError('a leaf time is Unix seconds, up to the year 9999')
  const { members, invalid: code } = TYPES[leaf.type]
  const values: { readonly [member: string]: unknown } = { ...leaf }
  const object: JsonObject = { v: 1, type: leaf.type, time: leaf.time }
  for (const [name, rule] of Object.entries<Rule>(members)) {
    const value = values[name]
    if (typeof value !== 'string') throw new TypeError(`the member ${name} of a leaf is not a string`)
    if (!rule.holds(value)) throw new LedgerError(code, `the member ${name} of a leaf ${rule.text}`)
    object[name] = value
  }
  return Buffer.from(canonicalize(object))
}

/**
 * Reads a leaf, strictly: exactly the members of its type, and exactly the bytes that {@link encodeLeaf} would write.
 * @throws LedgerError LEDGER_LEAF_INVALID, also for a type or version that this software does not know
 */
export function parseLeaf(bytes: Uint8Array): Leaf {
  const object = readObject(bytes)
  const { v, type, time } = object
  if (v !== 1) throw invalid('its version is not 1')
  if (typeof type !== 'string' || !isType(type)) throw invalid('its type is not known')
  if (typeof time !== 'number' || !isTime(time)) throw invalid('its time is not Unix seconds')
  const members: [name: string, rule: Rule][] = Object.entries(TYPES[type].members)
  for (const [name, rule] of members) {
    const value = object[name]
    if (typeof value !== 'string' || !rule.holds(value))
      throw invalid(`its member ${name} is not one that ${rule.text}`)
  }
  if (Object.keys(object).length !== members.length + 3)
    throw invalid('it has other members than its type has')
  if (Buffer.compare(Buffer.from(canonicalize(object)), bytes) !== 0) throw invalid('it is not canonical')
  const { v: _, ...leaf } = object
  return leaf as unknown as Leaf
}

function isType(type: string): type is Leaf['type'] {
  return Object.hasOwn(TYPES, type)
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
  return Number.isSafeInteger(value) && value >= 0 && value <= MAX_LEAF_TIME
}

function invalid(why: string, cause?: unknown): LedgerError {
  return new LedgerError('LEDGER_LEAF_INVALID', `not a leaf of the log: ${why}`, cause)
}
