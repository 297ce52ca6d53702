import { CodecError } from '../codec/errors.ts'
import { encodedSha256 } from '../codec/hash.ts'
import { canonicalize } from '../codec/jcs.ts'
import type { JsonValue } from '../codec/json.ts'
import { encodedMultihash } from '../codec/multihash.ts'
import type { AnchoredOperation, OperationRequest } from './types.ts'

/** Names an operation from the moment it is asked for: the multihash of its request in canonical form. */
export function operationIdOf(request: OperationRequest): string {
  return encodedMultihash(canonicalize(request as unknown as JsonValue))
}

/**
 * The digest of an operation as it was anchored: base64url of SHA-256 over the canonical form of its request, in
 * which `delta` is null where the batch gave none. With a delta it is the digest inside {@link operationIdOf}.
 *
 * @param canonicalDelta the delta in canonical form; undefined where there is none
 * @param canonicalSuffixData the suffix data of a create in canonical form
 */
export function operationDigest(
  operation: AnchoredOperation,
  canonicalDelta: string | undefined,
  canonicalSuffixData: string | undefined,
): string {
  const { type, didSuffix = null, revealValue = null, signedData = null } = operation
  const delta = type === 'deactivate' ? '' : `"delta":${canonicalDelta ?? 'null'},`
  // Members in the order of their names, which is that of the canonical form; no string here needs more than JSON does.
  const rest =
    type === 'create'
      ? `"suffixData":${canonicalSuffixData ?? 'null'},"type":"create"}`
      : JSON.stringify({ didSuffix, revealValue, signedData, type }).slice(1)
  return encodedSha256(`{${delta}${rest}`)
}

/** As {@link operationDigest}, of an operation that the files of a batch give and that nothing was checked of yet. */
export function anchoredDigest(operation: AnchoredOperation): string {
  const { delta, canonicalDelta, suffixData } = operation
  return operationDigest(
    operation,
    canonicalDelta ?? canonicalOrNothing(delta as unknown as JsonValue | undefined),
    canonicalOrNothing(suffixData as unknown as JsonValue | undefined),
  )
}

/** The canonical form of a value that was parsed; undefined where there is none, or it has none. */
export function canonicalOrNothing(value: JsonValue | undefined): string | undefined {
  if (value === undefined) return undefined
  try {
    return canonicalize(value)
  } catch (error) {
    if (error instanceof CodecError) return undefined
    throw error
  }
}
