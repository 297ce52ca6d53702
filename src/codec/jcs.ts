import { CodecError } from './errors.ts'
import type { JsonValue } from './json.ts'

/** Values nested deeper than this are refused rather than recursed into. */
const MAX_DEPTH = 512

/**
 * The canonical text of a JSON value (RFC 8785): members sorted by UTF-16 code units, no white space, numbers
 * and strings as ECMAScript writes them.
 * @throws CodecError JCS_UNSUPPORTED_VALUE for what has no JSON form (NaN, undefined, a lone surrogate, a
 * function, a value nested more than 512 deep)
 */
export function canonicalize(value: JsonValue): string {
  // What is in order already, as most of what was parsed from canonical text is, the native writer does at once.
  return isOrdered(value, 0) ? JSON.stringify(value) : write(value, 0)
}

/** True for a value that the native writer writes in canonical form: its members are in order, and all can be written. */
function isOrdered(value: unknown, depth: number): boolean {
  if (typeof value === 'string') return value.isWellFormed()
  if (typeof value === 'number') return Number.isFinite(value)
  if (typeof value === 'boolean' || value === null) return true
  if (typeof value !== 'object' || depth >= MAX_DEPTH) return false
  if (Array.isArray(value)) return isOrderedArray(value, depth)
  let before = ''
  for (const name of Object.keys(value)) {
    if (name < before || !name.isWellFormed()) return false
    if (!isOrdered((value as Record<string, unknown>)[name], depth + 1)) return false
    before = name
  }
  return !('toJSON' in value)
}

function isOrderedArray(items: unknown[], depth: number): boolean {
  // By index, so that a hole is seen: it has no JSON form.
  for (let i = 0; i < items.length; i++) if (!isOrdered(items[i], depth + 1)) return false
  return true
}

function write(value: unknown, depth: number): string {
  if (value === null || value === true || value === false) return String(value)
  if (typeof value === 'string') return writeString(value)
  if (typeof value === 'number') return writeNumber(value)
  if (typeof value !== 'object' || depth >= MAX_DEPTH) {
    throw new CodecError('JCS_UNSUPPORTED_VALUE', `a ${typeof value} at depth ${depth} has no canonical form`)
  }
  return Array.isArray(value)
    ? writeArray(value, depth)
    : writeObject(value as Record<string, unknown>, depth)
}

function writeString(text: string): string {
  if (!text.isWellFormed()) throw new CodecError('JCS_UNSUPPORTED_VALUE', 'a string holds a lone surrogate')
  return JSON.stringify(text)
}

function writeNumber(value: number): string {
  if (!Number.isFinite(value)) throw new CodecError('JCS_UNSUPPORTED_VALUE', 'a number is not finite')
  return JSON.stringify(value)
}

function writeArray(items: unknown[], depth: number): string {
  let out = '['
  for (let i = 0; i < items.length; i++) out += (i === 0 ? '' : ',') + write(items[i], depth + 1)
  return `${out}]`
}

function writeObject(object: Record<string, unknown>, depth: number): string {
  let out = '{'
  for (const name of Object.keys(object).sort()) {
    out += `${(out.length === 1 ? '' : ',') + writeString(name)}:${write(object[name], depth + 1)}`
  }
  return `${out}}`
}
