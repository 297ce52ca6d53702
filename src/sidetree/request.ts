import { CodecError } from '../codec/errors.ts'
import { type JsonObject, type JsonValue, parseJsonObject } from '../codec/json.ts'
import { validateDelta } from './delta.ts'
import { SidetreeError } from './errors.ts'
import { MAX_JSON_DEPTH, requireMembers, requireMultihash, requireString } from './input.ts'
import type { ProtocolParameters } from './parameters.ts'
import { didSuffixOf, validateSuffixData } from './suffix-data.ts'
import type { AnchoredOperation, OperationRequest } from './types.ts'

/** A request with the operation as its batch would give it. */
export interface ParsedRequest {
  request: OperationRequest
  operation: AnchoredOperation
}

/** Larger bodies are refused unread. A delta has 1,000 bytes at most and signed data about as many. */
export const MAX_REQUEST_BYTES = 32_768

/** Members of each kind of request (Sidetree v1, REST API). */
const MEMBERS = {
  create: ['type', 'suffixData', 'delta'],
  update: ['type', 'didSuffix', 'revealValue', 'delta', 'signedData'],
  recover: ['type', 'didSuffix', 'revealValue', 'delta', 'signedData'],
  deactivate: ['type', 'didSuffix', 'revealValue', 'signedData'],
} as const

/**
 * Reads the body of a request to the operations endpoint. What is signed is not looked into: `checkOperation` does
 * that with the operation that this gives.
 * @throws SidetreeError REQUEST_TOO_LARGE, REQUEST_JSON_INVALID, REQUEST_MEMBERS_INVALID, OPERATION_TYPE_UNKNOWN,
 * DID_SUFFIX_INVALID, REVEAL_VALUE_INVALID, SIGNED_DATA_INVALID, and the codes of suffix data and deltas
 */
export function parseRequest(body: Uint8Array, params: ProtocolParameters): ParsedRequest {
  const request = parseBody(body, params)
  const type = requireType(request['type'])
  requireMembers(request, MEMBERS[type], [], 'REQUEST_MEMBERS_INVALID', `a ${type} request`)
  const operation = type === 'create' ? readCreate(request, params) : readSigned(request, type, params)
  return { request: request as unknown as OperationRequest, operation }
}

function parseBody(body: Uint8Array, params: ProtocolParameters): JsonObject {
  if (body.length > MAX_REQUEST_BYTES) {
    throw new SidetreeError(
      'REQUEST_TOO_LARGE',
      `a request of ${body.length} bytes is larger than ${MAX_REQUEST_BYTES}`,
    )
  }
  try {
    return parseJsonObject(body, {
      maxDepth: MAX_JSON_DEPTH,
      duplicateMembers: params.lenient.duplicateMembers,
    })
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new SidetreeError('REQUEST_JSON_INVALID', `the request is no JSON object: ${cause.message}`, cause)
  }
}

function requireType(value: JsonValue | undefined): keyof typeof MEMBERS {
  if (typeof value === 'string' && Object.hasOwn(MEMBERS, value)) return value as keyof typeof MEMBERS
  throw new SidetreeError('OPERATION_TYPE_UNKNOWN', `type must be one of ${Object.keys(MEMBERS).join(', ')}`)
}

function readCreate(request: JsonObject, params: ProtocolParameters): AnchoredOperation {
  const suffixData = validateSuffixData(request['suffixData'], params)
  const { delta, canonical } = validateDelta(request['delta'], params)
  return {
    type: 'create',
    didSuffix: didSuffixOf(suffixData),
    suffixData,
    delta,
    canonicalDelta: canonical,
  }
}

function readSigned(
  request: JsonObject,
  type: 'update' | 'recover' | 'deactivate',
  params: ProtocolParameters,
): AnchoredOperation {
  const operation: AnchoredOperation = {
    type,
    didSuffix: requireMultihash(request['didSuffix'], params, 'DID_SUFFIX_INVALID', 'didSuffix'),
    revealValue: requireMultihash(request['revealValue'], params, 'REVEAL_VALUE_INVALID', 'revealValue'),
    signedData: requireString(request['signedData'], 'SIGNED_DATA_INVALID', 'signedData'),
  }
  if (type === 'deactivate') return operation
  const { delta, canonical } = validateDelta(request['delta'], params)
  return { ...operation, delta, canonicalDelta: canonical }
}
