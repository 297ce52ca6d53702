import { CodecError } from '../codec/errors.ts'
import { canonicalize } from '../codec/jcs.ts'
import type { JsonObject, JsonValue } from '../codec/json.ts'
import { isJsonObject } from '../codec/json.ts'
import { SidetreeError } from './errors.ts'

/**
 * `copy` can double a document with every step, so the text copied by one patch, written as JSON, is bounded.
 */
const MAX_COPIED_CHARACTERS = 10_000
const POINTER = /^(?:\/(?:[^~/]|~0|~1)*)*$/
const INDEX = /^(?:0|[1-9][0-9]{0,8})$/

type JsonPatchOperation =
  | { op: 'add' | 'replace' | 'test'; path: string; value: JsonValue }
  | { op: 'remove'; path: string }
  | { op: 'move' | 'copy'; path: string; from: string }

/**
 * Checks the form of a JSON Patch (RFC 6902); whether it applies depends on the document. Members that the
 * specification of an operation does not name are ignored, as it demands.
 * @throws SidetreeError PATCH_JSON_INVALID
 */
export function validateJsonPatch(value: JsonValue | undefined): void {
  if (!Array.isArray(value)) throw invalid('the patches of ietf-json-patch must be an array')
  for (const operation of value) {
    if (!isJsonObject(operation)) throw invalid('an operation of a JSON patch must be an object')
    requirePointer(operation['path'], 'path')
    switch (operation['op']) {
      case 'add':
      case 'replace':
      case 'test':
        if (!Object.hasOwn(operation, 'value')) throw invalid(`${operation['op']} lacks its value`)
        break
      case 'move':
      case 'copy':
        requirePointer(operation['from'], 'from')
        break
      case 'remove':
        break
      default:
        throw invalid('op of a JSON patch must be add, remove, replace, move, copy or test')
    }
  }
}

function requirePointer(value: JsonValue | undefined, name: string): void {
  if (typeof value !== 'string' || !POINTER.test(value)) throw invalid(`${name} must be a JSON pointer`)
  // A member of this name is data in parsed JSON, but code that assigns it changes a prototype.
  if (tokensOf(value).includes('__proto__')) throw invalid(`${name} must not name __proto__`)
}

function invalid(message: string): SidetreeError {
  return new SidetreeError('PATCH_JSON_INVALID', message)
}

/**
 * The document that a valid JSON patch makes of another, which is left as it was.
 * @throws SidetreeError PATCH_FAILED where an operation does not apply
 */
export function applyJsonPatch(document: JsonObject, patch: readonly JsonValue[]): JsonValue {
  const root: JsonObject = { '': structuredClone(document) }
  let copied = 0
  for (const item of patch) {
    const operation = item as unknown as JsonPatchOperation
    if (operation.op === 'copy') copied += JSON.stringify(read(root, operation.from)).length
    if (copied > MAX_COPIED_CHARACTERS) {
      throw failed(`the patch copies more than ${MAX_COPIED_CHARACTERS} characters`)
    }
    applyOne(root, operation)
  }
  return root[''] ?? null
}

function applyOne(root: JsonObject, operation: JsonPatchOperation): void {
  switch (operation.op) {
    case 'add':
      insert(root, operation.path, structuredClone(operation.value))
      break
    case 'replace':
      overwrite(root, operation.path, structuredClone(operation.value))
      break
    case 'remove':
      remove(root, operation.path)
      break
    case 'copy':
      insert(root, operation.path, structuredClone(read(root, operation.from)))
      break
    case 'move':
      if (operation.path.startsWith(`${operation.from}/`)) throw failed('a value cannot move into itself')
      insert(root, operation.path, remove(root, operation.from))
      break
    case 'test':
      if (!isEqual(read(root, operation.path), operation.value)) {
        throw failed(`test of ${operation.path} is not met`)
      }
  }
}

/** Equality of JSON values (RFC 6902 section 4.6); a value without canonical form equals none. */
function isEqual(a: JsonValue, b: JsonValue): boolean {
  try {
    return canonicalize(a) === canonicalize(b)
  } catch (error) {
    if (error instanceof CodecError) return false
    throw error
  }
}

/** A document is kept as the member '' of an object, so that the pointer to the whole is like any other. */
function tokensOf(pointer: string): string[] {
  return pointer.split('/').map(token => token.replaceAll('~1', '/').replaceAll('~0', '~'))
}

interface Place {
  parent: JsonObject | JsonValue[]
  token: string
}

function locate(root: JsonObject, pointer: string): Place {
  const tokens = tokensOf(pointer)
  const token = tokens.pop() ?? ''
  let parent: JsonValue = root
  for (const step of tokens) parent = child({ parent: container(parent, pointer), token: step }, pointer)
  return { parent: container(parent, pointer), token }
}

function container(value: JsonValue, pointer: string): JsonObject | JsonValue[] {
  if (Array.isArray(value) || isJsonObject(value)) return value
  throw failed(`${pointer} leads into a value that has no members`)
}

function child({ parent, token }: Place, pointer: string): JsonValue {
  const value = Array.isArray(parent)
    ? parent[indexIn(parent, token, pointer)]
    : Object.hasOwn(parent, token)
      ? parent[token]
      : undefined
  if (value === undefined) throw failed(`nothing is at ${pointer}`)
  return value
}

function read(root: JsonObject, pointer: string): JsonValue {
  return child(locate(root, pointer), pointer)
}

function insert(root: JsonObject, pointer: string, value: JsonValue): void {
  const { parent, token } = locate(root, pointer)
  if (!Array.isArray(parent)) {
    parent[token] = value
  } else if (token === '-') {
    parent.push(value)
  } else {
    parent.splice(indexIn(parent, token, pointer, parent.length), 0, value)
  }
}

function overwrite(root: JsonObject, pointer: string, value: JsonValue): void {
  const place = locate(root, pointer)
  child(place, pointer)
  if (Array.isArray(place.parent)) place.parent[indexIn(place.parent, place.token, pointer)] = value
  else place.parent[place.token] = value
}

function remove(root: JsonObject, pointer: string): JsonValue {
  if (pointer === '') throw failed('the whole document cannot be removed')
  const place = locate(root, pointer)
  const value = child(place, pointer)
  if (Array.isArray(place.parent)) place.parent.splice(indexIn(place.parent, place.token, pointer), 1)
  else delete place.parent[place.token]
  return value
}

function indexIn(array: JsonValue[], token: string, pointer: string, last = array.length - 1): number {
  const index = INDEX.test(token) ? Number(token) : Number.NaN
  if (!(index <= last)) throw failed(`nothing is at ${pointer}`)
  return index
}

function failed(message: string): SidetreeError {
  return new SidetreeError('PATCH_FAILED', message)
}
