import { decodeBase64url, encodeBase64url } from '../codec/base64url.ts'
import { CodecError } from '../codec/errors.ts'
import { canonicalize } from '../codec/jcs.ts'
import { type JsonObject, type JsonValue, parseJson } from '../codec/json.ts'
import { encodedMultihash } from '../codec/multihash.ts'
import { checkOperation } from './check.ts'
import { validateDelta } from './delta.ts'
import { type DidMethod, didPrefix } from './did.ts'
import { SidetreeError } from './errors.ts'
import { MAX_JSON_DEPTH, requireMembers, requireObject } from './input.ts'
import { type ProtocolParameters, type ProtocolVersions, parametersAt } from './parameters.ts'
import { applyOperation, type DidState } from './state.ts'
import { didSuffixOf, validateSuffixData } from './suffix-data.ts'
import type { AnchoredOperation, CreateRequest } from './types.ts'

/** The DID that a create makes, in its long form (Sidetree v1, Long-Form DID URIs). */
export function longFormDid(request: CreateRequest, method: DidMethod): string {
  const { delta, suffixData } = request
  const state = canonicalize({ delta, suffixData } as unknown as JsonValue)
  return `${didPrefix(method)}${didSuffixOf(suffixData)}:${encodeBase64url(Buffer.from(state))}`
}

/**
 * Reads the initial state of a long form, as the create that it stands for: canonical base64url of canonical JSON,
 * whose suffix data hash to the suffix and whose delta hashes to `deltaHash`.
 * @throws SidetreeError LONG_FORM_INVALID, LONG_FORM_NOT_CANONICAL, LONG_FORM_MEMBERS_INVALID, DID_SUFFIX_MISMATCH,
 * DELTA_HASH_MISMATCH, and the codes of suffix data and deltas
 */
export function parseInitialState(
  initialState: string,
  suffix: string,
  params: ProtocolParameters,
): AnchoredOperation {
  const state = requireCanonical(initialState)
  if (!params.lenient.longFormMembers) {
    requireMembers(state, ['delta', 'suffixData'], [], 'LONG_FORM_MEMBERS_INVALID', 'the initial state')
  }
  const { delta, canonical } = validateDelta(state['delta'], params)
  const suffixData = validateSuffixData(state['suffixData'], params)
  if (didSuffixOf(suffixData) !== suffix) {
    throw new SidetreeError('DID_SUFFIX_MISMATCH', 'the initial state is not that of this DID')
  }
  if (!params.lenient.longFormDeltaMismatch && encodedMultihash(canonical) !== suffixData.deltaHash) {
    throw new SidetreeError(
      'DELTA_HASH_MISMATCH',
      'the delta of the long form does not hash to its deltaHash',
    )
  }
  return { type: 'create', didSuffix: suffix, suffixData, delta, canonicalDelta: canonical }
}

function requireCanonical(initialState: string): JsonObject {
  try {
    const bytes = decodeBase64url(initialState)
    const value = parseJson(bytes, { maxDepth: MAX_JSON_DEPTH, duplicateMembers: true })
    if (canonicalize(value) !== bytes.toString()) {
      throw new SidetreeError('LONG_FORM_NOT_CANONICAL', 'the initial state is not canonical JSON')
    }
    return requireObject(value, 'LONG_FORM_INVALID', 'the initial state')
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new SidetreeError('LONG_FORM_INVALID', `the initial state is no JSON: ${cause.message}`, cause)
  }
}

/**
 * The state of a DID that is not anchored, from the initial state in its long form.
 *
 * @param ledgerTime now, by the clock of the ledger: the rules of that time apply
 * @throws SidetreeError as {@link parseInitialState}; BEFORE_GENESIS
 */
export function stateOfInitialState(
  initialState: string,
  suffix: string,
  versions: ProtocolVersions,
  ledgerTime: number,
): DidState {
  const params = parametersAt(versions, ledgerTime)
  if (params === undefined)
    throw new SidetreeError('BEFORE_GENESIS', 'the ledger has not reached its genesis')
  const create = checkOperation(parseInitialState(initialState, suffix, params), params)
  const position = { transactionNumber: 0, operationIndex: 0, transactionTime: ledgerTime, timestamp: 0 }
  const application = applyOperation(undefined, create, position, versions)
  if ('state' in application) return application.state
  throw new SidetreeError(application.ignored, 'the initial state makes no DID')
}
