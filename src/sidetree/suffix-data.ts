import { canonicalize } from '../codec/jcs.ts'
import type { JsonValue } from '../codec/json.ts'
import { encodedMultihash } from '../codec/multihash.ts'
import { SidetreeError } from './errors.ts'
import { requireMembers, requireMultihash, requireObject } from './input.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { SuffixData } from './types.ts'

const TYPE = /^[A-Za-z0-9_-]{1,4}$/

/**
 * Checks suffix data (Sidetree v1, Create): `deltaHash`, `recoveryCommitment`, a `type` of one to four base64url
 * characters, and `anchorOrigin` where the profile has it.
 * @throws SidetreeError SUFFIX_DATA_INVALID, SUFFIX_DATA_MEMBERS_INVALID, DELTA_HASH_INVALID,
 * RECOVERY_COMMITMENT_INVALID, SUFFIX_DATA_TYPE_INVALID
 */
export function validateSuffixData(value: JsonValue | undefined, params: ProtocolParameters): SuffixData {
  const data = requireObject(value, 'SUFFIX_DATA_INVALID', 'suffixData')
  const optional = params.anchorOrigin ? ['type', 'anchorOrigin'] : ['type']
  requireMembers(
    data,
    ['deltaHash', 'recoveryCommitment'],
    optional,
    'SUFFIX_DATA_MEMBERS_INVALID',
    'suffixData',
  )
  requireMultihash(data['deltaHash'], params, 'DELTA_HASH_INVALID', 'deltaHash')
  requireMultihash(data['recoveryCommitment'], params, 'RECOVERY_COMMITMENT_INVALID', 'recoveryCommitment')
  const type = data['type']
  if (type !== undefined && (typeof type !== 'string' || !TYPE.test(type))) {
    throw new SidetreeError('SUFFIX_DATA_TYPE_INVALID', 'type must be one to four base64url characters')
  }
  return data as unknown as SuffixData
}

/** The DID suffix: the hash of the suffix data in canonical form (Sidetree v1, DID URI Composition). */
export function didSuffixOf(suffixData: SuffixData): string {
  return encodedMultihash(canonicalize(suffixData as unknown as JsonValue))
}
