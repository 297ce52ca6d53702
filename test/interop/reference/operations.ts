import fc from 'fast-check'
import type { JsonObject, JsonValue } from '../../../src/codec/json.ts'
import type { OperationType } from '../../../src/sidetree/types.ts'
import { compactJws, type PoolKey, poolKey } from './keys.ts'
import { referenceHash } from './reference.ts'

/** An operation as it goes into the files of a batch. Any part can be what no rule allows. */
export interface RawOperation {
  type: OperationType
  didSuffix: string
  suffixData?: JsonObject
  revealValue?: string
  signedData?: string
  delta?: JsonValue
}

const FAULTS = [
  // Signature
  'signature flipped',
  'signature by another key',
  'signature with high s',
  'signature of zeros',
  'signature cut short',
  'signature empty',
  'signature with padding',
  'signature with a twin spelling',
  // Header
  'header with kid',
  'header with another alg',
  'header without alg',
  'header not JSON',
  // Payload
  'payload with another member',
  'payload not JSON',
  'payload of another type of operation',
  'key with another member',
  'key of another curve',
  'key off the curve',
  'key coordinate cut short',
  'key with a twin spelling',
  'deactivate of another DID',
  // Reveal value and commitments
  'key that was never committed to',
  'reveal value of another key',
  'reveal value with a twin spelling',
  'reveal value of an unknown hash',
  'reveal value that is no hash',
  'next commitment is the one opened',
  'next commitment was used before',
  'next commitment with a twin spelling',
  'next commitment that is no hash',
  // Delta
  'delta of another hash',
  'delta hash that is no hash',
  'delta at the size limit',
  'delta over the size limit',
  'delta null',
  'delta with another member',
  'delta without commitment',
  // Create only
  'suffix data with type',
  'suffix data with a long type',
  'suffix data with anchorOrigin',
  'suffix data with recovery commitment that is no hash',
] as const

export type OperationFault = (typeof FAULTS)[number] | 'none'

/** Mostly no fault, so that histories get somewhere. */
export const operationFaults: fc.Arbitrary<OperationFault> = fc.oneof(
  { weight: 3, arbitrary: fc.constant<OperationFault>('none') },
  { weight: 2, arbitrary: fc.constantFrom<OperationFault>(...FAULTS) },
)

/** Keys and commitments of one DID, as its owner knows them. Every operation takes new keys from the pool. */
export interface Wallet {
  suffix: string
  update: PoolKey
  recovery: PoolKey
  usedUpdate: PoolKey[]
  usedRecovery: PoolKey[]
  /** Next key of the pool. */
  nextKey: number
}

export function newWallet(firstKey: number): Wallet {
  const [update, recovery] = [poolKey(firstKey), poolKey(firstKey + 1)]
  return { suffix: '', update, recovery, usedUpdate: [], usedRecovery: [], nextKey: firstKey + 2 }
}

/** The create of a wallet's DID. The first one without fault gives the wallet its suffix. */
export function makeCreate(wallet: Wallet, patches: JsonValue, fault: OperationFault): RawOperation {
  const commitment = faultyCommitment(fault, wallet.update.commitment, wallet.update.commitment, undefined)
  const delta = makeDelta(patches, commitment, fault)
  const suffixData: JsonObject = {
    deltaHash: deltaHash(delta, fault),
    recoveryCommitment: wallet.recovery.commitment,
    ...(fault === 'suffix data with type' ? { type: 'a-_1' } : {}),
    ...(fault === 'suffix data with a long type' ? { type: '12345' } : {}),
    ...(fault === 'suffix data with anchorOrigin' ? { anchorOrigin: 'x' } : {}),
    ...(fault === 'suffix data with recovery commitment that is no hash'
      ? { recoveryCommitment: 'abcd' }
      : {}),
  }
  const didSuffix = referenceHash(suffixData)
  wallet.suffix ||= didSuffix
  return { type: 'create', didSuffix, suffixData, delta }
}

/** An operation that a wallet's owner, or someone who would like to be, makes next. */
export function makeNext(
  type: 'update' | 'recover' | 'deactivate',
  wallet: Wallet,
  patches: JsonValue,
  fault: OperationFault,
): RawOperation {
  const isUpdate = type === 'update'
  const committed = isUpdate ? wallet.update : wallet.recovery
  const used = isUpdate ? wallet.usedUpdate : wallet.usedRecovery
  const key = fault === 'key that was never committed to' ? poolKey(wallet.nextKey + 40) : committed
  const [nextUpdate, nextRecovery] = [poolKey(wallet.nextKey++), poolKey(wallet.nextKey++)]
  const next = isUpdate ? nextUpdate : nextRecovery
  const nextCommitment = faultyCommitment(fault, next.commitment, key.commitment, used[0]?.commitment)
  const delta = makeDelta(patches, isUpdate ? nextCommitment : nextUpdate.commitment, fault)
  const payload = makePayload(type, wallet.suffix, key, delta, nextCommitment, fault)
  const operation: RawOperation = {
    type,
    didSuffix: wallet.suffix,
    revealValue: faultyReveal(key, fault),
    signedData: faultyJws(payload, key, fault),
    ...(type === 'deactivate' ? {} : { delta }),
  }
  if (fault === 'none' || fault === 'signature with high s') {
    if (isUpdate) wallet.usedUpdate.push(key)
    else wallet.usedRecovery.push(key)
    if (type !== 'deactivate') wallet.update = nextUpdate
    if (type === 'recover') wallet.recovery = nextRecovery
  }
  return operation
}

function makePayload(
  type: 'update' | 'recover' | 'deactivate',
  suffix: string,
  key: PoolKey,
  delta: JsonValue,
  recoveryCommitment: string,
  fault: OperationFault,
): JsonObject {
  const jwk = faultyKey(key, fault)
  const extra: JsonObject = fault === 'payload with another member' ? { anchorFrom: 1 } : {}
  const as =
    fault === 'payload of another type of operation' ? (type === 'update' ? 'deactivate' : 'update') : type
  if (as === 'update') return { updateKey: jwk, deltaHash: deltaHash(delta, fault), ...extra }
  const didSuffix = fault === 'deactivate of another DID' ? key.reveal : suffix
  if (as === 'deactivate') return { didSuffix, recoveryKey: jwk, ...extra }
  return { recoveryKey: jwk, deltaHash: deltaHash(delta, fault), recoveryCommitment, ...extra }
}

function makeDelta(patches: JsonValue, updateCommitment: string, fault: OperationFault): JsonValue {
  switch (fault) {
    case 'delta null':
      return null
    case 'delta without commitment':
      return { patches }
    case 'delta with another member':
      return { patches, updateCommitment, extra: 1 }
    case 'delta at the size limit':
      return sizedDelta(updateCommitment, 1000)
    case 'delta over the size limit':
      return sizedDelta(updateCommitment, 1001)
    default:
      return { patches, updateCommitment }
  }
}

/** A delta whose canonical form has exactly that many bytes. Its members are in canonical order already. */
function sizedDelta(updateCommitment: string, bytes: number): JsonValue {
  const make = (filler: number) => ({
    patches: [
      {
        action: 'add-services',
        services: [{ id: 's0', serviceEndpoint: `urn:x:${'x'.repeat(filler)}`, type: 'T' }],
      },
    ],
    updateCommitment,
  })
  return make(bytes - JSON.stringify(make(0)).length)
}

function deltaHash(delta: JsonValue, fault: OperationFault): string {
  if (fault === 'delta hash that is no hash') return 'abcd'
  return referenceHash(
    fault === 'delta of another hash' || delta === null ? { other: true } : (delta as object),
  )
}

function faultyCommitment(
  fault: OperationFault,
  next: string,
  opened: string,
  earlier: string | undefined,
): string {
  switch (fault) {
    case 'next commitment is the one opened':
      return opened
    case 'next commitment was used before':
      return earlier ?? opened
    case 'next commitment with a twin spelling':
      return twin(next)
    case 'next commitment that is no hash':
      return 'abcd'
    default:
      return next
  }
}

function faultyReveal(key: PoolKey, fault: OperationFault): string {
  switch (fault) {
    case 'reveal value of another key':
      return poolKey(0).reveal
    case 'reveal value with a twin spelling':
      return twin(key.reveal)
    case 'reveal value of an unknown hash':
      return Buffer.concat([Buffer.from([0x16, 0x20]), Buffer.alloc(32, 7)]).toString('base64url')
    case 'reveal value that is no hash':
      return 'abcd'
    default:
      return referenceHash(faultyKey(key, fault))
  }
}

function faultyKey(key: PoolKey, fault: OperationFault): JsonObject {
  switch (fault) {
    case 'key with another member':
      return { ...key.jwk, use: 'sig' }
    case 'key of another curve':
      return { ...key.jwk, crv: 'P-256' }
    case 'key off the curve':
      return { ...key.jwk, y: key.jwk.x }
    case 'key coordinate cut short':
      return { ...key.jwk, x: key.jwk.x.slice(0, 42) }
    case 'key with a twin spelling':
      return { ...key.jwk, y: twin(key.jwk.y) }
    default:
      return { ...key.jwk }
  }
}

function faultyJws(payload: JsonObject, key: PoolKey, fault: OperationFault): string {
  const header = faultyHeader(fault)
  const signer = fault === 'signature by another key' ? poolKey(1) : key
  const body = fault === 'payload not JSON' ? 'not JSON' : payload
  const jws = compactJws(header, body, signer, fault === 'signature with high s')
  const at = jws.lastIndexOf('.') + 1
  const [input, signature] = [jws.slice(0, at), jws.slice(at)]
  switch (fault) {
    case 'signature flipped':
      return `${input}${signature.startsWith('A') ? 'B' : 'A'}${signature.slice(1)}`
    case 'signature of zeros':
      return input + Buffer.alloc(64).toString('base64url')
    case 'signature cut short':
      return jws.slice(0, -2)
    case 'signature empty':
      return input
    case 'signature with padding':
      return `${jws}==`
    case 'signature with a twin spelling':
      return input + twin(signature)
    case 'header not JSON':
      return `bm90IEpTT04${jws.slice(jws.indexOf('.'))}`
    default:
      return jws
  }
}

function faultyHeader(fault: OperationFault): JsonObject {
  switch (fault) {
    case 'header with kid':
      return { alg: 'ES256K', kid: '#k' }
    case 'header with another alg':
      return { alg: 'none' }
    case 'header without alg':
      return { typ: 'JWT' }
    default:
      return { alg: 'ES256K' }
  }
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'

/** Another base64url spelling of the same bytes, whose last character has unused bits (sidetree#873). */
export function twin(text: string): string {
  const last = ALPHABET.indexOf(text.slice(-1))
  return text.slice(0, -1) + ALPHABET[last ^ 1]
}
