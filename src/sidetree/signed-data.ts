import { isBase64url } from '../codec/base64url.ts'
import { CodecError } from '../codec/errors.ts'
import type { JsonObject } from '../codec/json.ts'
import { parseJsonObject } from '../codec/json.ts'
import { encodedMultihash, isEncodedMultihash } from '../codec/multihash.ts'
import { CURVES } from '../keys/curves.ts'
import { KeyError } from '../keys/errors.ts'
import { type CompactJws, parseCompact } from '../keys/jws.ts'
import type { JwsAlgorithm, PublicJwk } from '../keys/types.ts'
import { revealValueOf } from './commitment.ts'
import { SidetreeError } from './errors.ts'
import { requireMembers, requireMultihash, requireString } from './input.ts'
import { validateOperationKey } from './jwk.ts'
import type { ProtocolParameters } from './parameters.ts'
import type { SignedData } from './types.ts'

/** Signed data of an operation with what it is checked against. Can be sent to a worker. */
export interface SignedDataInput {
  type: 'update' | 'recover' | 'deactivate'
  didSuffix: string
  revealValue: string
  /** Compact JWS. */
  signedData: string
}

/** What signed data hold, with what is needed to verify its signature. */
export interface ParsedSignedData {
  data: SignedData
  /** The key, its coordinates in canonical spelling. */
  key: PublicJwk
  signingInput: string
  signature: Uint8Array
}

const LOOSE_JWS = /^[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+$/

/** The member that holds the key, and the other members of the payload that must be there. */
const PAYLOADS = {
  update: { key: 'updateKey', members: ['updateKey', 'deltaHash'] },
  recover: { key: 'recoveryKey', members: ['recoveryKey', 'recoveryCommitment', 'deltaHash'] },
  deactivate: { key: 'recoveryKey', members: ['recoveryKey', 'didSuffix'] },
} as const

/**
 * Reads signed data: the form of the JWS, its header, the members of its payload, and that the key in it hashes to
 * the reveal value (Sidetree v1, JSON Web Signatures and the operations' Signed Data Objects). The signature is not
 * verified.
 * @throws SidetreeError SIGNED_DATA_*, OPERATION_KEY_*, DELTA_HASH_INVALID, RECOVERY_COMMITMENT_INVALID,
 * ANCHOR_TIME_INVALID, REVEAL_VALUE_MISMATCH
 */
export function parseSignedData(input: SignedDataInput, params: ProtocolParameters): ParsedSignedData {
  const { parsed, keyText } = parseForm(input, params)
  const reveals = keyText === undefined ? revealValueOf(parsed.data.key) : encodedMultihash(keyText)
  if (reveals !== input.revealValue) {
    throw new SidetreeError(
      'REVEAL_VALUE_MISMATCH',
      'the key in signedData does not hash to the reveal value',
    )
  }
  return parsed
}

/** Signed data without a reveal value, as a proof file holds it. */
export type SignedDataForm = Omit<SignedDataInput, 'revealValue'>

/**
 * Requires signed data to have the form of its operation: what {@link parseSignedData} asks, but for the reveal
 * value. A proof file is valid if its signed data has this; all else concerns the operation alone.
 * @throws SidetreeError as {@link parseSignedData}, but for REVEAL_VALUE_MISMATCH
 */
export function requireSignedDataForm(input: SignedDataForm, params: ProtocolParameters): void {
  parseForm(input, params)
}

/** The parts of signed data, and the canonical text of its key where it was at hand. */
interface ReadForm {
  parsed: ParsedSignedData
  keyText?: string
}

function parseForm(input: SignedDataForm, params: ProtocolParameters): ReadForm {
  const jws = readJws(input.signedData, params)
  const { signingInput, signature } = jws
  const algorithm = readHeader(jws.header, params)
  const plain = input.type === 'update' ? readPlainUpdate(jws.payload) : undefined
  if (plain !== undefined && algorithm === 'ES256K' && params.keyCurves.includes('secp256k1')) {
    const { key, deltaHash, keyText } = plain
    return { parsed: { data: { key, algorithm, deltaHash }, key, signingInput, signature }, keyText }
  }
  const data = readPayload(input, readJson(jws.payload, params), algorithm, params)
  const key = params.lenient.looseBase64url ? respelled(data.key) : data.key
  return { parsed: { data, key, signingInput, signature } }
}

/** The texts around what differs in the payload of most updates, and where that begins: x, y and the hash of the delta. */
const PLAIN = [
  '{"updateKey":{"kty":"EC","crv":"secp256k1","x":"',
  '","y":"',
  '"},"deltaHash":"',
  '"}',
] as const
const X_AT = PLAIN[0].length
const Y_AT = X_AT + 43 + PLAIN[1].length
const HASH_AT = Y_AT + 43 + PLAIN[2].length
const PLAIN_LENGTH = HASH_AT + 46 + PLAIN[3].length

/**
 * Reads the payload of an update that is nothing but a key on secp256k1 and the hash of a delta, as most software writes
 * it. There is no other way to read such a text, so that the parser and its checks can be left out. Undefined for any
 * other, sound or not.
 */
function readPlainUpdate(
  payload: Buffer,
): { key: PublicJwk; deltaHash: string; keyText: string } | undefined {
  if (payload.length !== PLAIN_LENGTH) return undefined
  const text = payload.toString('latin1')
  const isPlain =
    text.startsWith(PLAIN[0]) &&
    text.startsWith(PLAIN[1], X_AT + 43) &&
    text.startsWith(PLAIN[2], Y_AT + 43) &&
    text.startsWith(PLAIN[3], HASH_AT + 46)
  if (!isPlain) return undefined
  const x = text.slice(X_AT, X_AT + 43)
  const y = text.slice(Y_AT, Y_AT + 43)
  const deltaHash = text.slice(HASH_AT, HASH_AT + 46)
  if (!isBase64url(x) || !isBase64url(y) || !isEncodedMultihash(deltaHash)) return undefined
  const keyText = `{"crv":"secp256k1","kty":"EC","x":"${x}","y":"${y}"}`
  return { key: { kty: 'EC', crv: 'secp256k1', x, y }, deltaHash, keyText }
}

/** No larger than the proof file that it can come in. */
function limitsOf(params: ProtocolParameters): { maxBytes: number; duplicateMembers: boolean } {
  return {
    maxBytes: params.maxProofFileBytes * params.maxMemoryDecompressionFactor,
    duplicateMembers: params.lenient.duplicateMembers,
  }
}

function readJws(text: string, params: ProtocolParameters): CompactJws {
  if (text.endsWith('.')) throw new SidetreeError('SIGNED_DATA_INVALID', 'signedData has no signature')
  try {
    return parseCompact(text, limitsOf(params))
  } catch (cause) {
    if (!(cause instanceof KeyError)) throw cause
    if (params.lenient.looseBase64url && LOOSE_JWS.test(text)) return readLooseJws(text, params)
    throw new SidetreeError('SIGNED_DATA_INVALID', `signedData: ${cause.message}`, cause)
  }
}

/** A JWS in any spelling of its base64url, whose signature covers the text as it is. */
function readLooseJws(text: string, params: ProtocolParameters): CompactJws {
  const strict: ProtocolParameters = {
    ...params,
    lenient: { ...params.lenient, looseBase64url: false },
  }
  const jws = readJws(text.split('.').map(respell).join('.'), strict)
  return { ...jws, signingInput: text.slice(0, text.lastIndexOf('.')) }
}

function readJson(bytes: Uint8Array, params: ProtocolParameters): JsonObject {
  try {
    return parseJsonObject(bytes, limitsOf(params))
  } catch (cause) {
    if (!(cause instanceof CodecError)) throw cause
    throw new SidetreeError('SIGNED_DATA_INVALID', `payload of signedData: ${cause.message}`, cause)
  }
}

function readHeader(header: JsonObject, params: ProtocolParameters): JwsAlgorithm {
  requireMembers(
    header,
    ['alg'],
    params.kid ? ['kid'] : [],
    'SIGNED_DATA_HEADER_INVALID',
    'the header of signedData',
  )
  if (header['kid'] !== undefined) requireString(header['kid'], 'SIGNED_DATA_HEADER_INVALID', 'kid')
  const algorithm = params.signatureAlgorithms.find(known => known === header['alg'])
  if (algorithm === undefined) {
    throw new SidetreeError(
      'SIGNED_DATA_ALGORITHM_INVALID',
      `alg must be one of ${params.signatureAlgorithms.join(', ')}`,
    )
  }
  return algorithm
}

function readPayload(
  input: SignedDataForm,
  payload: JsonObject,
  algorithm: JwsAlgorithm,
  params: ProtocolParameters,
): SignedData {
  const { type, didSuffix } = input
  const shape = PAYLOADS[type]
  const optional = params.anchorTimes ? ['anchorFrom', 'anchorUntil'] : []
  if (type === 'recover' && params.anchorOrigin) optional.push('anchorOrigin')
  requireMembers(payload, shape.members, optional, 'SIGNED_DATA_MEMBERS_INVALID', `payload of the ${type}`)
  const key = validateOperationKey(payload[shape.key], params)
  if (CURVES[key.crv].algorithm !== algorithm) {
    throw new SidetreeError(
      'SIGNED_DATA_ALGORITHM_INVALID',
      `alg ${algorithm} does not fit a key on ${key.crv}`,
    )
  }
  const data: SignedData = { key, algorithm }
  if (type === 'deactivate') requireSuffix(payload, didSuffix)
  else data.deltaHash = requireMultihash(payload['deltaHash'], params, 'DELTA_HASH_INVALID', 'deltaHash')
  if (type === 'recover') readRecover(payload, data, params)
  readAnchorTimes(payload, data)
  return data
}

function requireSuffix(payload: JsonObject, didSuffix: string): void {
  if (payload['didSuffix'] !== didSuffix) {
    throw new SidetreeError('SIGNED_DATA_SUFFIX_MISMATCH', 'signedData names another DID')
  }
}

function readRecover(payload: JsonObject, data: SignedData, params: ProtocolParameters): void {
  data.recoveryCommitment = requireMultihash(
    payload['recoveryCommitment'],
    params,
    'RECOVERY_COMMITMENT_INVALID',
    'recoveryCommitment',
  )
  if (payload['anchorOrigin'] !== undefined) data.anchorOrigin = payload['anchorOrigin']
}

function readAnchorTimes(payload: JsonObject, data: SignedData): void {
  for (const name of ['anchorFrom', 'anchorUntil'] as const) {
    const time = payload[name]
    if (time === undefined) continue
    if (typeof time !== 'number' || !Number.isSafeInteger(time) || time < 0) {
      throw new SidetreeError('ANCHOR_TIME_INVALID', `${name} must be a ledger time`)
    }
    data[name] = time
  }
}

/** The same key with coordinates in their canonical spelling: ION's nodes decode any. */
function respelled(key: PublicJwk): PublicJwk {
  const x = respell(key.x)
  return key.y === undefined ? { ...key, x } : { ...key, x, y: respell(key.y) }
}

function respell(text: string): string {
  return Buffer.from(text, 'base64url').toString('base64url')
}
