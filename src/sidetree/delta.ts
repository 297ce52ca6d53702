import { CodecError } from '../codec/errors.ts'
import { canonicalize } from '../codec/jcs.ts'
import type { JsonValue } from '../codec/json.ts'
import { SidetreeError } from './errors.ts'
import { requireMembers, requireMultihash, requireObject } from './input.ts'
import type { ProtocolParameters } from './parameters.ts'
import { validatePatches } from './patches.ts'
import type { Delta } from './types.ts'

/** A delta that follows the rules, with its canonical text, so that it is canonicalised once. */
export interface ValidDelta {
  delta: Delta
  canonical: string
}

/**
 * Checks a delta: its size in canonical form, its members and each patch (Sidetree v1, Create Delta Object).
 * @throws SidetreeError DELTA_INVALID, DELTA_TOO_LARGE, DELTA_MEMBERS_INVALID, UPDATE_COMMITMENT_INVALID, and the
 * codes of patches
 */
export function validateDelta(value: JsonValue | undefined, params: ProtocolParameters): ValidDelta {
  const delta = requireObject(value, 'DELTA_INVALID', 'delta')
  const canonical = canonicalText(delta)
  requireSize(Buffer.byteLength(canonical), params.maxDeltaBytes)
  requireMembers(delta, ['patches', 'updateCommitment'], [], 'DELTA_MEMBERS_INVALID', 'delta')
  requireMultihash(delta['updateCommitment'], params, 'UPDATE_COMMITMENT_INVALID', 'updateCommitment')
  validatePatches(delta['patches'], params)
  return { delta: delta as unknown as Delta, canonical }
}

function canonicalText(delta: JsonValue): string {
  try {
    return canonicalize(delta)
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new SidetreeError('DELTA_INVALID', `delta has no canonical form: ${cause.message}`, cause)
  }
}

function requireSize(size: number, limit: number): void {
  if (size <= limit) return
  throw new SidetreeError(
    'DELTA_TOO_LARGE',
    `delta is ${size} bytes in canonical form, ${size - limit} more than the ${limit} that the protocol allows: ` +
      'leave keys or services out, shorten their ids, or split them over several operations ' +
      '(a key takes about 200 bytes, a service about 100)',
  )
}
