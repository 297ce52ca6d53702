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
const UTF8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/**
 * Parses JSON (RFC 8259) of foreign origin. Beyond the grammar it refuses repeated members, lone surrogates,
 * nesting and size beyond the bounds, and bytes that are not UTF-8. A member named `__proto__` is an own
 * property like any other.
 * @throws CodecError JSON_INVALID, JSON_DUPLICATE_MEMBER, JSON_TOO_DEEP, JSON_TOO_LARGE, JSON_LONE_SURROGATE,
 * UTF8_INVALID
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): JsonValue {
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES
  if (bytes.length > maxBytes) {
    throw new CodecError('JSON_TOO_LARGE', `JSON of ${bytes.length} bytes is larger than ${maxBytes}`)
  }
  const text = typeof input === 'string' ? input : decodeUtf8(bytes)
  if (typeof input === 'string' && !input.isWellFormed()) {
    throw new CodecError('JSON_LONE_SURROGATE', 'the text holds a lone surrogate')
  }
  const { members, escapes } = scan(bytes, limits.maxDepth ?? DEFAULT_MAX_DEPTH)
  const value = parse(text)
  const counted = limits.duplicateMembers !== true
  if (counted || escapes) inspect(value, counted ? members : undefined)
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
 * One pass over the bytes before the native parser sees them: bounds the depth, and counts the members (each
 * has one colon outside strings), which is what shows a repeated member afterwards.
 */
function scan(bytes: Uint8Array, maxDepth: number): { members: number; escapes: boolean } {
  let members = 0
  let depth = 0
  let escapes = false
  const length = bytes.length
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]
    if (byte === 0x22) {
      i++
      while (i < length && bytes[i] !== 0x22) {
        if (bytes[i] === 0x5c) {
          escapes = true
          i++
        }
        i++
      }
    } else if (byte === 0x3a) members++
    else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth)
        throw new CodecError('JSON_TOO_DEEP', `nested more than ${maxDepth} deep`, { offset: i })
    } else if (byte === 0x7d || byte === 0x5d) depth--
  }
  return { members, escapes }
}

/** Walks a parsed value (its depth is bounded by {@link scan}). */
function inspect(value: JsonValue, members: number | undefined): void {
  const found = count(value)
  if (members !== undefined && found !== members) {
    throw new CodecError('JSON_DUPLICATE_MEMBER', 'an object has two members of the same name')
  }
}

function count(value: JsonValue): number {
  if (typeof value === 'string') {
    requireWellFormed(value)
    return 0
  }
  if (typeof value !== 'object' || value === null) return 0
  let members = 0
  if (Array.isArray(value)) {
    for (const item of value) members += count(item)
    return members
  }
  for (const name of Object.keys(value)) {
    requireWellFormed(name)
    members += 1 + count(value[name] as JsonValue)
  }
  return members
}

function requireWellFormed(text: string): void {
  if (!text.isWellFormed()) throw new CodecError('JSON_LONE_SURROGATE', 'a string holds a lone surrogate')
}
