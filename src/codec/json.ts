import { CodecError } from './errors.ts'

export type JsonValue = null | boolean | number | string | JsonValue[] | JsonObject
export interface JsonObject {
  [name: string]: JsonValue
}

/** Bounds and leniences of {@link parseJson}; every default is the strict one. */
export interface JsonLimits {
  /** Largest input, in bytes. Default 1,048,576. */
  maxBytes?: number
  /** Deepest nesting of arrays and objects. Default 32. */
  maxDepth?: number
  /** True accepts a repeated member, the last one wins (for protocols whose consensus does). Default false. */
  duplicateMembers?: boolean
}

const DEFAULT_MAX_BYTES = 1 << 20
const DEFAULT_MAX_DEPTH = 32
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON (RFC 8259) of foreign origin. Beyond the grammar it refuses repeated members, lone surrogates,
 * numbers that a double cannot hold (`1e400`), nesting and size beyond the bounds, and bytes that are not UTF-8 or
 * start with a byte order mark; so that every result has a canonical form. A member named `__proto__` is an own
 * property like any other.
 * @throws CodecError JSON_INVALID, JSON_DUPLICATE_MEMBER, JSON_TOO_DEEP, JSON_TOO_LARGE, JSON_LONE_SURROGATE,
 * JSON_NUMBER_RANGE, UTF8_INVALID
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): JsonValue {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES
  requireSize(input.length, maxBytes)
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input
  requireSize(bytes.length, maxBytes)
  const text = typeof input === 'string' ? input : decodeUtf8(bytes)
  if (typeof input === 'string') requireWellFormed(input)
  const members = scan(bytes, limits.maxDepth ?? DEFAULT_MAX_DEPTH)
  const value = parse(text)
  if (inspect(value) !== members && limits.duplicateMembers !== true) {
    throw new CodecError('JSON_DUPLICATE_MEMBER', 'an object has two members of the same name')
  }
  return value
}

/** Parses JSON whose outermost value must be an object. @throws CodecError as {@link parseJson} */
export function parseJsonObject(input: Uint8Array | string, limits: JsonLimits = {}): JsonObject {
  const value = parseJson(input, limits)
  if (!isJsonObject(value)) throw new CodecError('JSON_INVALID', 'the outermost value is not an object')
  return value
}

/** True for an object that is neither null nor an array. */
export function isJsonObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Text of UTF-8 bytes. @throws CodecError UTF8_INVALID */
export function decodeUtf8(bytes: Uint8Array): string {
  try {
    return UTF8.decode(bytes)
  } catch (cause) {
    throw new CodecError('UTF8_INVALID', 'the bytes are not UTF-8', { cause })
  }
}

/** A text has at least as many bytes in UTF-8 as it has code units, so that its length refuses it early. */
function requireSize(length: number, maxBytes: number): void {
  if (length > maxBytes) throw new CodecError('JSON_TOO_LARGE', `JSON is larger than ${maxBytes} bytes`)
}

function parse(text: string): JsonValue {
  try {
    return JSON.parse(text) as JsonValue
  } catch (cause) {
    throw new CodecError('JSON_INVALID', `not JSON: ${cause instanceof Error ? cause.message : 'unknown'}`, {
      cause,
    })
  }
}

/**
 * One pass over the bytes before the native parser sees them: bounds the depth, and counts the members, each of
 * which has one colon outside strings. That is exact for every text that the native parser then accepts; and the
 * parser stops at the first error of any other, before it could go deeper than was counted.
 */
function scan(bytes: Uint8Array, maxDepth: number): number {
  let members = 0
  let depth = 0
  const length = bytes.length
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      i++
      while (i < length && bytes[i] !== QUOTE) i += bytes[i] === BACKSLASH ? 2 : 1
    } else if (byte === COLON) members++
    else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++depth > maxDepth) {
        throw new CodecError('JSON_TOO_DEEP', `nested more than ${maxDepth} deep`, { offset: i })
      }
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
  }
  return members
}

/**
 * Walks a parsed value, whose depth {@link scan} has bounded, and counts its members: fewer than were written where
 * a name was repeated, since the last one replaces the others.
 */
function inspect(value: JsonValue): number {
  if (typeof value === 'string') requireWellFormed(value)
  if (typeof value === 'number' && !Number.isFinite(value)) {
    throw new CodecError('JSON_NUMBER_RANGE', 'a number is larger than a double can hold')
  }
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += inspect(item)
    return members
  }
  for (const name of Object.keys(value)) {
    requireWellFormed(name)
    members += 1 + inspect(value[name] as JsonValue)
  }
  return members
}

function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new CodecError('JSON_LONE_SURROGATE', 'a string holds a lone surrogate')
}
