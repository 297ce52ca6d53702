import { isJsonObject, type JsonObject, type JsonValue } from '../codec/json.ts'
import { isEncodedMultihash } from '../codec/multihash.ts'
import { SidetreeError, type SidetreeErrorCode } from './errors.ts'
import type { ProtocolParameters } from './parameters.ts'

const BASE64URL_CHARACTERS = /^[A-Za-z0-9_-]+$/

/**
 * Deepest nesting of JSON that is read. A delta of 1,000 bytes can hold no deeper, so this refuses nothing that
 * could be anchored.
 */
export const MAX_JSON_DEPTH = 512

/** @throws SidetreeError `code` where the value is not an object, or is an array or null */
export function requireObject(
  value: JsonValue | undefined,
  code: SidetreeErrorCode,
  what: string,
): JsonObject {
  if (!isJsonObject(value)) throw new SidetreeError(code, `${what} must be a JSON object`)
  return value
}

/** @throws SidetreeError `code` where the value is not an array */
export function requireArray(
  value: JsonValue | undefined,
  code: SidetreeErrorCode,
  what: string,
): JsonValue[] {
  if (!Array.isArray(value)) throw new SidetreeError(code, `${what} must be an array`)
  return value
}

/** @throws SidetreeError `code` where the value is not a string */
export function requireString(value: JsonValue | undefined, code: SidetreeErrorCode, what: string): string {
  if (typeof value !== 'string') throw new SidetreeError(code, `${what} must be a string`)
  return value
}

/**
 * Requires that an object has each member of `required`, may have those of `optional`, and has no other.
 * @throws SidetreeError `code`
 */
export function requireMembers(
  object: JsonObject,
  required: readonly string[],
  optional: readonly string[],
  code: SidetreeErrorCode,
  what: string,
): void {
  for (const name of required) {
    if (!Object.hasOwn(object, name)) throw new SidetreeError(code, `${what} lacks ${name}`)
  }
  for (const name of Object.keys(object)) {
    if (!required.includes(name) && !optional.includes(name)) {
      throw new SidetreeError(code, `${what} has an unknown member: ${JSON.stringify(name).slice(0, 80)}`)
    }
  }
}

/**
 * Requires an encoded multihash of an allowed algorithm (Sidetree v1, Hashing Process).
 * @throws SidetreeError `code`
 */
export function requireMultihash(
  value: JsonValue | undefined,
  params: ProtocolParameters,
  code: SidetreeErrorCode,
  what: string,
): string {
  const text = requireString(value, code, what)
  const { hashAlgorithms, lenient, maxOperationHashLength } = params
  if (maxOperationHashLength !== undefined && text.length > maxOperationHashLength) {
    throw new SidetreeError(code, `${what} is longer than ${maxOperationHashLength} characters`)
  }
  const valid = isEncodedMultihash(text) || (lenient.looseBase64url && isLooseMultihash(text, hashAlgorithms))
  if (!valid) throw new SidetreeError(code, `${what} must be a SHA-256 multihash in base64url`)
  return text
}

/** As ION's nodes read one: any spelling, any length of digest but none (multihashes 0.4.14). */
function isLooseMultihash(text: string, algorithms: readonly number[]): boolean {
  if (!BASE64URL_CHARACTERS.test(text)) return false
  const bytes = Buffer.from(text, 'base64url')
  const code = readVarint(bytes, 0)
  const length = readVarint(bytes, code.end)
  return (
    bytes.length >= 3 &&
    length.value >= 1 &&
    algorithms.includes(code.value) &&
    bytes.length - length.end === length.value
  )
}

/** An unsigned varint, without a demand for the shortest form; -1 where it does not end or is too long. */
function readVarint(bytes: Uint8Array, start: number): { value: number; end: number } {
  let value = 0
  for (let i = start, factor = 1; i < bytes.length && i < start + 7; i++, factor *= 128) {
    const byte = bytes[i] ?? 0
    value += (byte & 0x7f) * factor
    if (byte < 0x80) return { value, end: i + 1 }
  }
  return { value: -1, end: bytes.length }
}
