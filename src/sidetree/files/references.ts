import type { JsonObject, JsonValue } from '../../codec/json.ts'
import { isJsonObject } from '../../codec/json.ts'
import { SidetreeError } from '../errors.ts'
import { requireMultihash } from '../input.ts'
import type { ProtocolParameters } from '../parameters.ts'

/** A recover, a deactivate or an update in an index file: which DID, and which commitment it opens. */
export interface OperationReference {
  didSuffix: string
  revealValue: string
}

/**
 * The list of that name in `operations`; empty where there is none.
 * @throws SidetreeError FILE_LIST_INVALID
 */
export function listIn(operations: JsonObject, name: string, what: string): JsonValue[] {
  const list = operations[name]
  if (list === undefined) return []
  if (!Array.isArray(list)) throw new SidetreeError('FILE_LIST_INVALID', `${what}.${name} must be an array`)
  return list
}

/**
 * Requires an entry to be an object with all these members and no other.
 * @throws SidetreeError FILE_ENTRY_INVALID
 */
export function requireEntry(value: JsonValue, members: readonly string[], what: string): JsonObject {
  if (isJsonObject(value) && Object.keys(value).length === members.length) {
    if (members.every(name => Object.hasOwn(value, name))) return value
  }
  throw new SidetreeError('FILE_ENTRY_INVALID', `${what} must be an object of just ${members.join(' and ')}`)
}

/**
 * The references of one list, in its order.
 * @throws SidetreeError FILE_ENTRY_INVALID, DID_SUFFIX_INVALID, REVEAL_VALUE_INVALID
 */
export function parseReferences(
  list: readonly JsonValue[],
  params: ProtocolParameters,
  what: string,
): OperationReference[] {
  return list.map((item, i) => {
    const entry = requireEntry(item, ['didSuffix', 'revealValue'], `${what}[${i}]`)
    return {
      didSuffix: requireMultihash(entry['didSuffix'], params, 'DID_SUFFIX_INVALID', 'didSuffix'),
      revealValue: requireMultihash(entry['revealValue'], params, 'REVEAL_VALUE_INVALID', 'revealValue'),
    }
  })
}

/**
 * Requires that no two operations are of the same DID (Sidetree v1, Core Index File).
 * @throws SidetreeError FILE_DID_REPEATED
 */
export function requireDistinctDids(operations: readonly { didSuffix: string }[], what: string): void {
  const seen = new Set<string>()
  for (const { didSuffix } of operations) {
    if (seen.has(didSuffix)) {
      throw new SidetreeError('FILE_DID_REPEATED', `${what} has two operations of the DID ${didSuffix}`)
    }
    seen.add(didSuffix)
  }
}
