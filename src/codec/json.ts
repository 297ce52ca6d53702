import { isUtf8 } from 'node:buffer'
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
  /** Default: none. */
  shape?: JsonShape
  /** True accepts a repeated member, the last one wins (for protocols whose consensus does). Default false. */
  duplicateMembers?: boolean
}

/**
 * Bounds of how many values a text may hold, for a text that may be large and is mostly one list: a value takes up to
 * fifty times the memory of its text. Counted are brackets, colons and commas.
 */
export interface JsonShape {
  /** Most in the outermost object and the lists right in it. */
  maxOuter: number
  /** Most inside of one entry of such a list. */
  maxEntry: number
}

/** Nesting of what stands in an entry of a list in the outermost object. */
const ENTRY_DEPTH = 3
const DEFAULT_MAX_BYTES = 1 << 20
const DEFAULT_MAX_DEPTH = 32
const QUOTE = 0x22
const BACKSLASH = 0x5c
const COLON = 0x3a
const COMMA = 0x2c
const OPEN_OBJECT = 0x7b
const CLOSE_OBJECT = 0x7d
const OPEN_ARRAY = 0x5b
const CLOSE_ARRAY = 0x5d

/**
 * Parses JSON (RFC 8259) of foreign origin. Beyond the grammar it refuses repeated members, lone surrogates,
 * numbers that a double cannot hold (`1e400`), nesting and size beyond the bounds, and bytes that are not UTF-8 or
 * start with a byte order mark; so that every result has a canonical form. A member named `__proto__` is an own
 * property like any other.
 * @throws CodecError JSON_INVALID, JSON_DUPLICATE_MEMBER, JSON_TOO_DEEP, JSON_TOO_LARGE, JSON_TOO_MANY_VALUES,
 * JSON_LONE_SURROGATE, JSON_NUMBER_RANGE, UTF8_INVALID
 */
export function parseJson(input: Uint8Array | string, limits: JsonLimits = {}): JsonValue {
  const maxBytes = limits.maxBytes ?? DEFAULT_MAX_BYTES
  requireSize(input.length, maxBytes)
  const bytes = typeof input === 'string' ? Buffer.from(input, 'utf8') : input
  requireSize(bytes.length, maxBytes)
  const text = typeof input === 'string' ? input : decodeUtf8(bytes)
  if (typeof input === 'string') requireWellFormed(input)
  const { members, escapedNames } = scan(bytes, limits.maxDepth ?? DEFAULT_MAX_DEPTH)
  if (limits.shape !== undefined) requireShape(bytes, limits.shape)
  const native = parse(text)
  const value = escapedNames ? new ValidJson(text).value() : native
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
  if (!isUtf8(bytes)) throw new CodecError('UTF8_INVALID', 'the bytes are not UTF-8')
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('utf8')
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
 * One pass over the bytes before the native parser sees them: bounds the depth, counts the members, each of which
 * has one colon outside strings, and looks for names with escapes. That is exact for every text that the native
 * parser then accepts; and the parser stops at the first error of any other, before it could go deeper than was
 * counted.
 */
function scan(bytes: Uint8Array, maxDepth: number): { members: number; escapedNames: boolean } {
  let members = 0
  let depth = 0
  let escaped = false
  let escapedNames = false
  const length = bytes.length
  for (let i = 0; i < length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      escaped = false
      for (i++; i < length && bytes[i] !== QUOTE; i++) {
        if (bytes[i] !== BACKSLASH) continue
        escaped = true
        i++
      }
    } else if (byte === COLON) {
      members++
      escapedNames ||= escaped
    } else if (byte === OPEN_OBJECT || byte === OPEN_ARRAY) {
      if (++depth > maxDepth) {
        throw new CodecError('JSON_TOO_DEEP', `nested more than ${maxDepth} deep`, { offset: i })
      }
    } else if (byte === CLOSE_OBJECT || byte === CLOSE_ARRAY) depth--
  }
  return { members, escapedNames }
}

/** Refuses a text that holds more values than its shape allows, before any of them is made. */
function requireShape(bytes: Uint8Array, { maxOuter, maxEntry }: JsonShape): void {
  let depth = 0
  let outer = 0
  let entry = 0
  for (let i = 0; i < bytes.length; i++) {
    const byte = bytes[i]
    if (byte === QUOTE) {
      for (i++; i < bytes.length && bytes[i] !== QUOTE; i++) if (bytes[i] === BACKSLASH) i++
      continue
    }
    const opens = byte === OPEN_OBJECT || byte === OPEN_ARRAY
    const closes = byte === CLOSE_OBJECT || byte === CLOSE_ARRAY
    if (!opens && !closes && byte !== COMMA && byte !== COLON) continue
    if (opens && ++depth === ENTRY_DEPTH) entry = 0
    if (depth < ENTRY_DEPTH) outer++
    else entry++
    if (closes) depth--
    if (outer > maxOuter || entry > maxEntry) {
      throw new CodecError('JSON_TOO_MANY_VALUES', 'JSON holds more values than it may', { offset: i })
    }
  }
}

/**
 * Reads a text that the native parser has accepted once more, for its names: V8 13.6 and later can take a name with
 * an escape for another one, that of an object which it parsed at any time before
 * (https://github.com/nodejs/node/issues/63785). Depth is bounded by {@link scan}.
 */
class ValidJson {
  readonly #text: string
  #at = 0

  constructor(text: string) {
    this.#text = text
  }

  value(): JsonValue {
    switch (this.#next()) {
      case OPEN_OBJECT:
        return this.#object()
      case OPEN_ARRAY:
        return this.#array()
      case QUOTE:
        return this.#string()
      default:
        return this.#literal()
    }
  }

  #object(): JsonObject {
    const members: [string, JsonValue][] = []
    this.#at++
    while (this.#next() !== CLOSE_OBJECT) members.push([this.#string(), this.value()])
    this.#at++
    return Object.fromEntries(members)
  }

  #array(): JsonValue[] {
    const items: JsonValue[] = []
    this.#at++
    while (this.#next() !== CLOSE_ARRAY) items.push(this.value())
    this.#at++
    return items
  }

  #string(): string {
    const start = this.#at++
    let escaped = false
    for (let code = this.#code(); code !== QUOTE; code = this.#code()) {
      if (code === BACKSLASH) escaped = true
      this.#at += code === BACKSLASH ? 2 : 1
    }
    const end = this.#at++
    return escaped
      ? (JSON.parse(this.#text.slice(start, end + 1)) as string)
      : this.#text.slice(start + 1, end)
  }

  #literal(): JsonValue {
    const start = this.#at
    while (this.#at < this.#text.length && !isBetween(this.#code()) && !isClosing(this.#code())) this.#at++
    return JSON.parse(this.#text.slice(start, this.#at)) as JsonValue
  }

  /** The first character that is neither white space nor a separator. */
  #next(): number {
    while (isBetween(this.#code())) this.#at++
    return this.#code()
  }

  #code(): number {
    return this.#text.charCodeAt(this.#at)
  }
}

function isBetween(code: number): boolean {
  return code === COMMA || code === COLON || code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09
}

function isClosing(code: number): boolean {
  return code === CLOSE_OBJECT || code === CLOSE_ARRAY
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
